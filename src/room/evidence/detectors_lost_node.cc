// Nodes that their cloud took away: what the kubelet and the cloud's controller say of it as events on the
// node, and what the cloud's own log says of the machine. Sources: the kubelet's shutdown manager ("Shutdown
// manager detected shutdown event"), the cloud node lifecycle controller (DeletingNode), AKS' and Karpenter's
// events of preemption.
#include <algorithm>
#include <array>
#include <map>

#include <fmt/format.h>

#include "base/text.h"
#include "room/evidence/detectors.h"
#include "room/evidence/relations.h"

namespace carrel {
namespace {

constexpr std::size_t most_nodes = 8;
constexpr std::size_t largest_record = 1 << 20;  // bytes of a document that may be a cloud's log
constexpr std::array<std::string_view, 4> clouds_words = {"preempt", "interruption", "reclaim", "rebalance"};

bool is_announced(const Happening& happening) {
  static constexpr std::array<std::string_view, 3> reasons = {"PreemptScheduled", "SpotInterrupted",
                                                              "SpotInterruption"};
  return std::ranges::find(reasons, happening.reason) != reasons.end();
}

bool is_of_the_end(const Happening& happening) {
  const std::string_view text = happening.message->text();
  return is_announced(happening) || has(text, "shutdown manager detected shutdown") ||
         (has(text, "deleting node") && has(text, "does not exist in the cloud provider"));
}

// A line of a cloud's log that says of this machine that it was taken back.
std::pair<const Document*, std::uint32_t> record_of(const Survey& survey, const std::string& node) {
  for (const Document& document : survey.inventory.documents()) {
    if (document.text.size() > largest_record || document.text.find(node) == std::string::npos) continue;
    for (std::uint32_t number = 1; number <= document.starts.size(); ++number) {
      const std::string_view line = document.line(number);
      const bool taken =
          has_name(line, node, false) &&
          std::ranges::any_of(clouds_words, [&](std::string_view word) { return has(line, word); });
      if (taken) return {&document, number};
    }
  }
  return {};
}

void tell_lost_node(const Survey& survey, const std::string& node, const std::vector<const Happening*>& ends,
                    Observations* out) {
  const auto [record, line] = record_of(survey, node);
  const auto announced =
      std::ranges::find_if(ends, [](const Happening* happening) { return is_announced(*happening); });
  const bool taken = record != nullptr || announced != ends.end();
  const bool asked = survey.asks({"lose", "lost", "gone", "vanish", "disappear", "terminated", "killed",
                                  "restart", "reschedul", "moved", "went down", "go down", "node", "evict"});
  Observation& made = report_missing(
      out, "node-lost",
      asked                ? (taken ? 0.9 : 0.86)
      : survey.names(node) ? 0.8
                           : 0.55,
      "node", "", node,
      taken ? fmt::format("Node {} was preempted, taken back by the cloud provider (a spot or preemptible "
                          "instance): it "
                          "was shut down, and the pods on it were stopped and started again elsewhere.",
                          node)
            : fmt::format(
                  "Node {} was shut down and no longer exists in the cloud provider, so the pods on it were "
                  "stopped and started again elsewhere.",
                  node));
  made.culprit.present = survey.find("node", "", node) != nullptr;
  if (record != nullptr) cite_line(&made, *record, line, "what the cloud did with the machine");
  for (std::size_t i = 0; i < ends.size() && i < 3; ++i) cite(&made, *ends[i]);
  suggest(&made, "kubectl get nodes -o wide", "shows which nodes there are now");
  if (!taken) lack(&made, fmt::format("the cloud provider's record of why instance {} ended", node));
}

}  // namespace

void detect_lost_nodes(const Survey& survey, Observations* out) {
  std::map<std::string, std::vector<const Happening*>> ends;
  for (const Happening& happening : survey.happenings()) {
    if (happening.kind == "node" && is_of_the_end(happening)) ends[happening.name].push_back(&happening);
  }
  std::size_t told = 0;
  for (const auto& [node, of_it] : ends) {
    if (++told > most_nodes) return;
    // A shutdown alone is a restart, if nothing says that the machine is gone.
    const bool gone = std::ranges::any_of(of_it, [](const Happening* happening) {
      return is_announced(*happening) || happening->reason == "DeletingNode";
    });
    if (gone || record_of(survey, node).first != nullptr) tell_lost_node(survey, node, of_it, out);
  }
}

}  // namespace carrel
