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

}  // namespace

void detect_attachments(const Survey& survey, Observations* out) {
  for (const char* kind : {"httproute", "grpcroute", "tlsroute", "tcproute"}) {
    for (const Object* route : survey.each(kind)) check_route(survey, *route, out);
  }
  for (const Object* monitor : survey.each("servicemonitor")) check_monitor(survey, *monitor, out);
  for (const Object* scaled : survey.each("scaledobject")) check_trigger(survey, *scaled, out);
}

}  // namespace carrel
