// Warnings that no other detector knows: by reason and what they are about, the most telling one of each.
#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "room/evidence/detectors.h"

namespace carrel {
namespace {

// Reasons that the other detectors explain.
bool is_known(std::string_view reason) {
  static constexpr std::string_view known[] = {
      "FailedScheduling",  "FailedMount",        "FailedAttachVolume",   "FailedMapVolume",
      "Unhealthy",         "ProvisioningFailed", "FailedBinding",        "FailedCreatePodSandBox",
      "Evicted",           "SystemOOM",          "NodeNotReady",         "InspectFailed",
      "ErrImageNeverPull", "Preempted",          "EvictionThresholdMet", "FreeDiskSpaceFailed",
      "ImageGCFailed"};
  return std::find(std::begin(known), std::end(known), reason) != std::end(known);
}

}  // namespace

void detect_warnings(const Survey& survey, Observations* out) {
  constexpr std::size_t most = 16;
  std::map<std::string, std::vector<const Happening*>> groups;
  std::vector<std::string> order;
  for (const Happening& happening : survey.happenings()) {
    if (!happening.warning || is_known(happening.reason)) continue;
    std::string name = happening.name;
    if (const Object* object = survey.find(happening.kind, happening.space, happening.name)) {
      // What an autoscaler cannot get is told with what it is at.
      if (object->kind == "horizontalpodautoscaler" && happening.reason.starts_with("Failed")) continue;
      name = workload_of(*object).second;
    }
    const std::string key = fmt::format("{}\n{}\n{}", happening.reason, happening.space, name);
    if (groups[key].empty()) order.push_back(key);
    groups[key].push_back(&happening);
  }
  for (std::size_t i = 0; i < order.size() && i < most; ++i) {
    const auto& group = groups[order[i]];
    const Happening* telling = group.front();
    std::int64_t count = 0;
    for (const Happening* one : group) {
      count += one->count;
      if (one->message->text().size() > telling->message->text().size()) telling = one;
    }
    const Object* object = survey.find(telling->kind, telling->space, telling->name);
    const bool over = object != nullptr && object->kind == "pod" && pod_health(*object) == Health::healthy;
    const bool back_off = telling->reason == "BackOff" || telling->reason == "Failed";
    const bool refused = telling->reason.substr(0, 6) == "Failed" && telling->reason.size() > 6;
    Observation& made = report_missing(out, "warning-event",
                                       over       ? 0.12
                                       : back_off ? 0.2
                                       : refused  ? 0.4
                                                  : 0.28,
                                       telling->kind, telling->space, telling->name,
                                       fmt::format("{} has the warning {} ({} times): {}",
                                                   described(telling->kind, telling->space, telling->name),
                                                   telling->reason, count, telling->message->text()));
    made.culprit.present = object != nullptr;
    cite(&made, *telling);
    if (!telling->space.empty()) {
      suggest(&made,
              fmt::format("kubectl -n {} describe {} {}", telling->space, telling->kind, telling->name),
              "shows its state and all events");
    }
  }
}

}  // namespace carrel
