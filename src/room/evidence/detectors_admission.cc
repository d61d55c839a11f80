// What the API server refuses to create: webhooks, quotas, limit ranges, pod security; told by FailedCreate
// events, conditions, or by joining quotas with the workloads of their namespace.
#include <set>

#include <fmt/format.h>

#include "room/evidence/detectors.h"

namespace carrel {
namespace {

struct Refusal {
  std::string detector, cause;
  double weight;
};

// " (hooks.policy.svc:443): x509: certificate has expired ..." of "...: failed to call webhook: Post
// \"https://hooks.policy.svc:443/check?timeout=10s\": tls: failed to verify certificate: x509: ...".
std::string why_not_called(std::string_view message) {
  constexpr std::size_t most = 150, most_of_address = 80;
  const std::string_view address = between(message, "Post \"https://", "\"");
  const std::string_view host = address.substr(0, address.find_first_of("/?"));
  const std::string_view mark = "failed calling webhook";
  const std::size_t from = host.empty() ? message.find(": ", message.find(mark))
                                        : message.find(": ", message.find(address) + address.size());
  const std::string_view why = from == std::string_view::npos ? message : message.substr(from + 2);
  // What the certificate lacks stands behind "tls: failed to verify certificate: ".
  const std::size_t x509 = why.find("x509: ");
  return fmt::format("{}{}{}: {}", host.empty() ? "" : " (", host.substr(0, most_of_address),
                     host.empty() ? "" : ")",
                     brief(why.substr(x509 == std::string_view::npos ? 0 : x509), most));
}

// Source of the texts: kubernetes/plugin/pkg/admission, k8s.io/pod-security-admission,
// apiserver/admission/plugin/webhook.
Refusal read_refusal(std::string_view who, std::string_view message) {
  if (has(message, "exceeded quota")) {
    std::string_view quota = between(message, "exceeded quota: ", ",");
    std::string_view asked = between(message, "requested: ", ", used");
    std::string_view used = between(message, "used: ", ", limited");
    const auto at = message.find("limited: ");
    const std::string_view limit = at == std::string_view::npos ? std::string_view() : message.substr(at + 9);
    return {"quota-exceeded",
            fmt::format(
                "{} cannot create pods: ResourceQuota {} is exceeded (requested {}; used {}; limited to {}).",
                who, quota, asked, used, brief(limit, 60)),
            0.92};
  }
  if (has(message, "failed quota") || has(message, "must specify limits") ||
      has(message, "must specify requests")) {
    return {"quota-unspecified",
            fmt::format("{} cannot create pods: the namespace's ResourceQuota demands that {} ", who,
                        brief(message.substr(message.find("must specify") == std::string_view::npos
                                                 ? 0
                                                 : message.find("must specify")),
                              120)) +
                "are set, and the containers do not set them.",
            0.92};
  }
  if (has(message, "maximum ") || has(message, "minimum ")) {
    if (has(message, "usage per container") || has(message, "usage per pod") || has(message, "limit is")) {
      return {"limit-range",
              fmt::format("{} cannot create pods: a LimitRange refuses them ({}).", who, brief(message, 150)),
              0.9};
    }
  }
  if (has(message, "unable to validate against any security context constraint")) {
    const auto invalid = message.find(": Invalid value");
    // "[provider a: Forbidden, spec.volumes[0]: Invalid value: ..., provider b: Forbidden]"
    const std::string_view before = message.substr(0, invalid);
    const auto comma = before.rfind(", "), bracket = before.rfind(": [");
    const auto begin = comma != std::string_view::npos     ? comma + 2
                       : bracket != std::string_view::npos ? bracket + 3
                                                           : 0;
    const std::string_view why =
        invalid == std::string_view::npos ? std::string_view() : message.substr(begin);
    return {
        "pod-security",
        fmt::format(
            "{} cannot create pods: no security context constraint (SCC) that its ServiceAccount "
            "may use allows them{}.",
            who,
            why.empty() ? "" : fmt::format(" ({})", brief(trim(why.substr(0, why.find(", provider"))), 120))),
        0.92};
  }
  if (has(message, "violates podsecurity")) {
    const auto at = message.find("violates PodSecurity");
    return {"pod-security",
            fmt::format("{} cannot create pods: they violate the namespace's Pod Security level ({}).", who,
                        brief(message.substr(at == std::string_view::npos ? 0 : at), 170)),
            0.92};
  }
  if (has(message, "failed calling webhook")) {
    return {"webhook-failing",
            fmt::format("{} cannot be created because admission webhook {} cannot be called{}", who,
                        between(message, "webhook \"", "\""), why_not_called(message)),
            0.92};
  }
  if (has(message, "admission webhook") && has(message, "denied")) {
    return {
        "webhook-denied",
        fmt::format("{} is refused by admission webhook {}: {}", who, between(message, "webhook \"", "\""),
                    brief(message.substr(message.find("denied")), 140)),
        0.92};
  }
  if (has(message, "serviceaccount") && has(message, "not found")) {
    return {"service-account-missing",
            fmt::format("{} cannot create pods: {}.", who,
                        brief(message.substr(message.find("error looking up") == std::string_view::npos
                                                 ? 0
                                                 : message.find("error looking up")),
                              160)),
            0.92};
  }
  if (has(message, "no matches for kind")) {
    return {"kind-unknown",
            fmt::format("{} uses an API version that this cluster does not have: no matches for kind {}.",
                        who, brief(message.substr(message.find("no matches for kind") + 20), 120)),
            0.9};
  }
  if (has(message, "forbidden") || has(message, "denied") || has(message, "invalid")) {
    return {"create-refused", fmt::format("{} cannot create what it should: {}", who, message), 0.84};
  }
  return {};
}

void tell(const Object& source, const Value& text, std::string_view who, const std::string& kind,
          const std::string& space, const std::string& name, const Happening* happening,
          std::set<std::string>* told, Observations* out) {
  const Refusal refusal = read_refusal(who, text.text());
  if (refusal.cause.empty() || !told->insert(refusal.detector + space + name).second) return;
  Observation& made = report_missing(out, refusal.detector, refusal.weight, kind, space, name, refusal.cause);
  made.culprit.present = true;
  if (happening) {
    cite(&made, *happening);
  } else {
    cite(&made, source, text, "why nothing is created");
  }
  if (!space.empty() && !name.empty()) {
    suggest(&made, fmt::format("kubectl -n {} describe {} {}", space, kind, name),
            "shows the refusal in full");
  }
  if (refusal.detector.substr(0, 5) == "quota") {
    suggest(&made, fmt::format("kubectl describe resourcequotas -n {}", space),
            "shows what is used of the quota");
  }
  if (refusal.detector == "limit-range") {
    suggest(&made, fmt::format("kubectl get limitranges -n {} -o yaml", space), "shows the limits");
  }
  if (refusal.detector.substr(0, 7) == "webhook") {
  }
}

void check_webhooks(const Survey& survey, Observations* out) {
  for (const char* kind : {"validatingwebhookconfiguration", "mutatingwebhookconfiguration"}) {
    for (const Object* configuration : survey.each(kind)) {
      for (const Value& hook : (*configuration)["webhooks"].items) {
        const Value& service = hook["clientConfig"]["service"];
        const std::string space(service["namespace"].text());
        const std::string_view name = service["name"].text();
        if (name.empty() || hook["failurePolicy"].text() == "Ignore") continue;
        const Object* target = survey.find("service", space, name);
        std::string problem;
        if (target == nullptr) {
          if (!survey.lacks("service", space, name)) continue;
          problem = "does not exist";
        } else {
          const auto matched = survey.selected(space, (*target)["spec"]["selector"]);
          bool dead = !matched.empty();
          for (const PodSpec* pods : matched)
            dead = dead && pods->is_pod && pods->health == Health::unhealthy;
          if (!dead) continue;
          problem = "has no ready pod";
        }
        Observation& made =
            report(out, "webhook-service", 0.78, *configuration,
                   fmt::format("{} calls Service {} in namespace {}, which {}; its failurePolicy is Fail, so "
                               "every request it covers is refused.",
                               described(*configuration), name, space, problem));
        cite(&made, *configuration, service, "the Service it calls");
        cite(&made, *configuration, hook["failurePolicy"], "what happens when it cannot be called");
        suggest(&made, fmt::format("kubectl -n {} get endpoints {}", space, name),
                "shows whether anything answers");
      }
    }
  }
}

// What a quota leaves for the workloads that its namespace declares.
void check_quota(const Survey& survey, const Object& quota, Observations* out) {
  const Value& hard = quota["status"]["hard"].exists() ? quota["status"]["hard"] : quota["spec"]["hard"];
  const Value& used = quota["status"]["used"];
  for (const auto& [resource, limit] : hard.members) {
    const auto most = quantity(limit.text());
    if (!most) continue;
    const bool of_limits = resource.rfind("limits.", 0) == 0;
    std::string what = resource.rfind("requests.", 0) == 0 ? resource.substr(9)
                       : of_limits                         ? resource.substr(7)
                                                           : resource;
    if (what != "cpu" && what != "memory" && what != "pods") {
      const auto taken = quantity(used[resource].text());
      if (!taken || *taken < *most || *most <= 0) continue;
      Observation& made = report(out, "quota-full", 0.5, quota,
                                 fmt::format("{} is used up: {} {} of {}.", described(quota), resource,
                                             used[resource].text(), limit.text()));
      cite(&made, quota, used[resource], "what is used");
      cite(&made, quota, limit, "what is allowed");
      continue;
    }
    double wanted = 0, largest = 0;
    const PodSpec* main = nullptr;
    const PodSpec* unspecified = nullptr;
    const Value* asked_at = &Value::null();
    for (const PodSpec& pods : survey.pod_specs()) {
      if (pods.owner->space != quota.space || !tells_all(*pods.owner)) continue;
      const bool counted_by_workload = pods.is_pod && workload_of(*pods.owner).first != "pod";
      if (counted_by_workload) continue;
      const auto replicas = pods.is_pod ? 1 : (*pods.owner)["spec"]["replicas"].integer().value_or(1);
      double each = what == "pods" ? 1 : 0;
      bool specified = true;
      const Value* first = &Value::null();
      for (const Value& container : (*pods.spec)["containers"].items) {
        if (what == "pods") continue;
        const Value& limits = container["resources"]["limits"][what];
        const Value& requests = container["resources"]["requests"][what];
        const Value& amount = of_limits ? limits : requests.exists() ? requests : limits;
        specified = specified && amount.exists();
        each += quantity(amount.text()).value_or(0);
        if (amount.exists()) first = &amount;
      }
      if (!specified && replicas > 0) unspecified = &pods;
      const double total = each * static_cast<double>(replicas);
      wanted += total;
      if (total > largest) {
        largest = total;
        main = &pods;
        asked_at = what == "pods" ? &(*pods.owner)["spec"]["replicas"] : first;
      }
    }
    const auto amount_text = [&](double amount) {
      return what == "memory" ? fmt::format("{:.0f}Mi", amount / 1048576.0) : fmt::format("{:g}", amount);
    };
    if (main != nullptr && wanted > *most * 1.0001) {
      const auto replicas = (*main->owner)["spec"]["replicas"].integer().value_or(1);
      Observation& made =
          report(out, "quota-too-small", 0.88, quota,
                 fmt::format("{} allows {} {}, but {} with {} replicas of {} needs {} in all: the quota is "
                             "exceeded and not all pods "
                             "can be created.",
                             described(quota), resource, limit.text(),
                             described(main->owner->kind, "", main->owner->name), replicas,
                             asked_at->exists() && what != "pods" ? asked_at->text() : "1 pod",
                             amount_text(wanted)));
      cite(&made, quota, limit, "what the quota allows");
      cite(&made, *main->owner, *asked_at, "what each pod asks for");
      cite(&made, *main->owner, (*main->owner)["spec"]["replicas"], "how many replicas there are to be");
      suggest(&made, fmt::format("kubectl -n {} describe resourcequota {}", quota.space, quota.name),
              "shows what is used");
      suggest(&made, fmt::format("kubectl get events -n {}", quota.space),
              "shows FailedCreate events that name the quota");
    } else if (unspecified != nullptr && unspecified->health != Health::healthy && what != "pods" &&
               survey.each("limitrange").empty()) {
      Observation& made = report(out, "quota-unspecified", 0.72, quota,
                                 fmt::format("{} limits {}, so every container must set it, but the "
                                             "containers of {} set no {} {}: its pods are "
                                             "refused.",
                                             described(quota), resource, described(*unspecified->owner), what,
                                             of_limits ? "limits" : "requests"));
      cite(&made, quota, limit, "what the quota limits");
      cite(&made, *unspecified->owner, (*unspecified->spec)["containers"][0]["name"],
           "the container without it");
      suggest(&made, fmt::format("kubectl -n {} describe resourcequota {}", quota.space, quota.name),
              "shows what is used");
    }
  }
}

void check_limit_range(const Survey& survey, const Object& range, Observations* out) {
  for (const Value& item : range["spec"]["limits"].items) {
    if (item["type"].text() != "Container") continue;
    for (const char* bound : {"max", "min"}) {
      for (const auto& [resource, limit] : item[bound].members) {
        const auto edge = quantity(limit.text());
        for (const PodSpec& pods : survey.pod_specs()) {
          if (pods.owner->space != range.space || pods.is_pod || !edge) continue;
          for (const Value& container : (*pods.spec)["containers"].items) {
            const bool most = bound[1] == 'a';
            const Value& asked = container["resources"][most ? "limits" : "requests"][resource];
            const auto amount = quantity(asked.text());
            if (!amount || (most ? *amount <= *edge : *amount >= *edge)) continue;
            Observation& made =
                report(out, "limit-range", 0.86, range,
                       fmt::format("{} refuses the pods of {}: container {} sets {} {}, but the {} is {}.",
                                   described(range), described(*pods.owner), container["name"].text(),
                                   resource, asked.text(), most ? "maximum" : "minimum", limit.text()));
            cite(&made, range, limit, "the bound");
            cite(&made, *pods.owner, asked, "what the container sets");
            suggest(&made, fmt::format("kubectl -n {} describe limitrange {}", range.space, range.name),
                    "shows the bounds");
          }
        }
      }
    }
  }
}

}  // namespace

void detect_admission(const Survey& survey, Observations* out) {
  std::set<std::string> told;
  for (const Happening& happening : survey.happenings()) {
    // Only what creates something can be refused; a container's "Failed" speaks of images and the like.
    if (!happening.warning || happening.kind == "pod" || happening.kind == "node") continue;
    const std::string who = described(happening.kind, happening.space, happening.name);
    tell(*happening.event, *happening.message, who, happening.kind, happening.space, happening.name,
         &happening, &told, out);
  }
  for (const char* kind : {"replicaset", "deployment", "job", "statefulset", "daemonset"}) {
    for (const Object* object : survey.each(kind)) {
      for (const Value& condition : (*object)["status"]["conditions"].items) {
        if (condition["type"].text() != "ReplicaFailure" || condition["status"].text() == "False") continue;
        tell(*object, condition["message"], described(*object), object->kind, object->space, object->name,
             nullptr, &told, out);
      }
    }
  }
  check_webhooks(survey, out);
}

void detect_quotas(const Survey& survey, Observations* out) {
  for (const Object* quota : survey.each("resourcequota")) {
    if (tells_all(*quota)) check_quota(survey, *quota, out);
  }
  for (const Object* range : survey.each("limitrange")) {
    if (tells_all(*range)) check_limit_range(survey, *range, out);
  }
}

}  // namespace carrel
