// What pods refer to by name: ConfigMaps, Secrets and their keys, service accounts, pull secrets, namespaces,
// mounted files, and the hosts in their environment.
#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "base/edit_distance.h"
#include "base/text.h"
#include "room/evidence/detectors.h"
#include "room/evidence/needs.h"
#include "room/evidence/relations.h"

namespace carrel {
namespace {

bool has_key(const Object& object, std::string_view key) {
  for (const char* part : {"data", "binaryData", "stringData"}) {
    if (object[part][key].exists()) return true;
    for (const auto& member : object[part].members) {
      if (member.first == key) return true;
    }
  }
  return false;
}

bool keys_known(const Object& object) {
  return tells_all(object) &&
         object["data"].size() + object["binaryData"].size() + object["stringData"].size() > 0;
}

std::string keys_text(const Object& object) {
  std::string text;
  for (const char* part : {"data", "binaryData", "stringData"}) {
    for (const auto& member : object[part].members) text += (text.empty() ? "" : ", ") + member.first;
  }
  return brief(text, 80);
}

// The workloads, as "space/name", of which a pod runs well or did its work.
std::set<std::string> at_work(const Survey& survey) {
  std::set<std::string> names;
  for (const Object* pod : survey.each("pod")) {
    if (pod_health(*pod) == Health::healthy)
      names.insert(fmt::format("{}/{}", pod->space, without_added(pod->name)));
  }
  return names;
}

void check_need(const Survey& survey, const std::set<std::string>& working, const PodSpec& pods,
                const Need& need, Observations* out) {
  const std::string& space = pods.owner->space;
  const std::string& kind = need.kind;
  const std::string_view name = need.name->text();
  const Object* target = survey.find(kind, space, name);
  if (target == nullptr) {
    const std::string_view other_kind = kind == "secret" ? "configmap" : "secret";
    const Object* other = kind == "serviceaccount" ? nullptr : survey.find(other_kind, space, name);
    const bool settled = survey.lacks(kind, space, name);
    const bool works = pods.health != Health::unhealthy &&
                       (pods.is_pod || working.contains(fmt::format("{}/{}", space, pods.owner->name)));
    if (!settled && other == nullptr && works) return;
    double weight = settled ? 0.9 : other ? 0.82 : 0.4;
    if (need.use == "imagePullSecrets") weight -= 0.12;
    std::string tail;
    if (other != nullptr) {
      tail = fmt::format("; {} is the name of a {}, not of a {}", name,
                         other_kind == "secret" ? "Secret" : "ConfigMap",
                         kind == "secret" ? "Secret" : "ConfigMap");
    } else if (const std::string near = nearest(survey, kind, space, name); !near.empty()) {
      tail = fmt::format("; there is {}", near);
    }
    for (const Object* elsewhere : survey.each(kind)) {
      if (elsewhere->name == name) tail = fmt::format("; it exists in namespace {} only", elsewhere->space);
    }
    Observation& made = report_missing(
        out, fmt::format("{}-missing", kind), weight, kind, space, name,
        fmt::format("{} {}: {} (used as {}) {}{}.", described(*pods.owner),
                    kind == "serviceaccount" ? "cannot create pods" : "cannot start",
                    described(kind, "", name), need.use,
                    settled || other ? "does not exist" : "is not in the bundle and may not exist", tail));
    cite_span(&made, *pods.owner, *need.name, need.key ? *need.key : *need.name, "what refers to it");
    if (need.user) cite(&made, *pods.owner, *need.user, "what uses it");
    if (other != nullptr) cite(&made, *other, (*other)["metadata"]["name"], "the object of the other kind");
    if (const std::string near = nearest(survey, kind, space, name); !near.empty()) {
      const Object* found = survey.find(kind, space, near);
      if (found) cite(&made, *found, (*found)["metadata"]["name"], "what there is instead");
    }
    looked_for(&made, survey, kind, space);
    suggest(&made, fmt::format("kubectl get {}s -n {}", kind, space), "shows which ones exist");
    suggest(&made, fmt::format("kubectl -n {} describe {} {}", space, pods.owner->kind, pods.owner->name),
            "shows how it is referred to and the events");
    if (!settled) lack(&made, fmt::format("the {}s of namespace {}", kind, space));
    return;
  }
  if (need.key == nullptr || !keys_known(*target) || has_key(*target, need.key->text())) return;
  Observation& made = report(
      out, "key-missing", 0.9, *target,
      fmt::format("{} cannot start: {} has no key {} (used as {}); its keys are {}.", described(*pods.owner),
                  described(*target), need.key->text(), need.use, keys_text(*target)));
  cite_span(&made, *pods.owner, *need.key, *need.name, "the key that is wanted");
  if (need.user) cite(&made, *pods.owner, *need.user, "what uses it");
  cite(&made, *target, (*target)["data"], "the keys there are");
  suggest(&made, fmt::format("kubectl -n {} describe {} {}", space, kind, name), "shows its keys");
}

// What of the mounted ConfigMap or Secret lies where under the mount path.
void check_mounted_files(const Survey& survey, const PodSpec& pods, Observations* out) {
  for (const Container& container : containers_of(*pods.spec)) {
    const std::string text = text_of_use(*container.spec);
    for (const Value& mount : (*container.spec)["volumeMounts"].items) {
      const Value* source = nullptr;
      std::string kind;
      for (const Value& volume : (*pods.spec)["volumes"].items) {
        if (volume["name"].text() != mount["name"].text()) continue;
        if (volume["configMap"].exists()) {
          kind = "configmap";
          source = &volume["configMap"];
        } else if (volume["secret"].exists()) {
          kind = "secret";
          source = &volume["secret"];
        }
      }
      if (source == nullptr) continue;
      const Value& name = (*source)[kind == "secret" ? "secretName" : "name"];
      const Object* target = survey.find(kind, pods.owner->space, name.text());
      if (target == nullptr || !keys_known(*target)) continue;
      std::vector<std::string> files;
      for (const Value& item : (*source)["items"].items) files.push_back(item["path"].scalar);
      if (files.empty()) {
        for (const char* part : {"data", "binaryData", "stringData"}) {
          for (const auto& member : (*target)[part].members) files.push_back(member.first);
        }
      }
      const Value& sub = mount["subPath"];
      std::string path(mount["mountPath"].text());
      while (path.size() > 1 && path.back() == '/') path.pop_back();
      std::string wanted, problem;
      if (sub.exists()) {
        if (std::find(files.begin(), files.end(), sub.text()) != files.end()) continue;
        problem = fmt::format("the subPath {} of its mount {} is no key of {}, which has {}", sub.text(),
                              path, described(*target), keys_text(*target));
      } else {
        const std::vector<std::string> paths = paths_in(text);
        for (const std::string& used : paths) {
          const bool inside =
              used.size() > path.size() + 1 && used.compare(0, path.size() + 1, path + "/") == 0;
          const std::string rest = inside ? used.substr(path.size() + 1) : "";
          if (inside && std::find(files.begin(), files.end(), rest) == files.end() &&
              rest.find('/') == std::string::npos && rest.find('*') == std::string::npos) {
            problem = fmt::format("it reads {}, but {} mounted at {} has only {}", used, described(*target),
                                  path, keys_text(*target));
          }
          const std::string base = used.substr(used.rfind('/') + 1);
          if (!inside && problem.empty() && std::find(files.begin(), files.end(), base) != files.end() &&
              text.find(path + "/" + base) == std::string::npos) {
            problem = fmt::format("it reads {}, but {} is mounted at {}", used, described(*target), path);
          }
        }
      }
      if (problem.empty()) continue;
      Observation& made =
          report(out, "mounted-file-missing", 0.8, *pods.owner,
                 fmt::format("Container {} of {} does not find its file: {}.",
                             (*container.spec)["name"].text(), described(*pods.owner), problem));
      cite(&made, *pods.owner, sub.exists() ? sub : mount["mountPath"], "where it is mounted");
      const Value& words =
          (*container.spec)["args"].exists() ? (*container.spec)["args"] : (*container.spec)["command"];
      if (words.exists()) cite(&made, *pods.owner, words, "what the container reads");
      cite(&made, *target, (*target)["data"], "the keys there are");
      suggest(&made, fmt::format("kubectl -n {} describe {} {}", target->space, kind, target->name),
              "shows its keys");
      suggest(
          &made,
          fmt::format("kubectl -n {} describe {} {}", pods.owner->space, pods.owner->kind, pods.owner->name),
          "shows mounts and events");
    }
  }
}

void check_spaces(const Survey& survey, Observations* out) {
  std::map<std::string, std::pair<const Object*, std::size_t>> used;
  for (const Object& object : survey.inventory.all()) {
    if (object.space.empty() || object.kind == "event" || !tells_all(object) || object.value == nullptr)
      continue;
    auto& [first, count] = used[object.space];
    if (first == nullptr) first = &object;
    ++count;
  }
  for (const auto& [space, seen] : used) {
    if (survey.find("namespace", "", space) != nullptr || survey.each("namespace").empty()) continue;
    std::string near;
    for (const Object* one : survey.each("namespace")) {
      if (edit_distance(one->name, space, 2) <= 2) near = one->name;
    }
    const bool settled = survey.lacks("namespace", "", space);
    if (!settled && (near.empty() || seen.second > 3)) continue;
    const Object& object = *seen.first;
    Observation& made =
        report_missing(out, "namespace-missing", near.empty() ? 0.6 : 0.88, "namespace", "", space,
                       fmt::format("{} {} is declared in namespace {}, which does not exist{}.",
                                   described(object.kind, "", object.name),
                                   seen.second > 1 ? fmt::format("(and {} more)", seen.second - 1) : "",
                                   space, near.empty() ? "" : fmt::format(" (a typo of {})", near)));
    cite_span(&made, object, object["metadata"]["namespace"], object["metadata"]["name"],
              "the namespace it names");
    if (!near.empty()) {
      const Object* one = survey.find("namespace", "", near);
      cite(&made, *one, (*one)["metadata"]["name"], "the namespace that exists");
    }
    looked_for(&made, survey, "namespace", "");
    suggest(&made, "kubectl get namespaces", "shows the namespaces that exist");
  }
}

// A script that demands a variable which nothing sets.
void check_variables(const Survey& survey, const PodSpec& pods, Observations* out) {
  if (pods.health == Health::healthy || !tells_all(*pods.owner)) return;
  for (const Container& container : containers_of(*pods.spec)) {
    for (const auto& [name, place] : demanded_variables(*container.spec)) {
      const auto& variables = (*container.spec)["env"].items;
      bool set = std::any_of(
          variables.begin(), variables.end(),
          [&, wanted = std::string_view(name)](const Value& one) { return one["name"].text() == wanted; });
      set = set || place->text().find(name + "=") != std::string_view::npos;
      for (const Value& source : (*container.spec)["envFrom"].items) {
        const bool secret = source["secretRef"].exists();
        const Value& from = secret ? source["secretRef"]["name"] : source["configMapRef"]["name"];
        const Object* target = survey.find(secret ? "secret" : "configmap", pods.owner->space, from.text());
        set = set || target == nullptr || !keys_known(*target) || has_key(*target, name);
      }
      if (set) continue;
      Observation& made = report(
          out, "variable-missing", 0.78, *pods.owner,
          fmt::format("Container {} of {} fails: its script demands the environment variable {}, which "
                      "is not set in its spec.",
                      (*container.spec)["name"].text(), described(*pods.owner), name));
      cite(&made, *pods.owner, *place, "the script that demands it");
      cite(&made, *pods.owner,
           (*container.spec)["env"].exists() ? (*container.spec)["env"] : (*container.spec)["name"],
           "what its environment has");
      suggest(
          &made,
          fmt::format("kubectl -n {} describe {} {}", pods.owner->space, pods.owner->kind, pods.owner->name),
          "shows its environment");
    }
  }
}

// A pod that does not ask the cluster's DNS. What is well, an agent of its node, and what the cluster's DNS
// itself runs in mean to.
void check_resolver(const Survey& survey, const PodSpec& pods, Observations* out) {
  const Value& policy = (*pods.spec)["dnsPolicy"];
  const Value& servers = (*pods.spec)["dnsConfig"]["nameservers"];
  if (policy.text() != "None" && (policy.text() != "Default" || !tells_all(*pods.owner))) return;
  const bool about_names = survey.asks({"dns", "resol", "lookup", "host", "name"});
  if ((*pods.spec)["hostNetwork"].is_true() || pods.owner->space == "kube-system" ||
      (pods.health == Health::healthy && !about_names))
    return;
  const std::string asked = servers.size() > 0 ? fmt::format(", only {}", servers[0].text()) : "";
  Observation& made =
      report(out, "dns-policy", servers.size() > 0 ? 0.7 : 0.4, *pods.owner,
             fmt::format("{} does not use the cluster's DNS (dnsPolicy {}{}), so names of Services cannot be "
                         "resolved.",
                         described(*pods.owner), policy.text(), asked));
  cite_span(&made, *pods.owner, policy, servers, "how it resolves names");
  suggest(&made,
          fmt::format("kubectl -n {} describe {} {}", pods.owner->space, pods.owner->kind, pods.owner->name),
          "shows its DNS settings");
}

// Where an object (a workload, or the ConfigMap it is configured by) connects to, against the Services there
// are.
void check_mentions(const Survey& survey, const Object& owner, const std::vector<Mention>& mentions,
                    Observations* out) {
  std::set<std::string> told;
  for (const Mention& mention : mentions) {
    std::string name = mention.host, space = owner.space;
    const auto dot = name.find('.');
    if (dot != std::string::npos) {
      const std::string rest = name.substr(dot + 1);
      const auto next = rest.find('.');
      space = rest.substr(0, next);
      if (next != std::string::npos && rest.compare(next, 4, ".svc") != 0) continue;
      name.resize(dot);
      if (survey.find("namespace", "", space) == nullptr && survey.each("service").empty()) continue;
      if (next == std::string::npos && survey.find("namespace", "", space) == nullptr) continue;
    }
    if (name == "localhost" || !told.insert(fmt::format("{}.{}:{}", name, space, mention.port)).second)
      continue;
    const Object* service = survey.find("service", space, name);
    if (service != nullptr) {
      if (mention.port == 0 || !tells_all(*service) || (*service)["spec"]["ports"].size() == 0) continue;
      if ((*service)["spec"]["clusterIP"].text() == "None") continue;  // headless: the pod's own ports
      bool offered = false;
      std::string ports;
      for (const Value& port : (*service)["spec"]["ports"].items) {
        offered = offered || port["port"].integer() == mention.port;
        ports += fmt::format("{}{}", ports.empty() ? "" : ", ", port["port"].text());
      }
      if (offered) continue;
      Observation& made =
          report(out, "host-port", 0.8, *service,
                 fmt::format("{} connects to {} on port {}, but Service {} in namespace {} offers only port "
                             "{}, so the connection fails (wrong port).",
                             described(owner), mention.host, mention.port, name, space, ports));
      if (mention.port_place) cite(&made, owner, *mention.port_place, "the port it connects to");
      cite(&made, owner, *mention.place, "where it connects to");
      cite(&made, *service, (*service)["spec"]["ports"], "the ports of the Service");
      suggest(&made, fmt::format("kubectl -n {} get service {} -o yaml", space, name),
              "shows the ports of the Service");
      continue;
    }
    if (!survey.lacks("service", space, name) || survey.find("pod", space, name) != nullptr) continue;
    if (!mention.sure && survey.each("service").empty()) continue;
    const std::string near = nearest(survey, "service", space, name);
    const bool waits = has(mention.place->text(), "until ") || has(mention.place->text(), "while !");
    Observation& made =
        report_missing(out, "host-missing", mention.sure ? 0.76 : 0.6, "service", space, name,
                       fmt::format("{} {} the host {}{}, but there is no Service {} in namespace {}, so "
                                   "the name does not resolve{}.",
                                   described(owner), waits ? "waits until it can resolve" : "uses",
                                   mention.host, mention.port ? fmt::format(":{}", mention.port) : "", name,
                                   space, near.empty() ? "" : fmt::format("; there is {}", near)));
    cite(&made, owner, *mention.place, "where it names the host");
    if (const Object* other = near.empty() ? nullptr : survey.find("service", space, near)) {
      cite(&made, *other, (*other)["metadata"]["name"], "the Service there is");
    }
    looked_for(&made, survey, "service", space);
    suggest(&made, fmt::format("kubectl get all -n {}", space), "shows the Services that exist");
  }
}

// Files that never change in a running container. Source: "A container using a ConfigMap as a subPath volume
// mount will not receive ConfigMap updates" (kubernetes.io, Configure a Pod to Use a ConfigMap; the same
// holds for Secrets).
bool check_sub_paths(const Survey& survey, const PodSpec& pods, Observations* out) {
  if (!survey.asks({"pick up", "picks up", "picked up", "still ", "stale", "updated", "refresh", "reload",
                    "old config", "added to the configmap", "changed in the configmap",
                    "changed the configmap", "added to the secret", "changed the secret"}))
    return false;
  const bool of_a_map = survey.asks({"configmap", "secret"});
  for (const Container& container : containers_of(*pods.spec)) {
    for (const Value& mount : (*container.spec)["volumeMounts"].items) {
      if (!mount["subPath"].exists()) continue;
      for (const Value& volume : (*pods.spec)["volumes"].items) {
        const bool secret = volume["secret"].exists();
        const Value& name = secret ? volume["secret"]["secretName"] : volume["configMap"]["name"];
        if (volume["name"].text() != mount["name"].text() || name.text().empty()) continue;
        if (!of_a_map && !survey.names(name.text()) && !survey.names(pods.owner->name)) continue;
        Observation& made =
            report(out, "mounted-by-subpath", 0.88, *pods.owner,
                   fmt::format("Container {} of {} mounts {} {} by subPath ({}), and what is mounted so is "
                               "not updated in a running "
                               "container: it sees a change only once its pod starts again.",
                               (*container.spec)["name"].text(), described(*pods.owner),
                               secret ? "Secret" : "ConfigMap", name.text(), mount["subPath"].text()));
        cite(&made, *pods.owner, mount["subPath"], "it is mounted by subPath");
        cite(&made, *pods.owner, mount, "the mount");
        cite(&made, *pods.owner, name, "what is mounted");
        suggest(&made, fmt::format("kubectl get pods -n {}", pods.owner->space),
                "shows how long its pods run");
        return true;
      }
    }
  }
  return false;
}

}  // namespace

void detect_references(const Survey& survey, Observations* out) {
  const std::set<std::string> working = at_work(survey);
  std::set<std::string> told;
  for (const PodSpec& pods : survey.pod_specs()) {
    const std::string of = "subpath/" + pods.owner->space + "/" + workload_of(*pods.owner).second;
    if (!told.contains(of) && check_sub_paths(survey, pods, out)) told.insert(of);
    if (pods.health == Health::healthy) continue;
    for (const Need& need : needs_of(*pods.spec)) {
      const auto workload = workload_of(*pods.owner);
      const std::string key = fmt::format("{}/{}/{}/{}/{}", pods.owner->space, workload.second, need.kind,
                                          need.name->text(), need.key ? need.key->text() : "");
      const std::size_t before = out->size();
      if (told.count(key) > 0) continue;
      check_need(survey, working, pods, need, out);
      if (out->size() > before) told.insert(key);
    }
    check_mounted_files(survey, pods, out);
  }
  check_spaces(survey, out);
}

void detect_hosts(const Survey& survey, Observations* out) {
  for (const PodSpec& pods : survey.pod_specs()) {
    if (pods.is_pod && workload_of(*pods.owner).first != "pod" &&
        survey.find(workload_of(*pods.owner).first, pods.owner->space, workload_of(*pods.owner).second)) {
      continue;  // its workload is looked at
    }
    check_mentions(survey, *pods.owner, hosts_of(*pods.spec), out);
    check_variables(survey, pods, out);
    check_resolver(survey, pods, out);
  }
  for (const Object* map : survey.each("configmap")) {
    if (tells_all(*map) && map->space != "kube-system")
      check_mentions(survey, *map, hosts_of_data((*map)["data"]), out);
  }
}

}  // namespace carrel
