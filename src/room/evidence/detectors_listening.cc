// Services that send to a port on which nothing listens, as the logs of their pods tell: to another one than
// they say, or to one that is bound to the loopback address.
#include <algorithm>

#include <fmt/format.h>

#include "room/evidence/detectors.h"

namespace carrel {
namespace {

// A port of a Service as the pods have it.
struct PortTarget {
  const Value* port = nullptr;  // of the Service's list
  const Value* place = nullptr;
  std::int64_t number = 0;
};

// The number that a name stands for in a container's ports; 0: none.
std::int64_t declared_number(const std::vector<const PodSpec*>& pods, std::string_view name) {
  for (const PodSpec* one : pods) {
    for (const Value& container : (*one->spec)["containers"].items) {
      for (const Value& port : container["ports"].items)
        if (port["name"].text() == name) return port["containerPort"].integer().value_or(0);
    }
  }
  return 0;
}

std::vector<PortTarget> targets_of(const Object& service, const std::vector<const PodSpec*>& pods) {
  std::vector<PortTarget> out;
  for (const Value& port : service["spec"]["ports"].items) {
    const Value& target = target_port_of(port);
    const std::int64_t number = target.integer().value_or(declared_number(pods, target.text()));
    if (number != 0) out.push_back({&port, &target, number});
  }
  return out;
}

void tell_unheard(const Survey& survey, const Object& service, const std::string& workload,
                  const PortTarget& target, const Unheard& found, Observations* out) {
  const bool asked = survey.asks({"connect", "refused", "502", "503", "504", "reach", "unavailable",
                                  "bad gateway", "upstream", "timeout", "down", "respond", "answer"});
  const std::string where =
      found.loopback ? fmt::format("by its log {} listens there on 127.0.0.1 alone", workload)
                     : fmt::format("by its log {} listens on port {}", workload, found.instead->port.number);
  Observation& made =
      report(out, found.loopback ? "service-target-loopback" : "service-target-unheard", asked ? 0.88 : 0.38,
             service,
             fmt::format("{} sends port {} to targetPort {}, but {}, so connections are refused{}.",
                         described(service), (*target.port)["port"].text(), target.number, where,
                         found.loopback ? "" : " (wrong targetPort)"));
  cite_span(&made, service, *target.place, (*target.port)["port"], "the target port of the Service");
  made.lines.push_back(found.instead->line);
  suggest(&made, fmt::format("kubectl -n {} get service {} -o yaml", service.space, service.name),
          "shows its ports");
  suggest(&made, fmt::format("kubectl -n {} get endpoints {}", service.space, service.name),
          "shows where it sends to");
}

// True where the pods pass a readiness probe at a port: something listens there.
bool answers_probe(const std::vector<const PodSpec*>& pods, std::int64_t port) {
  return std::ranges::any_of(pods, [&](const PodSpec* one) {
    const auto& containers = (*one->spec)["containers"].items;
    return one->health == Health::healthy && std::ranges::any_of(containers, [&](const Value& container) {
             const Value& probe = container["readinessProbe"];
             for (const char* handler : {"httpGet", "tcpSocket", "grpc"}) {
               const Value& asked = probe[handler]["port"];
               if (asked.exists() && asked.integer().value_or(declared_number(pods, asked.text())) == port)
                 return true;
             }
             return false;
           });
  });
}

// A log may be silent of some of a program's ports: only a Service of whose ports it knows none is told of.
void check_unheard(const Survey& survey, const Object& service, Observations* out) {
  const Value& selector = service["spec"]["selector"];
  if (selector.size() == 0 || !tells_all(service)) return;
  const auto pods = survey.selected(service.space, selector);
  // Rows of a table have no labels; then the pods of its name are its own.
  const std::string workload = pods.empty() ? service.name : workload_of(*pods.front()->owner).second;
  const auto& said = survey.listening.of(service.space, workload);
  PortTarget first;
  Unheard found;
  for (const PortTarget& target : targets_of(service, pods)) {
    const Unheard here = unheard(said, "", target.number);
    if (here.instead == nullptr || answers_probe(pods, target.number)) return;
    if (found.instead == nullptr) first = target, found = here;
  }
  if (found.instead != nullptr) tell_unheard(survey, service, workload, first, found, out);
}

}  // namespace

void detect_unheard_ports(const Survey& survey, Observations* out) {
  for (const Object* service : survey.each("service")) check_unheard(survey, *service, out);
}

}  // namespace carrel
