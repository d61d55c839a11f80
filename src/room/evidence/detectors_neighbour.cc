// Who takes the processors of a node from the others on it: `kubectl top` of nodes and pods joined with where
// the pods run. A pod without a CPU limit may take all that its neighbours do not reserve.
#include <algorithm>
#include <cstdlib>
#include <map>

#include <fmt/format.h>

#include "room/evidence/detectors.h"

namespace carrel {
namespace {

constexpr int full_percent = 90;      // percent of a node's processors
constexpr double most_of_node = 0.5;  // of what the node uses
constexpr double far_above = 4;       // times what the next pod uses

struct Use {
  const Object* metrics = nullptr;
  const Object* pod = nullptr;
  const Value* place = nullptr;  // of its largest container
  double cores = 0;
};

Use use_of(const Object& metrics) {
  Use use{&metrics};
  double largest = -1;
  const auto add = [&](const Value& usage) {
    const double cores = quantity(usage["cpu"].text()).value_or(0);
    use.cores += cores;
    if (cores > largest) largest = cores, use.place = &usage["cpu"];
  };
  if (metrics["containers"].size() == 0) add(metrics["usage"]);
  for (const Value& container : metrics["containers"].items) add(container["usage"]);
  return use;
}

// The pod itself, for what was measured of it; a table without a column of namespaces leaves them out.
const Object* pod_of(const Survey& survey, const std::map<std::string_view, const Object*>& by_name,
                     const Object& metrics) {
  if (const Object* pod = survey.find("pod", metrics.space, metrics.name); pod != nullptr) return pod;
  const auto found = by_name.find(metrics.name);
  return found == by_name.end() ? nullptr : found->second;
}

// True where its containers are shown, and one may take all that there is.
bool lacks_limit(const Object& pod) {
  return std::ranges::any_of(pod["spec"]["containers"].items, [](const Value& container) {
    return !container["resources"]["limits"]["cpu"].exists();
  });
}

void tell_neighbour(const Survey& survey, const Object& node, const Use& busiest, const Use* victim,
                    Observations* out) {
  const Value& percent = node["usage"]["cpuPercent"];
  const bool asked = survey.asks({"slow", "latency", "second", "performance", "cpu", "timeout", "time out",
                                  "time-out", "take", "response"});
  const bool victim_asked = victim != nullptr && !survey.names(without_hashes(busiest.metrics->name));
  std::string cause =
      fmt::format("Node {} has no CPU left ({} in use): {}{} takes {} of it, a noisy neighbour", node.name,
                  percent.text(), described("pod", busiest.metrics->space, busiest.metrics->name),
                  lacks_limit(*busiest.pod) ? ", without a CPU limit," : "", busiest.place->text());
  cause += victim == nullptr ? " that starves the others there."
                             : fmt::format(" that starves {} there.", victim->metrics->name);
  Observation& made = report_missing(out, "noisy-neighbour",
                                     asked && victim_asked ? 0.93
                                     : asked               ? 0.6
                                                           : 0.42,
                                     "pod", victim_asked ? victim->metrics->space : busiest.metrics->space,
                                     victim_asked ? victim->metrics->name : busiest.metrics->name, cause);
  made.culprit.present = true;
  cite(&made, *busiest.metrics, *busiest.place, "what it uses");
  cite(&made, node, percent, "what is used of the node");
  const Value& place = (*busiest.pod)["spec"]["nodeName"];
  cite(&made, *busiest.pod, place, "where it runs");
  if (victim != nullptr)
    cite(&made, *victim->pod, (*victim->pod)["spec"]["nodeName"], "where its victim runs");
  suggest(&made, fmt::format("kubectl describe node {}", node.name), "shows what its pods request");
  suggest(&made, fmt::format("kubectl top pods -n {}", busiest.pod->space), "shows what it uses now");
  lack(&made, fmt::format("CPU usage on node {} over time", node.name));
}

}  // namespace

void detect_neighbours(const Survey& survey, Observations* out) {
  std::map<std::string_view, std::vector<Use>> by_node;
  std::map<std::string_view, const Object*> by_name;
  for (const Object* pod : survey.each("pod")) by_name.emplace(pod->name, pod);
  for (const Object* metrics : survey.each("podmetrics")) {
    Use use = use_of(*metrics);
    use.pod = pod_of(survey, by_name, *metrics);
    if (use.pod == nullptr || use.place == nullptr) continue;
    if (const std::string_view node = (*use.pod)["spec"]["nodeName"].text(); !node.empty())
      by_node[node].push_back(use);
  }
  for (const Object* node : survey.each("nodemetrics")) {
    const auto found = by_node.find(node->name);
    const int percent = std::atoi(std::string((*node)["usage"]["cpuPercent"].text()).c_str());
    const double all = quantity((*node)["usage"]["cpu"].text()).value_or(0);
    if (found == by_node.end() || found->second.size() < 2 || percent < full_percent || all <= 0) continue;
    std::vector<Use>& uses = found->second;
    std::ranges::stable_sort(uses, std::greater{}, &Use::cores);
    if (uses[0].cores < most_of_node * all || uses[0].cores < far_above * uses[1].cores) continue;
    const auto victim = std::find_if(uses.begin() + 1, uses.end(), [&](const Use& use) {
      return survey.names(use.metrics->name) || survey.names(without_hashes(use.metrics->name));
    });
    tell_neighbour(survey, *node, uses[0], victim == uses.end() ? nullptr : &*victim, out);
  }
}

}  // namespace carrel
