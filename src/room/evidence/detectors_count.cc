// Answers to questions that count: how many pods are not ready, and which.
#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "base/brief.h"
#include "record/limits.h"
#include "room/evidence/detectors.h"

namespace carrel {
namespace {

bool asks_for_unready(const Survey& survey) {
  return survey.asks({"how many", "which pods", "list the pods", "which ones"}) && survey.asks({"pod"}) &&
         !survey.asks({"why", "cause", "reason", "because"}) &&
         survey.asks({"not ready", "unready", "not running", "unhealthy", "failing", "not healthy", "crash",
                      "are down", "pending"});
}

}  // namespace

void detect_counts(const Survey& survey, Observations* out) {
  if (!asks_for_unready(survey)) return;
  const auto& all = survey.each("pod");
  std::set<std::string_view> asked;  // namespaces
  for (const Object* pod : all) {
    if (survey.names(pod->space)) asked.insert(pod->space);
  }
  std::vector<const Object*> unready;
  std::size_t counted = 0;
  for (const Object* pod : all) {
    if ((!asked.empty() && !asked.contains(pod->space)) || has_completed(*pod)) continue;
    ++counted;
    if (pod_health(*pod) == Health::unhealthy) unready.push_back(pod);
  }
  if (unready.empty()) return;
  std::string told;
  for (std::size_t at = 0; at < unready.size() && at < limit::citations; ++at)
    told += fmt::format("{}{} ({})", at == 0 ? "" : ", ", unready[at]->name, state_of(*unready[at]).first);
  if (unready.size() > limit::citations)
    told += fmt::format(" and {} more", unready.size() - limit::citations);
  const std::string space(asked.size() == 1 ? *asked.begin() : "");
  const std::string where = space.empty() ? "" : fmt::format(" of namespace {}", space);
  Observation& made =
      report_missing(out, pods_counted, 0.97, "namespace", "", space,
                     brief(fmt::format("{} of {} pods{} {} not ready: {}.", unready.size(), counted, where,
                                       unready.size() == 1 ? "is" : "are", told),
                           limit::sentence));
  made.culprit.present = true;
  for (const Object* pod : unready) {
    if (made.lines.size() < limit::citations)
      cite(&made, *pod, *state_of(*pod).second, "the state of the pod");
  }
  suggest(&made, !space.empty() ? fmt::format("kubectl get pods -n {}", space) : "kubectl get pods -A",
          "lists them again");
}

}  // namespace carrel
