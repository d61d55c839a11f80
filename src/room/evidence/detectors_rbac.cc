// Permissions: what the API server refused, and what a pod's own command (or the question) shows its service
// account to need against what the roles bound to it grant.
#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include <fmt/format.h>

#include "base/edit_distance.h"
#include "room/evidence/detectors.h"
#include "room/evidence/needs.h"

namespace carrel {
namespace {

struct Wanted {
  std::string verb, resource;
  const Value* place = nullptr;  // the word of the command that shows it
};

struct Grant {
  const Object* role = nullptr;
  const Object* binding = nullptr;
};

std::vector<std::string_view> split_words(std::string_view text) {
  std::vector<std::string_view> words;
  std::size_t at = 0;
  while (at < text.size()) {
    const auto from = text.find_first_not_of(" \t\n", at);
    if (from == std::string_view::npos) break;
    auto to = text.find_first_of(" \t\n", from);
    if (to == std::string_view::npos) to = text.size();
    words.push_back(text.substr(from, to - from));
    at = to;
  }
  return words;
}

std::string plural_of(std::string_view resource) {
  std::string kind = resource_name(resource);
  if (kind == "endpoints") return kind;
  if (kind.ends_with("y") && kind != "gateway") return kind.substr(0, kind.size() - 1) + "ies";
  if (kind.ends_with("s")) return kind + "es";
  return kind + "s";
}

// What one kubectl command needs. Source: the API verbs that kubectl's subcommands use.
void add_kubectl(const std::vector<std::string_view>& words, std::size_t at, const Value& place,
                 std::vector<Wanted>* out) {
  std::vector<std::string> plain;
  for (; at < words.size() && plain.size() < 3; ++at) {
    std::string word(words[at]);
    const auto stop = word.find_first_of(";|&)>\"'`");
    const bool ends = stop != std::string::npos;
    if (ends) word.resize(stop);
    if (word.empty()) break;
    if (word[0] == '-') {
      const bool takes = word == "-n" || word == "--namespace" || word == "-l" || word == "-o" ||
                         word == "-f" || word == "-c" || word == "--output" || word == "--selector" ||
                         word == "--context";
      if (takes) ++at;
    } else {
      plain.push_back(word);
    }
    if (ends) break;
  }
  if (plain.empty()) return;
  const std::string& verb = plain[0];
  const std::string what = plain.size() > 1 ? plain[1].substr(0, plain[1].find('/')) : std::string();
  const bool one = plain.size() > 2 || (plain.size() > 1 && plain[1].find('/') != std::string::npos);
  if (verb == "logs") {
    out->push_back({"get", "pods/log", &place});
  } else if (verb == "exec") {
    out->push_back({"create", "pods/exec", &place});
  } else if (what.empty()) {
    return;
  } else if (verb == "get" || verb == "describe") {
    out->push_back({one ? "get" : "list", plural_of(what), &place});
  } else if (verb == "delete" || verb == "create") {
    out->push_back({verb, plural_of(what), &place});
  } else if (verb == "patch" || verb == "label" || verb == "annotate") {
    out->push_back({"patch", plural_of(what), &place});
  } else if (verb == "scale") {
    out->push_back({"patch", plural_of(what) + "/scale", &place});
  }
}

std::vector<Wanted> wanted_by(const Value& pod_spec) {
  std::vector<Wanted> found;
  for (const Container& container : containers_of(pod_spec)) {
    for (const char* list : {"command", "args"}) {
      for (const Value& word : (*container.spec)[list].items) {
        const auto words = split_words(word.text());
        for (std::size_t i = 0; i + 1 < words.size(); ++i) {
          if (words[i] == "kubectl" || words[i].ends_with("/kubectl") || words[i].ends_with("(kubectl")) {
            add_kubectl(words, i + 1, word, &found);
          }
        }
        // curl https://kubernetes.default.svc/api/v1/namespaces/x/pods
        const std::string_view text = word.text();
        const auto api = text.find("kubernetes.default");
        const auto slash = text.find("/namespaces/", api == std::string_view::npos ? text.size() : api);
        if (slash != std::string_view::npos) {
          std::string_view rest = text.substr(slash + 12);
          rest = rest.substr(rest.find('/') == std::string_view::npos ? rest.size() : rest.find('/') + 1);
          const std::string resource(rest.substr(0, rest.find_first_not_of("abcdefghijklmnopqrstuvwxyz")));
          if (!resource.empty()) found.push_back({"list", resource, &word});
        }
      }
    }
    // A container whose arguments alone are kubectl's.
    const Value& args = (*container.spec)["args"];
    if (has((*container.spec)["image"].text(), "kubectl") && args.size() > 1 &&
        !(*container.spec)["command"].exists()) {
      std::vector<std::string_view> words;
      for (const Value& word : args.items) words.push_back(word.text());
      add_kubectl(words, 0, args, &found);
    }
  }
  return found;
}

// "gets permission denied when it lists pods": verbs and resources that the question names.
void add_asked(const Survey& survey, std::vector<Wanted>* out) {
  static const std::pair<std::string_view, std::string_view> verbs[] = {
      {"list", "list"},    {"watch", "watch"},  {"creat", "create"},
      {"delet", "delete"}, {"updat", "update"}, {"patch", "patch"}};
  static const std::string_view resources[] = {"pod", "secret", "configmap", "deployment", "service", "node",
                                               "job", "event",  "namespace", "ingress",    "endpoint"};
  if (!survey.asks({"permission", "forbidden", "denied", "rbac", "role", "unauthorized", "not allowed"}))
    return;
  for (const auto& [stem, verb] : verbs) {
    if (!survey.asks({stem})) continue;
    for (const std::string_view resource : resources) {
      if (survey.names(resource) || survey.names(std::string(resource) + "s")) {
        out->push_back({std::string(verb), plural_of(resource), nullptr});
      }
    }
  }
}

bool lists(const Value& words, std::string_view wanted) {
  return std::any_of(words.items.begin(), words.items.end(),
                     [&](const Value& word) { return word.text() == wanted || word.text() == "*"; });
}

bool is_subject(const Object& binding, std::string_view space, std::string_view account) {
  for (const Value& subject : binding["subjects"].items) {
    const std::string_view kind = subject["kind"].text();
    const std::string_view name = subject["name"].text();
    const std::string_view in =
        subject["namespace"].exists() ? subject["namespace"].text() : std::string_view(binding.space);
    if (kind == "ServiceAccount" && name == account && in == space) return true;
    if (kind == "Group" &&
        (name == "system:serviceaccounts" || name == fmt::format("system:serviceaccounts:{}", space))) {
      return true;
    }
  }
  return false;
}

// The roles bound to an account; false where one of them is not in the bundle.
bool grants_of(const Survey& survey, const std::string& space, std::string_view account,
               std::vector<Grant>* out) {
  bool all = true;
  for (const char* kind : {"rolebinding", "clusterrolebinding"}) {
    for (const Object* binding : survey.each(kind)) {
      if ((!binding->space.empty() && binding->space != space) || !is_subject(*binding, space, account))
        continue;
      const Value& reference = (*binding)["roleRef"];
      const bool cluster = reference["kind"].text() == "ClusterRole";
      const Object* role = survey.find(cluster ? "clusterrole" : "role", cluster ? "" : binding->space,
                                       reference["name"].text());
      if (role == nullptr) {
        all = false;
      } else {
        out->push_back({role, binding});
      }
    }
  }
  return all;
}

bool granted(const std::vector<Grant>& grants, const Wanted& wanted, const Grant** near,
             const Value** near_rule) {
  for (const Grant& grant : grants) {
    for (const Value& rule : (*grant.role)["rules"].items) {
      if (!lists(rule["resources"], wanted.resource)) continue;
      if (lists(rule["verbs"], wanted.verb)) return true;
      *near = &grant;
      *near_rule = &rule;
    }
  }
  return false;
}

// The namespace that a binding of `space` names for an account of the same name; null: none does.
const Value* namesake_in(const Survey& survey, const std::string& space, const std::string& account,
                         const Object** found) {
  for (const Object* binding : survey.each("rolebinding")) {
    if (binding->space != space) continue;
    for (const Value& subject : (*binding)["subjects"].items) {
      const Value& of = subject["namespace"];
      if (subject["kind"].text() != "ServiceAccount" || subject["name"].text() != account ||
          of.text().empty() || of.text() == space)
        continue;
      *found = binding;
      return &of;
    }
  }
  return nullptr;
}

void check_account(const Survey& survey, const PodSpec& pods, std::set<std::string>* told,
                   Observations* out) {
  std::vector<Wanted> wanted = wanted_by(*pods.spec);
  if (survey.names(pods.owner->name) || survey.pod_specs().size() == 1) add_asked(survey, &wanted);
  if (wanted.empty()) return;
  const Value& named = (*pods.spec)["serviceAccountName"];
  const std::string account = named.text().empty() ? "default" : std::string(named.text());
  const std::string& space = pods.owner->space;
  std::vector<Grant> grants;
  const bool known = survey.inventory.lists_all("rolebinding", space) ||
                     !survey.each("rolebinding").empty() || !survey.each("role").empty();
  if (!grants_of(survey, space, account, &grants) || !known) return;
  // What it may do in another namespace says nothing of its own.
  const bool elsewhere = std::ranges::any_of(survey.each("rolebinding"), [&](const Object* binding) {
    return binding->space != space && is_subject(*binding, space, account);
  });
  if (grants.empty() && elsewhere) return;
  for (const Wanted& need : wanted) {
    const Grant* near = nullptr;
    const Value* rule = nullptr;
    if (granted(grants, need, &near, &rule)) continue;
    if (!told->insert(fmt::format("{}/{}/{}/{}", space, account, need.verb, need.resource)).second) continue;
    std::string verbs, cause;
    const Object* binding_of_namesake = nullptr;
    const Value* namesake = nullptr;
    if (rule != nullptr) {
      for (const Value& verb : (*rule)["verbs"].items) verbs += (verbs.empty() ? "" : ", ") + verb.scalar;
      cause = fmt::format(
          "{} gets permission denied (forbidden): {} bound to its service account {} grants only {} on {}; "
          "the "
          "{} verb is missing.",
          described(*pods.owner), described(near->role->kind, "", near->role->name), account, verbs,
          need.resource, need.verb);
    } else if (!grants.empty()) {
      cause = fmt::format(
          "{} gets permission denied (forbidden): {} bound to its service account {} does not grant {} on "
          "{}; "
          "that resource is missing in its rules.",
          described(*pods.owner), described(grants[0].role->kind, "", grants[0].role->name), account,
          need.verb, need.resource);
    } else {
      cause = fmt::format(
          "{} gets permission denied (forbidden): no RoleBinding gives its service account {} a role, so it "
          "may "
          "not {} {}.",
          described(*pods.owner), account, need.verb, need.resource);
      namesake = namesake_in(survey, space, account, &binding_of_namesake);
      if (namesake != nullptr)
        cause = fmt::format(
            "{} gets permission denied (forbidden): {} names the service account {} of namespace {} as its "
            "subject, not that of namespace {}, so it may not {} {}.",
            described(*pods.owner), described(*binding_of_namesake), account, namesake->text(), space,
            need.verb, need.resource);
    }
    Observation& made = report(out, "rbac-verb-missing", grants.empty() ? 0.8 : 0.91,
                               near ? *near->role : *pods.owner, cause);
    if (rule != nullptr) cite(&made, *near->role, *rule, "the rule for that resource");
    if (namesake != nullptr) cite(&made, *binding_of_namesake, *namesake, "the namespace of its subject");
    if (rule == nullptr && !grants.empty())
      cite(&made, *grants[0].role, (*grants[0].role)["rules"], "the rules of the role");
    if (!grants.empty()) {
      const Object& binding = near ? *near->binding : *grants[0].binding;
      cite(&made, binding, binding["roleRef"], "the binding of the role");
    }
    if (need.place) cite(&made, *pods.owner, *need.place, "what the container does");
    cite(&made, *pods.owner, named, "its service account");
    suggest(&made, fmt::format("kubectl -n {} describe {} {}", space, pods.owner->kind, pods.owner->name),
            "shows its service account");
    suggest(&made, fmt::format("kubectl get rolebindings -n {} -o yaml", space),
            "shows what is granted to whom");
  }
}

// The account that a binding means where its subject is none that is known: the one of that name in another
// namespace (the binding's own before others; the only one, where the namespace it names does not exist), or
// one in that namespace whose name is nearly that.
const Object* meant_account(const Survey& survey, const Object& binding, std::string_view space,
                            std::string_view name) {
  if (survey.find("serviceaccount", space, name) != nullptr) return nullptr;
  if (const Object* own = survey.find("serviceaccount", binding.space, name)) return own;
  const std::vector<const Object*>& all = survey.each("serviceaccount");
  const bool is_only =
      std::ranges::count_if(all, [&](const Object* one) { return one->name == name; }) == 1 &&
      survey.lacks("namespace", "", space);
  const Object* found = nullptr;
  for (const Object* account : all) {
    if (account->name == "default") continue;
    // One of many namespaces may have an account of that name; the one that is asked about is meant.
    const bool elsewhere = account->name == name && (is_only || binding.space.empty() ||
                                                     survey.names(account->space) || survey.names(name));
    if (elsewhere || (account->space == space && edit_distance(account->name, name, 2) <= 2)) found = account;
  }
  return found;
}

void check_bindings(const Survey& survey, Observations* out) {
  for (const char* kind : {"rolebinding", "clusterrolebinding"}) {
    for (const Object* binding : survey.each(kind)) {
      if (!tells_all(*binding)) continue;
      const Value& name = (*binding)["roleRef"]["name"];
      const bool cluster = (*binding)["roleRef"]["kind"].text() == "ClusterRole";
      const std::string role_kind = cluster ? "clusterrole" : "role";
      const std::string role_space = cluster ? "" : binding->space;
      if (!name.text().empty() && survey.lacks(role_kind, role_space, name.text())) {
        Observation& made =
            report_missing(out, "rbac-role-missing", 0.86, role_kind, role_space, name.text(),
                           fmt::format("{} refers to {} {}, which does not exist, so it grants nothing "
                                       "(permission denied).",
                                       described(*binding), cluster ? "ClusterRole" : "Role", name.text()));
        cite(&made, *binding, (*binding)["roleRef"], "the role it refers to");
        looked_for(&made, survey, role_kind, role_space);
        if (!cluster) {
          suggest(&made, fmt::format("kubectl get rolebindings -n {}", role_space),
                  "shows the roles that exist");
        }
      }
      for (const Value& subject : (*binding)["subjects"].items) {
        if (subject["kind"].text() != "ServiceAccount" || subject["name"].text() == "default") continue;
        const std::string space(subject["namespace"].exists() ? subject["namespace"].text()
                                                              : std::string_view(binding->space));
        const Object* meant = meant_account(survey, *binding, space, subject["name"].text());
        if (meant == nullptr && !survey.lacks("serviceaccount", space, subject["name"].text())) continue;
        const std::string tail =
            meant == nullptr
                ? std::string("the account that needs the role does not get it")
                : fmt::format(
                      "the account is {} in namespace {} (wrong subject), so it has no permission "
                      "by {} {} (forbidden)",
                      meant->name, meant->space, cluster ? "ClusterRole" : "Role", name.text());
        Observation& made = report_missing(
            out, "rbac-subject-missing", meant ? 0.9 : 0.72, "serviceaccount", space, subject["name"].text(),
            fmt::format("{} is for ServiceAccount {} in namespace {}, which {}; {}.", described(*binding),
                        subject["name"].text(), space,
                        survey.lacks("serviceaccount", space, subject["name"].text())
                            ? "does not exist"
                            : "the bundle does not have",
                        tail));
        cite(&made, *binding, subject, "the subject it names");
        if (meant)
          cite_span(&made, *meant, (*meant)["metadata"]["name"], (*meant)["metadata"]["namespace"],
                    "the account there is");
        cite(&made, *binding, (*binding)["roleRef"], "the role it would give");
        looked_for(&made, survey, "serviceaccount", space);
        suggest(&made, fmt::format("kubectl get serviceaccounts -n {}", space),
                "shows the accounts that exist");
      }
    }
  }
}

// The API group of a resource that is often looked for in another. Source: the API reference of
// Kubernetes 1.30.
std::optional<std::string_view> group_of(std::string_view resource) {
  static const std::map<std::string_view, std::string_view> groups = {
      {"deployments", "apps"},
      {"statefulsets", "apps"},
      {"daemonsets", "apps"},
      {"replicasets", "apps"},
      {"jobs", "batch"},
      {"cronjobs", "batch"},
      {"ingresses", "networking.k8s.io"},
      {"networkpolicies", "networking.k8s.io"},
      {"poddisruptionbudgets", "policy"},
      {"horizontalpodautoscalers", "autoscaling"},
      {"pods", ""},
      {"services", ""},
      {"configmaps", ""},
      {"secrets", ""},
      {"endpoints", ""},
      {"nodes", ""},
      {"persistentvolumeclaims", ""},
      {"serviceaccounts", ""}};
  const auto found = groups.find(resource.substr(0, resource.find('/')));
  return found == groups.end() ? std::nullopt : std::optional(found->second);
}

std::string words_of_group(std::string_view group) {
  return group.empty() ? "the core group (\"\")" : fmt::format("the group {}", group);
}

// A rule that names a resource and not the API group that has it grants nothing of it.
void check_groups(const Survey& survey, const Object& role, Observations* out) {
  if (!tells_all(role) || role.name.starts_with("system:")) return;
  for (const Value& rule : role["rules"].items) {
    const Value& groups = rule["apiGroups"];
    if (groups.size() == 0) continue;
    for (const Value& resource : rule["resources"].items) {
      const auto group = group_of(resource.text());
      if (!group || lists(groups, *group)) continue;
      // Old groups that still served it, and rules that list groups and resources crosswise.
      const bool of_other = std::ranges::any_of(rule["resources"].items, [&](const Value& other) {
        const auto its = group_of(other.text());
        return its && lists(groups, *its);
      });
      if (of_other || lists(groups, "extensions")) continue;
      const bool asked =
          survey.names(role.name) || survey.asks({"forbidden", "permission", "denied", "allowed", "rbac"});
      Observation& made = report(out, "rbac-group-wrong", asked ? 0.95 : 0.8, role,
                                 fmt::format("{} grants nothing of {}: its rule names {}, but they are of {} "
                                             "(apiGroups), so whoever has that role "
                                             "is forbidden to touch them.",
                                             described(role), resource.text(),
                                             words_of_group(groups[0].text()), words_of_group(*group)));
      cite_span(&made, role, groups, rule["resources"], "the rule's groups and resources");
      cite(&made, role, groups, "the rule's groups");
      cite(&made, role, rule["verbs"], "what the rule means to allow");
      return;
    }
  }
}

// pods is forbidden: User "system:serviceaccount:ns:sa" cannot list resource "pods" in API group "" in the
// namespace "ns"
void tell_forbidden(const Survey& survey, const Happening& happening, Observations* out) {
  const std::string_view text = happening.message->text();
  const std::string_view user = between(text, "User \"", "\"");
  const std::string_view verb = between(text, "cannot ", " resource");
  const std::string_view resource = between(text, "resource \"", "\"");
  if (user.empty() || verb.empty() || resource.empty()) return;
  std::string_view account = user;
  std::string space(between(text, "namespace \"", "\""));
  if (user.substr(0, 22) == "system:serviceaccount:") account = user.substr(user.rfind(':') + 1);
  Observation& made =
      report_missing(out, "rbac-forbidden", 0.88, happening.kind, happening.space, happening.name,
                     fmt::format("Permission denied by RBAC: service account {} cannot {} {}{}; no Role or "
                                 "ClusterRole bound to it grants that verb.",
                                 account, verb, resource,
                                 space.empty() ? " in the cluster" : fmt::format(" in namespace {}", space)));
  made.culprit.present = survey.find(happening.kind, happening.space, happening.name) != nullptr;
  cite(&made, happening);
  if (!space.empty()) {
    suggest(&made, fmt::format("kubectl get rolebindings -n {} -o yaml", space),
            "shows what is granted to whom");
  }
}

// Who asks why an account may do nothing in a namespace is told of a binding there that is for its namesake.
void check_asked_namesake(const Survey& survey, const Object& account, Observations* out) {
  if (!survey.names(account.name) || !survey.names(account.space)) return;
  std::set<std::string_view> granted;  // namespaces in which the account has some role
  for (const Object* binding : survey.each("rolebinding")) {
    if (is_subject(*binding, account.space, account.name)) granted.insert(binding->space);
  }
  for (const Object* binding : survey.each("rolebinding")) {
    if (binding->space == account.space || granted.contains(binding->space) || !survey.names(binding->space))
      continue;
    for (const Value& subject : (*binding)["subjects"].items) {
      const Value& space = subject["namespace"];
      if (subject["kind"].text() != "ServiceAccount" || subject["name"].text() != account.name ||
          space.text() == account.space || space.text().empty())
        continue;
      Observation& made = report(
          out, "rbac-subject-elsewhere", 0.92, *binding,
          fmt::format(
              "{} is for ServiceAccount {} of namespace {} (its subject), not for that of namespace {}, "
              "which so has no rights in namespace {}.",
              described(*binding), account.name, space.text(), account.space, binding->space));
      cite(&made, *binding, space, "the namespace of its subject");
      cite(&made, *binding, subject, "its subject");
      cite(&made, account, account["metadata"]["namespace"], "the namespace of the account");
      suggest(&made, fmt::format("kubectl get rolebindings -n {} -o yaml", binding->space),
              "shows what is granted to whom");
      return;
    }
  }
}

}  // namespace

void detect_permissions(const Survey& survey, Observations* out) {
  for (const Object* account : survey.each("serviceaccount")) check_asked_namesake(survey, *account, out);
  std::set<std::string> told;
  for (const PodSpec& pods : survey.pod_specs()) check_account(survey, pods, &told, out);
  check_bindings(survey, out);
  for (const char* kind : {"role", "clusterrole"}) {
    for (const Object* role : survey.each(kind)) check_groups(survey, *role, out);
  }
  for (const Happening& happening : survey.happenings()) {
    if (has(happening.message->text(), "is forbidden: user")) tell_forbidden(survey, happening, out);
  }
}

}  // namespace carrel
