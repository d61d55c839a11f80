// Answers to questions that count: how many pods are not ready, and which.
#include <algorithm>

#include <fmt/format.h>

#include "base/brief.h"
#include "record/limits.h"
#include "room/evidence/detectors.h"

namespace carrel {
namespace {

bool asks_for_unready(const Survey& survey) {
  return survey.asks({"how many", "number of", "which pods", "list the pods", "which ones"}) &&
         survey.asks({"pod"}) &&
         survey.asks({"not ready", "unready", "not running", "unhealthy", "failing", "not healthy", "crash",
                      "are down", "pending"});
}

}  // namespace

void detect_counts(const Survey& survey, Observations* out) {
  if (!asks_for_unready(survey)) return;
  const auto& all = survey.each("pod");
  const bool in_a_space =
      std::ranges::any_of(all, [&](const Object* pod) { return survey.names(pod->space); });
  std::vector<const Object*> unready;
  std::size_t counted = 0;
  for (const Object* pod : all) {
    if ((in_a_space && !survey.names(pod->space)) || has_completed(*pod)) continue;
    ++counted;
    if (pod_health(*pod) == Health::unhealthy) unready.push_back(pod);
  }
  if (unready.empty()) return;
  std::string told;
  for (std::size_t at = 0; at < unready.size() && at < limit::citations; ++at) {
    const std::string one =
        fmt::format("{}{} ({})", at == 0 ? "" : ", ", unready[at]->name, state_of(*unready[at]).first);
    told += one;
  }
  if (unready.size() > limit::citations)
    told += fmt::format(" and {} more", unready.size() - limit::citations);
  const std::string where = in_a_space ? fmt::format(" of namespace {}", unready.front()->space) : "";
  Observation& made =
      report_missing(out, "pods-counted", 0.97, "namespace", "", in_a_space ? unready.front()->space : "",
                     brief(fmt::format("{} of {} pods{} {} not ready: {}.", unready.size(), counted, where,
                                       unready.size() == 1 ? "is" : "are", told),
                           limit::sentence));
  made.culprit.present = true;
  for (const Object* pod : unready) {
    if (made.lines.size() < limit::citations)
      cite(&made, *pod, *state_of(*pod).second, "the state of the pod");
  }
  suggest(&made,
          in_a_space ? fmt::format("kubectl get pods -n {}", unready.front()->space) : "kubectl get pods -A",
          "lists them again");
}

}  // namespace carrel
