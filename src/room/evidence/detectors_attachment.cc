// What hangs on something else by a reference that nothing checks: routes on a gateway's listeners, monitors
// on the ports of Services, autoscalers on the queue that a workload works off. Read from the manifests
// alone.
#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "room/evidence/detectors.h"

namespace carrel {
namespace {

// Whether a listener takes routes of a namespace; true where the bundle does not tell. Source: AllowedRoutes
// of gateway.networking.k8s.io/v1, where the default is the gateway's own namespace.
bool takes_routes_of(const Survey& survey, const Object& gateway, const Value& listener,
                     const std::string& space) {
  const Value& from = listener["allowedRoutes"]["namespaces"];
  const std::string_view which = from["from"].text();
  if (which == "All") return true;
  if (which == "Selector") {
    const Object* its = survey.find("namespace", "", space);
    return its == nullptr || selector_matches(from["selector"], (*its)["metadata"]["labels"]);
  }
  return space == gateway.space;
}

bool is_accepted(const Object& route) {
  for (const Value& parent : route["status"]["parents"].items) {
    for (const Value& condition : parent["conditions"].items) {
      if (condition["type"].text() == "Accepted" && condition["status"].text() == "True") return true;
    }
  }
  return false;
}

void check_route(const Survey& survey, const Object& route, Observations* out) {
  if (!tells_all(route) || is_accepted(route)) return;
  for (const Value& parent : route["spec"]["parentRefs"].items) {
    const std::string_view space =
        parent["namespace"].exists() ? parent["namespace"].text() : std::string_view(route.space);
    const Object* gateway = survey.find("gateway", space, parent["name"].text());
    if (gateway == nullptr || !tells_all(*gateway)) continue;
    const std::string_view section = parent["sectionName"].text();
    const Value* refuses = nullptr;
    bool taken = false;
    for (const Value& listener : (*gateway)["spec"]["listeners"].items) {
      if (!section.empty() && listener["name"].text() != section) continue;
      const bool takes = takes_routes_of(survey, *gateway, listener, route.space);
      taken = taken || takes;
      if (!takes && refuses == nullptr) refuses = &listener;
    }
    if (taken || refuses == nullptr) continue;
    const Value& allowed = (*refuses)["allowedRoutes"];
    const bool by_label = allowed["namespaces"]["from"].text() == "Selector";
    Observation& made = report(
        out, "route-not-allowed", 0.86, route,
        fmt::format("{} is not attached: the listener {} of {} does not allow routes of namespace {} ({}).",
                    described(route), (*refuses)["name"].text(), described(*gateway), route.space,
                    by_label ? "the selector of its allowedRoutes does not match the namespace's labels"
                             : "its allowedRoutes take them from the same namespace only"));
    cite(&made, *gateway, allowed.exists() ? allowed : (*refuses)["name"], "whose routes the listener takes");
    cite(&made, route, parent, "what it is to hang on");
    suggest(&made, fmt::format("kubectl -n {} describe {} {}", route.space, route.kind, route.name),
            "shows whether it is accepted");
    suggest(&made, fmt::format("kubectl -n {} get gateway {} -o yaml", gateway->space, gateway->name),
            "shows its listeners");
    return;
  }
}

bool watches_space(const Object& monitor, const std::string& space) {
  const Value& spaces = monitor["spec"]["namespaceSelector"];
  if (spaces["any"].is_true()) return true;
  if (spaces["matchNames"].size() == 0) return space == monitor.space;
  return std::any_of(spaces["matchNames"].items.begin(), spaces["matchNames"].items.end(),
                     [&](const Value& name) { return name.text() == space; });
}

// Source: ServiceMonitor of monitoring.coreos.com/v1; `port` is the name of a port of the Service.
void check_monitor(const Survey& survey, const Object& monitor, Observations* out) {
  if (!tells_all(monitor)) return;
  std::vector<const Object*> selected;
  for (const Object* service : survey.each("service")) {
    if (tells_all(*service) && watches_space(monitor, service->space) &&
        selector_matches(monitor["spec"]["selector"], (*service)["metadata"]["labels"])) {
      selected.push_back(service);
    }
  }
  if (selected.empty()) return;
  for (const Value& endpoint : monitor["spec"]["endpoints"].items) {
    const Value& port = endpoint["port"];
    if (port.text().empty()) continue;
    std::string offered;
    bool found = false;
    for (const Object* service : selected) {
      for (const Value& each : (*service)["spec"]["ports"].items) {
        found = found || each["name"].text() == port.text();
        if (!each["name"].text().empty() && offered.size() < 60) {
          offered += fmt::format("{}{}", offered.empty() ? "" : ", ", each["name"].text());
        }
      }
    }
    if (found) continue;
    const Object& service = *selected.front();
    Observation& made = report(out, "monitor-port", 0.86, monitor,
                               fmt::format("{} scrapes the port {}, but {} has no port of that name (it has "
                                           "{}), so Prometheus has no target.",
                                           described(monitor), port.text(), described(service),
                                           offered.empty() ? "none with a name" : offered));
    cite(&made, monitor, port, "the port it scrapes");
    cite(&made, service, service["spec"]["ports"], "the ports of the Service");
    suggest(&made, fmt::format("kubectl -n {} get service {} -o yaml", service.space, service.name),
            "shows its ports");
    return;
  }
}

// A monitor that no Prometheus takes, because of its labels. Source: serviceMonitorSelector of Prometheus,
// monitoring.coreos.com/v1.
void check_monitor_taken(const Survey& survey, const Object& monitor, Observations* out) {
  const auto& servers = survey.each("prometheus");
  const Value& labels = monitor["metadata"]["labels"];
  if (servers.empty() || !tells_all(monitor)) return;
  const bool taken = std::any_of(servers.begin(), servers.end(), [&](const Object* server) {
    return !tells_all(*server) || selector_matches((*server)["spec"]["serviceMonitorSelector"], labels);
  });
  if (taken) return;
  // Which Prometheus is meant is certain where the bundle's own takes other monitors.
  const auto& monitors = survey.each("servicemonitor");
  const bool takes_others = std::any_of(monitors.begin(), monitors.end(), [&](const Object* other) {
    return selector_matches((*servers.front())["spec"]["serviceMonitorSelector"],
                            (*other)["metadata"]["labels"]);
  });
  const Object& server = *servers.front();
  const Value& selector = server["spec"]["serviceMonitorSelector"];
  Observation& made = report(
      out, "monitor-not-taken", takes_others ? 0.87 : 0.38, monitor,
      fmt::format("{} is not taken by {}: that selects only ServiceMonitors with the label {}, and this one "
                  "has {}, so "
                  "Prometheus does not scrape it.",
                  described(monitor), described(server), brief(label_text(selector["matchLabels"]), 80),
                  labels.size() == 0 ? "no labels" : brief(label_text(labels), 80)));
  cite(&made, monitor, labels.exists() ? labels : monitor["metadata"]["name"], "the labels of the monitor");
  cite(&made, server, selector, "which monitors Prometheus takes");
  suggest(&made, fmt::format("kubectl -n {} get servicemonitor {} -o yaml", monitor.space, monitor.name),
          "shows the labels of the monitor");
}

// The setting by which the workload names the queue that it works off ("AMQP_QUEUE"), where one does.
const Value* setting_like(const Object& workload, std::string_view word) {
  for (const Container& container : containers_of(workload["spec"]["template"]["spec"])) {
    for (const Value& variable : (*container.spec)["env"].items) {
      if (has(variable["name"].text(), word) && !variable["value"].text().empty()) return &variable;
    }
  }
  return nullptr;
}

// True where a value is a name, or names parted by commas, and this is one of them.
bool lists(std::string_view value, std::string_view name) {
  while (!value.empty()) {
    const std::size_t comma = std::min(value.find(','), value.size());
    if (trim(value.substr(0, comma)) == name) return true;
    value.remove_prefix(std::min(comma + 1, value.size()));
  }
  return false;
}

// Source: ScaledObject of keda.sh/v1alpha1 and the metadata of its scalers.
void check_trigger(const Survey& survey, const Object& scaled, Observations* out) {
  struct Row {
    const char* key;
    std::string_view word;  // in the name of the workload's setting
  };
  static constexpr Row kRows[] = {
      {"queueName", "queue"}, {"topic", "topic"}, {"listName", "list"}, {"stream", "stream"}};
  const Value& target = scaled["spec"]["scaleTargetRef"];
  const std::string kind =
      target["kind"].text().empty() ? "deployment" : resource_name(target["kind"].text());
  const Object* workload = survey.find(kind, scaled.space, target["name"].text());
  if (workload == nullptr || !tells_all(*workload)) return;
  for (const Value& trigger : scaled["spec"]["triggers"].items) {
    for (const Row& row : kRows) {
      const Value& watched = trigger["metadata"][row.key];
      if (watched.text().empty()) continue;
      const Value* setting = setting_like(*workload, row.word);
      if (setting == nullptr || lists((*setting)["value"].text(), watched.text())) continue;
      Observation& made =
          report(out, "scaler-trigger", 0.88, scaled,
                 fmt::format("{} scales {} by another queue: its trigger has {} {}, but {} has {}={}.",
                             described(scaled), described(*workload), row.key, watched.text(), workload->name,
                             (*setting)["name"].text(), (*setting)["value"].text()));
      cite(&made, scaled, watched, "what the trigger watches");
      cite_span(&made, *workload, (*setting)["name"], (*setting)["value"], "what the workload works off");
      suggest(&made, fmt::format("kubectl -n {} get scaledobject {} -o yaml", scaled.space, scaled.name),
              "shows its triggers");
      return;
    }
  }
}

// Whether a ReferenceGrant of a namespace lets objects of another one refer to a kind there. Source:
// ReferenceGrant of gateway.networking.k8s.io/v1beta1.
bool is_granted(const Survey& survey, std::string_view in_space, std::string_view from_kind,
                std::string_view from_space, std::string_view to_kind, std::string_view to_name) {
  for (const Object* grant : survey.each("referencegrant")) {
    if (grant->space != in_space) continue;
    bool from = false, to = false;
    for (const Value& each : (*grant)["spec"]["from"].items) {
      from =
          from || (resource_name(each["kind"].text()) == from_kind && each["namespace"].text() == from_space);
    }
    for (const Value& each : (*grant)["spec"]["to"].items) {
      const bool name = each["name"].text().empty() || each["name"].text() == to_name;
      to = to || (resource_name(each["kind"].text()) == to_kind && name);
    }
    if (from && to) return true;
  }
  return false;
}

// A reference into another namespace that nothing there allows; `part` of the object has it.
void check_granted(const Survey& survey, const Object& object, const std::string& part,
                   const Value& reference, std::string_view fallback_kind, Observations* out) {
  const Value& space = reference["namespace"];
  if (space.text().empty() || space.text() == object.space) return;
  const std::string kind =
      reference["kind"].text().empty() ? std::string(fallback_kind) : resource_name(reference["kind"].text());
  const std::string_view name = reference["name"].text();
  if (is_granted(survey, space.text(), object.kind, object.space, kind, name)) return;
  Observation& made = report(
      out, "reference-not-granted", 0.87, object,
      fmt::format("{}{} refers to {}, which is in another namespace, and no ReferenceGrant there lets {}s of "
                  "namespace {} do that (RefNotPermitted).",
                  described(object), part, described(kind, space.text(), name), object.kind, object.space));
  cite_span(&made, object, reference["name"], space, "the reference into another namespace");
  for (const Object* grant : survey.each("referencegrant")) {
    cite(&made, *grant, (*grant)["spec"]["to"], "what a grant that is there allows");
    suggest(&made, fmt::format("kubectl -n {} describe referencegrant {}", grant->space, grant->name),
            "shows what it allows");
  }
  looked_for(&made, survey, "referencegrant", space.text());
}

void check_references(const Survey& survey, Observations* out) {
  for (const Object* gateway : survey.each("gateway")) {
    if (!tells_all(*gateway)) continue;
    for (const Value& listener : (*gateway)["spec"]["listeners"].items) {
      const std::string part = fmt::format(" (listener {})", listener["name"].text());
      for (const Value& reference : listener["tls"]["certificateRefs"].items)
        check_granted(survey, *gateway, part, reference, "secret", out);
    }
  }
  for (const char* kind : {"httproute", "grpcroute", "tlsroute", "tcproute"}) {
    for (const Object* route : survey.each(kind)) {
      if (!tells_all(*route)) continue;
      for (const Value& rule : (*route)["spec"]["rules"].items) {
        for (const Value& reference : rule["backendRefs"].items)
          check_granted(survey, *route, "", reference, "service", out);
      }
    }
  }
}

// Istio takes the two words alone. Source: its namespace label istio-injection.
void check_injection(const Survey& survey, const Object& space, Observations* out) {
  const Value& label = space["metadata"]["labels"]["istio-injection"];
  if (!label.exists() || label.text() == "enabled" || label.text() == "disabled") return;
  const Object* strict = nullptr;
  for (const Object* policy : survey.each("peerauthentication")) {
    if ((*policy)["spec"]["mtls"]["mode"].text() == "STRICT") strict = policy;
  }
  Observation& made =
      report(out, "injection-label", strict != nullptr ? 0.9 : 0.8, space,
             fmt::format(
                 "Namespace {} has the label istio-injection={}, which Istio does not know (it is enabled or "
                 "disabled), so its pods get no sidecar{}.",
                 space.name, label.text(),
                 strict != nullptr ? " and cannot speak to those that demand mutual TLS (STRICT)" : ""));
  cite(&made, space, label, "the label");
  if (strict != nullptr) cite(&made, *strict, (*strict)["spec"]["mtls"]["mode"], "mutual TLS is demanded");
  suggest(&made, "kubectl get namespaces", "shows the namespaces there are");
}

// The policies that demand mutual TLS, as many as are looked at.
std::vector<const Object*> demands_of_tls(const Survey& survey) {
  constexpr std::size_t most = 256;
  std::vector<const Object*> out;
  for (const Object* policy : survey.each("peerauthentication")) {
    if (out.size() < most && (*policy)["spec"]["mtls"]["mode"].text() == "STRICT") out.push_back(policy);
  }
  return out;
}

// A rule that turns TLS off for a host whose pods demand it. Source: trafficPolicy.tls.mode of Istio's
// DestinationRule, spec.mtls.mode of its PeerAuthentication.
void check_mesh_tls(const std::vector<const Object*>& strict, const Object& rule, Observations* out) {
  const Value& mode = rule["spec"]["trafficPolicy"]["tls"]["mode"];
  const Value& host = rule["spec"]["host"];
  if (mode.text() != "DISABLE" || host.text().empty()) return;
  // "risk", "risk.shop", "risk.shop.svc.cluster.local"
  std::string_view space = host.text();
  space.remove_prefix(std::min(space.find('.'), space.size()));
  if (!space.empty()) space.remove_prefix(1);
  space = space.substr(0, space.find('.'));
  if (space.empty()) space = rule.space;
  for (const Object* policy : strict) {
    const Value& demanded = (*policy)["spec"]["mtls"]["mode"];
    if (policy->space != space && policy->space != "istio-system") continue;
    Observation& made =
        report(out, "mesh-tls-off", 0.92, rule,
               fmt::format("{} turns TLS off (mode DISABLE) towards {}, but {} demands mutual TLS there "
                           "(STRICT): what comes in plain text is refused.",
                           described(rule), brief(host.text(), 80), described(*policy)));
    cite(&made, rule, mode, "TLS is turned off");
    cite(&made, *policy, demanded, "mutual TLS is demanded");
    cite(&made, rule, host, "the host that it is for");
    return;
  }
}

// Pods of a namespace without sidecars call one that demands mutual TLS. Source: Istio's namespace labels
// istio-injection and istio.io/rev; spec.mtls.mode of its PeerAuthentication.
void check_outside_mesh(const Survey& survey, const std::vector<const Object*>& strict, Observations* out) {
  const auto in_mesh = [](const Object& space) {
    const Value& labels = space["metadata"]["labels"];
    return labels["istio-injection"].text() == "enabled" || labels["istio.io/rev"].exists();
  };
  const auto has_sidecar = [&](const Object& space) {
    return std::ranges::any_of(survey.pod_specs(), [&](const PodSpec& pods) {
      const Value& labels = *pods.labels;
      return pods.owner->space == space.name &&
             (labels["sidecar.istio.io/inject"].text() == "true" ||
              std::ranges::any_of(containers_of(*pods.spec), [](const Container& container) {
                return (*container.spec)["name"].text() == "istio-proxy";
              }));
    });
  };
  const auto& spaces = survey.each("namespace");
  const auto inside = std::ranges::find_if(spaces, [&](const Object* space) { return in_mesh(*space); });
  for (const Object* policy : strict) {
    // "api.shop" names it as well.
    const bool asked = policy->space == "istio-system" || survey.names(policy->space) ||
                       survey.question.find("." + policy->space) != std::string::npos;
    if (!asked) continue;
    for (const Object* space : spaces) {
      const bool other = space->name != policy->space && space->name != "istio-system";
      const bool outside =
          other && survey.names(space->name) && tells_all(*space) && !in_mesh(*space) && !has_sidecar(*space);
      if (!outside) continue;
      Observation& made =
          report(out, "outside-mesh", 0.92, *space,
                 fmt::format(
                     "Namespace {} is outside the mesh: nothing asks for sidecars there{}, so its pods speak "
                     "plain text, but {} demands mutual TLS (STRICT), and their calls are refused.",
                     space->name,
                     inside == spaces.end()
                         ? ""
                         : fmt::format(", as istio-injection or a revision does in {}", (*inside)->name),
                     described(*policy)));
      cite(&made, *policy, (*policy)["spec"]["mtls"]["mode"], "mutual TLS is demanded");
      cite(&made, *space, (*space)["metadata"]["name"], "the namespace");
      cite(&made, *space, (*space)["metadata"]["labels"], "its labels, none of which asks for a sidecar");
      if (inside != spaces.end())
        cite(&made, **inside, (**inside)["metadata"]["labels"], "the labels of one that has sidecars");
      suggest(&made, "kubectl get namespaces", "shows the namespaces there are");
      return;
    }
  }
}

bool delivers(const Object& application, const Object& workload) {
  if (application["spec"]["destination"]["namespace"].text() != workload.space) return false;
  const std::string_view path = application["spec"]["source"]["path"].text();
  return application.name == workload.name || path.substr(path.rfind('/') + 1) == workload.name ||
         workload["metadata"]["labels"]["app.kubernetes.io/instance"].text() == application.name;
}

// An autoscaler sets what Argo CD sets back. Source: spec.syncPolicy.automated.selfHeal and
// spec.ignoreDifferences of argoproj.io/v1alpha1.
void check_self_heal(const Survey& survey, const Object& application, Observations* out) {
  const Value& heals = application["spec"]["syncPolicy"]["automated"]["selfHeal"];
  if (!tells_all(application) || !heals.is_true()) return;
  for (const Value& ignored : application["spec"]["ignoreDifferences"].items) {
    for (const char* list : {"jsonPointers", "jqPathExpressions"}) {
      for (const Value& path : ignored[list].items) {
        if (has(path.text(), "replicas")) return;
      }
    }
  }
  for (const Object* scaler : survey.each("horizontalpodautoscaler")) {
    const Value& target = (*scaler)["spec"]["scaleTargetRef"];
    const Object* workload =
        survey.find(resource_name(target["kind"].text()), scaler->space, target["name"].text());
    if (workload == nullptr || !tells_all(*workload) || !delivers(application, *workload)) continue;
    const Value& replicas = (*workload)["spec"]["replicas"];
    if (!replicas.integer()) continue;
    Observation& made = report(
        out, "replicas-set-back", 0.88, application,
        fmt::format("Argo CD sets {} back to {} replicas, as its manifest says (selfHeal of Application {}, "
                    "which does not ignore differences in /spec/replicas), whenever {} scales it.",
                    described(*workload), *replicas.integer(), application.name, described(*scaler)));
    cite(&made, application, heals, "what is changed is set back");
    cite(&made, *workload, replicas, "the replicas of the manifest");
    cite(&made, *scaler, target, "what the autoscaler scales");
    suggest(&made,
            fmt::format("kubectl -n {} describe horizontalpodautoscaler {}", scaler->space, scaler->name),
            "shows how often it scales");
    return;
  }
}

// A canary that gets more of the requests than what it is tried beside. Source: route weights of
// networking.istio.io's VirtualService.
void check_canary_weights(const Survey& survey, const Object& service, Observations* out) {
  for (const Value& rule : service["spec"]["http"].items) {
    for (const Value& route : rule["route"].items) {
      const Value& destination = route["destination"];
      const Value& subset = destination["subset"];
      const auto weight = route["weight"].integer();
      const bool canary = has(subset.text(), "canary") || has(destination["host"].text(), "canary");
      if (!canary || !weight || *weight <= 50) continue;
      Observation& made = report(
          out, "canary-weight", survey.asks({"canary"}) ? 0.92 : 0.5, service,
          fmt::format(
              "{} sends {} % of the requests to its canary ({}), more than to what it is tried beside: the "
              "weights are the wrong way round.",
              described(service), *weight,
              subset.exists() ? fmt::format("subset {}", subset.text())
                              : fmt::format("host {}", destination["host"].text())));
      cite(&made, service, route["weight"], "the canary's share");
      cite(&made, service, subset.exists() ? subset : destination["host"], "the canary");
      for (const Value& other : rule["route"].items) {
        if (&other != &route) cite(&made, service, other["weight"], "the share of the other");
      }
      return;
    }
  }
}

}  // namespace

void detect_attachments(const Survey& survey, Observations* out) {
  for (const Object* service : survey.each("virtualservice")) check_canary_weights(survey, *service, out);
  const std::vector<const Object*> strict = demands_of_tls(survey);
  for (const Object* rule : survey.each("destinationrule")) check_mesh_tls(strict, *rule, out);
  check_outside_mesh(survey, strict, out);
  check_references(survey, out);
  for (const Object* space : survey.each("namespace")) check_injection(survey, *space, out);
  for (const Object* application : survey.each("application")) check_self_heal(survey, *application, out);
  for (const char* kind : {"httproute", "grpcroute", "tlsroute", "tcproute"}) {
    for (const Object* route : survey.each(kind)) check_route(survey, *route, out);
  }
  for (const Object* monitor : survey.each("servicemonitor")) {
    check_monitor(survey, *monitor, out);
    check_monitor_taken(survey, *monitor, out);
  }
  for (const Object* scaled : survey.each("scaledobject")) check_trigger(survey, *scaled, out);
}

}  // namespace carrel
