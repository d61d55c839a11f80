// Pods that started before what their environment is made of was changed: they keep the values they began
// with. Source: "If a container already consumes a Secret in an environment variable, a Secret update will
// not be seen by the container unless it is restarted" (kubernetes.io, Secrets; the same holds for
// ConfigMaps).
#include <algorithm>
#include <set>
#include <string>

#include <fmt/format.h>

#include "room/evidence/detectors.h"
#include "room/evidence/needs.h"
#include "room/evidence/relations.h"

namespace carrel {
namespace {

// Times as the API writes them, "2026-03-01T10:00:00Z", so that the later one is the greater text.
bool is_api_time(std::string_view text) {
  constexpr std::string_view form = "dddd-dd-ddTdd:dd:ddZ";
  return text.size() == form.size() && std::equal(text.begin(), text.end(), form.begin(), [](char c, char f) {
           return f == 'd' ? c >= '0' && c <= '9' : c == f;
         });
}

// Where the latest change of its data is told: by whoever manages the field, by a note of what rotates it, or
// by its being made. Null where no time is told.
const Value* last_change(const Object& source) {
  const Value* latest = nullptr;
  const auto take = [&](const Value& time) {
    if (is_api_time(time.text()) && (latest == nullptr || time.text() > latest->text())) latest = &time;
  };
  const Value& metadata = source["metadata"];
  take(metadata["creationTimestamp"]);
  for (const Value& manager : metadata["managedFields"].items) {
    if (manager["fieldsV1"]["f:data"].exists()) take(manager["time"]);
  }
  for (const auto& [key, note] : metadata["annotations"].members) {
    if (has(key, "rotat") || has(key, "updated") || has(key, "changed")) take(note);
  }
  return latest;
}

// When the last of its containers began; null where one does not run or no time is told. A container that is
// started again gets the values of then, be the pod older.
const Value* last_start(const Object& pod) {
  const Value* latest = nullptr;
  for (const Value& container : pod["status"]["containerStatuses"].items) {
    const Value& started = container["state"]["running"]["startedAt"];
    if (!is_api_time(started.text())) return nullptr;
    if (latest == nullptr || started.text() > latest->text()) latest = &started;
  }
  return latest;
}

bool check_settings(const Survey& survey, const PodSpec& pods, Observations* out) {
  const Object& pod = *pods.owner;
  const Value* const started = last_start(pod);
  if (started == nullptr) return false;
  for (const Need& need : needs_of(*pods.spec)) {
    if (!need.use.starts_with("env")) continue;
    const Object* source = survey.find(need.kind, pod.space, need.name->text());
    const Value* changed = source == nullptr ? nullptr : last_change(*source);
    if (changed == nullptr || changed->text() <= started->text()) continue;
    const bool asked = (survey.names(source->name) || survey.names(without_added(pod.name))) &&
                       survey.asks({"still ", "old ", "stale", "rotat", "changed", "updated", "pick up",
                                    "picks up", "picked up", "new password", "new value", "refresh"});
    Observation& made =
        report(out, stale_settings, asked ? 0.88 : 0.2, pod,
               fmt::format("{} runs since {}, and {} was changed after that ({}): what it has in its "
                           "environment ({}) is the old value until it is restarted.",
                           described(pod), started->text(), described(*source), changed->text(),
                           need.user == nullptr ? "all of it, by envFrom" : need.user->text()));
    cite(&made, *source, *changed, "when it was changed");
    cite(&made, pod, *started, "when it started");
    cite(&made, pod, *need.name, "what its environment is made of");
    suggest(&made, fmt::format("kubectl get pods -n {}", pod.space), "shows how long its pods run");
    return true;
  }
  return false;
}

// Pods that mount a certificate and run since before it was renewed: what loads it only at its start still
// serves the old one.
void check_certificate_loads(const Survey& survey, const Object& certificate, Observations* out) {
  const Value& from = certificate["status"]["notBefore"];
  const Value& until = certificate["status"]["notAfter"];
  const Value& secret = certificate["spec"]["secretName"];
  if (!is_api_time(from.text()) || secret.text().empty()) return;
  for (const PodSpec& pods : survey.pod_specs()) {
    const Value* const started =
        pods.is_pod && pods.owner->space == certificate.space ? last_start(*pods.owner) : nullptr;
    if (started == nullptr || started->text() >= from.text()) continue;
    const auto& volumes = (*pods.spec)["volumes"].items;
    const auto volume = std::ranges::find_if(
        volumes, [&](const Value& each) { return each["secret"]["secretName"].text() == secret.text(); });
    if (volume == volumes.end()) continue;
    Observation& made =
        report(out, old_certificate, 0, *pods.owner,
               fmt::format("{} runs since {} and has not reloaded its certificate, which was renewed on {} "
                           "(valid until {}): "
                           "it still serves the old one",
                           without_hashes(pods.owner->name), started->text(), from.text(), until.text()));
    cite(&made, *pods.owner, *started, "since when it runs");
    cite_span(&made, certificate, from, until, "when its certificate was renewed");
    suggest(&made, fmt::format("kubectl get pods -n {}", pods.owner->space), "shows how long its pods run");
    return;
  }
}

}  // namespace

void detect_stale_settings(const Survey& survey, Observations* out) {
  std::set<std::string> told;
  for (const PodSpec& pods : survey.pod_specs()) {
    if (!pods.is_pod || !tells_all(*pods.owner)) continue;
    const std::string of = pods.owner->space + "/" + workload_of(*pods.owner).second;
    if (!told.contains(of) && check_settings(survey, pods, out)) told.insert(of);
  }
  for (const Object* certificate : survey.each("certificate"))
    check_certificate_loads(survey, *certificate, out);
}

}  // namespace carrel
