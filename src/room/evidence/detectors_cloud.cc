// What was taken away in the cloud that a cluster runs in: calls that revoke, delete, disable or detach
// something, in what CloudTrail recorded (`aws cloudtrail lookup-events`, or a file of its records); keys
// that are about to be deleted (`aws kms describe-key`).
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/brief.h"
#include "room/evidence/detectors.h"
#include "room/evidence/loose_json.h"
#include "room/evidence/question.h"

namespace carrel {
namespace {

constexpr std::size_t largest_trail = 4 << 20;
constexpr std::size_t most_told = 8;
constexpr std::size_t most_shown = 100;  // bytes of a name

bool takes_away(std::string_view call) {
  static constexpr std::array<std::string_view, 13> starts = {
      "Revoke",     "Delete",  "Detach",     "Disable",      "ScheduleKeyDeletion",
      "Terminate",  "Stop",    "Deregister", "Disassociate", "Remove",
      "Deactivate", "Release", "Unsubscribe"};
  return std::ranges::any_of(starts, [&](std::string_view start) { return call.starts_with(start); });
}

// The first of several members that is there: lookup-events and the records of a trail name them differently.
const Value& either(const Value& object, std::string_view one, std::string_view other) {
  return object[one].exists() ? object[one] : object[other];
}

// What the call was made on: a resource that it lists, or the first parameter that is an id.
const Value& target_of(const Value& event) {
  const Value& listed = event["Resources"][0]["ResourceName"];
  if (listed.exists()) return listed;
  const Value& record = event["resources"][0]["ARN"];
  if (record.exists()) return record;
  for (const auto& [name, value] : event["requestParameters"].members) {
    const bool is_id = name.ends_with("Id") || name.ends_with("Name") || name.ends_with("Arn");
    if (is_id && !value.text().empty()) return value;
  }
  return event["requestParameters"];
}

void tell_call(const Survey& survey, const Question& question, const LooseJson& file, const Value& event,
               Observations* out) {
  const Value& call = either(event, "EventName", "eventName");
  if (!takes_away(call.text())) return;
  const Value& when = either(event, "EventTime", "eventTime");
  const Value& user = event["Username"].exists() ? event["Username"] : event["userIdentity"]["userName"];
  const Value& target = target_of(event);
  // What is asked about since a time cannot come of what was done before.
  const bool fits = !question.asks_time() || question.began_since(when.text());
  const bool asked = survey.asks({"since", "change", "after", "root cause", "why", "what is the cause"});
  Observation& made = report_missing(
      out, cloud_call,
      asked && fits ? 0.9
      : fits        ? 0.5
                    : 0.3,
      "", "", "",
      fmt::format("{}{} called {}{}: what that took away is missing from then on.",
                  user.text().empty() ? "Somebody" : brief(user.text(), most_shown),
                  when.text().empty() ? "" : fmt::format(" at {}", brief(when.text(), 40)),
                  brief(call.text(), most_shown),
                  target.text().empty() ? "" : fmt::format(" on {}", brief(target.text(), most_shown))));
  const Object source = file.source();
  cite(&made, source, call, "the call");
  if (when.exists()) cite(&made, source, when, "when it was made");
  if (!target.text().empty()) cite(&made, source, target, "what it was made on");
  lack(&made, "whether what fails needs what the call took away");
}

void tell_key(const Survey& survey, const LooseJson& file, Observations* out) {
  const Value& key = file.root["KeyMetadata"];
  const std::string_view state = key["KeyState"].text();
  if (state != "PendingDeletion" && state != "Disabled") return;
  Observation& made = report_missing(
      out, "cloud-key-unusable", survey.only_whether ? 0.8 : 0.93, "", "", "",
      fmt::format(
          "KMS key {}{} is {}: nothing that it encrypts can be read.", brief(key["KeyId"].text(), most_shown),
          key["Description"].text().empty() ? "" : fmt::format(" ({})", brief(key["Description"].text(), 60)),
          state == "Disabled" ? "disabled" : "pending deletion"));
  const Object source = file.source();
  cite(&made, source, key["KeyState"], "the state of the key");
  cite(&made, source, key["KeyId"], "the key");
  lack(&made, "who uses the key, and who disabled it");
}

}  // namespace

void detect_cloud_changes(const Survey& survey, Observations* out) {
  const Question question(survey.question);
  std::size_t told = 0;
  for (const std::string_view mark : {"\"EventName\"", "\"eventName\""}) {
    each_loose_json(survey.inventory, mark, largest_trail, [&](const LooseJson& file) {
      // The newest comes first; of several that fit the first is the likelier.
      const Value& events = either(file.root, "Events", "Records");
      for (std::size_t at = events.size(); at > 0 && told < most_told; --at) {
        const std::size_t before = out->size();
        tell_call(survey, question, file, events[at - 1], out);
        told += out->size() - before;
      }
    });
  }
  each_loose_json(survey.inventory, "\"KeyMetadata\"", largest_trail,
                  [&](const LooseJson& file) { tell_key(survey, file, out); });
}

}  // namespace carrel
