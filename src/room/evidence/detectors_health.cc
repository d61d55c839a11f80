// What is well: the objects that the question names, where they run as they should. detect() takes it back
// where anything else is wrong with them.
#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "base/text.h"
#include "room/evidence/detectors.h"

namespace carrel {
namespace {

// A question that leaves open whether there is a fault at all.
bool asks_whether(const Survey& survey) {
  if (survey.asks({"any problem", "any issue", "any error", "any fault", "healthy", "anything wrong",
                   "reports that"}))
    return true;
  // A sentence that begins like a question of yes or no; "what is the cause" does not.
  for (std::size_t at = 0; at != std::string::npos && at < survey.question.size();) {
    const std::string_view sentence = trim(std::string_view(survey.question).substr(at));
    for (const std::string_view start : {"is ", "are ", "does ", "do ", "has ", "have "}) {
      if (sentence.substr(0, start.size()) == start) return true;
    }
    at = survey.question.find_first_of(".?!", at);
    if (at != std::string::npos) ++at;
  }
  return false;
}

bool belongs(const Object& pod, const Object& workload) {
  if (pod.space != workload.space) return false;
  const auto [kind, name] = workload_of(pod);
  if (name == workload.name) return true;
  const Value& selector = workload["spec"]["selector"]["matchLabels"];
  return selector.size() > 0 && selects(selector, pod["metadata"]["labels"]);
}

const Value& ready_of(const Object& pod) {
  for (const Value& condition : pod["status"]["conditions"].items) {
    if (condition["type"].text() == "Ready" && condition["status"].text() == "True") return condition;
  }
  const Value& first = pod["status"]["containerStatuses"][0]["ready"];
  return first.exists() ? first : pod["status"]["phase"];
}

void cite_pod(Observation* made, const Object& pod) {
  cite(made, pod, ready_of(pod), "the pod is Ready");
  cite(made, pod, pod["status"]["containerStatuses"][0]["restartCount"], "its restarts");
  cite(made, pod, pod["status"]["phase"], "its phase");
}

void tell_pod(const Survey& survey, const Object& pod, double weight, Observations* out) {
  const auto restarts = restarts_of(pod);
  Observation& made =
      report(out, "no-fault", restarts == 0 ? weight : weight * 0.6, pod,
             fmt::format("No fault found: {} is Running and Ready with {} restarts; it is healthy.",
                         described(pod), restarts));
  made.verdict = Verdict::no_fault;
  cite_pod(&made, pod);
  suggest(&made, fmt::format("kubectl -n {} describe pod {}", pod.space, pod.name),
          "shows its state and events");
  (void)survey;
}

void tell_workload(const Survey& survey, const Object& workload, double weight, Observations* out) {
  const Value& status = workload["status"];
  const Value& ready =
      status["readyReplicas"].exists() ? status["readyReplicas"] : status["availableReplicas"];
  const auto wanted = workload["spec"]["replicas"].integer().value_or(1);
  if (!ready.integer() || *ready.integer() < wanted || wanted == 0) return;
  // Old pods that are well say nothing of a change that does not get on.
  if (status["updatedReplicas"].integer().value_or(wanted) < wanted) return;
  std::string pods;
  const Object* example = nullptr;
  std::int64_t restarts = 0;
  std::size_t count = 0;
  for (const Object* pod : survey.each("pod")) {
    if (!belongs(*pod, workload)) continue;
    if (pod_health(*pod) == Health::unhealthy) return;
    restarts = std::max(restarts, restarts_of(*pod));
    if (example == nullptr) example = pod;
    ++count;
  }
  if (example != nullptr) {
    pods = fmt::format(" and its pod{} {} {} Running and Ready with {} restarts", count > 1 ? "s" : "",
                       count > 1 ? fmt::format("{} and {} more", example->name, count - 1) : example->name,
                       count > 1 ? "are" : "is", restarts);
  }
  Observation& made = report(out, "no-fault",
                             restarts > 0 ? weight * 0.6
                             : example    ? weight + 0.02
                                          : weight * 0.7,
                             workload,
                             fmt::format("No fault found: {} is {}/{} available{}.", described(workload),
                                         ready.text(), wanted, pods));
  made.verdict = Verdict::no_fault;
  cite(&made, workload, ready, "how many replicas are ready");
  for (const Value& condition : status["conditions"].items) {
    if (condition["type"].text() == "Available") cite(&made, workload, condition, "it is available");
  }
  if (example) cite_pod(&made, *example);
  suggest(&made, fmt::format("kubectl -n {} describe {} {}", workload.space, workload.kind, workload.name),
          "shows its conditions and events");
}

// Where no pod is in the bundle: the workloads (of the namespace that is named), if all are available.
void tell_workloads(const Survey& survey, double weight, Observations* out) {
  std::vector<const Object*> all;
  for (const char* kind : {"deployment", "statefulset", "daemonset"}) {
    for (const Object* workload : survey.each(kind)) all.push_back(workload);
  }
  const bool one_named =
      std::any_of(all.begin(), all.end(), [&](const Object* one) { return survey.names(one->space); });
  Observations found;
  for (const Object* workload : all) {
    if (one_named && !survey.names(workload->space)) continue;
    const std::size_t before = found.size();
    tell_workload(survey, *workload, weight, &found);
    if (found.size() == before) return;  // one that is not available, or whose status is not known
  }
  for (Observation& observation : found) out->push_back(std::move(observation));
}

}  // namespace

void detect_health(const Survey& survey, Observations* out) {
  const double weight = asks_whether(survey) ? 0.52 : 0.32;
  const std::size_t before = out->size();
  for (const char* kind : {"deployment", "statefulset", "daemonset"}) {
    for (const Object* workload : survey.each(kind)) {
      if (survey.names(workload->name)) tell_workload(survey, *workload, weight, out);
    }
  }
  for (const Object* pod : survey.each("pod")) {
    const bool named = survey.names(pod->name) || survey.names(workload_of(*pod).second);
    const bool runs = pod_health(*pod) == Health::healthy && (*pod)["status"]["phase"].text() != "Succeeded";
    if (named && runs && out->size() == before) tell_pod(survey, *pod, weight, out);
  }
  if (out->size() > before) return;
  // Nothing is named: every pod that there is, or every one of the namespace that is named.
  std::vector<const Object*> looked;
  std::set<std::string> spaces;
  std::int64_t restarts = 0;
  for (const Object* pod : survey.each("pod")) spaces.insert(pod->space);
  const bool one_named = std::any_of(spaces.begin(), spaces.end(),
                                     [&](const std::string& space) { return survey.names(space); });
  for (const Object* pod : survey.each("pod")) {
    if (one_named && !survey.names(pod->space)) continue;
    if (pod_health(*pod) != Health::healthy) return;
    restarts = std::max(restarts, restarts_of(*pod));
    looked.push_back(pod);
  }
  if (looked.empty()) {
    tell_workloads(survey, weight, out);
    return;
  }
  // Pods that run again after a restart are well now; only where the question leaves it open is that enough.
  if (restarts > (asks_whether(survey) ? 3 : 0)) return;
  const std::string where = one_named ? fmt::format(" in namespace {}", looked.front()->space) : "";
  Observation& made = report(
      out, "no-fault", weight * 0.8, *looked.front(),
      looked.size() == 1
          ? fmt::format(
                "No fault found: {} is Running and Ready (or completed) with {} restarts; it is healthy.",
                described(*looked[0]), restarts)
          : fmt::format(
                "No fault found: all {} pods{} are Running and Ready (or completed) with {} restarts; "
                "they are healthy.",
                looked.size(), where, restarts == 0 ? "0" : fmt::format("at most {}", restarts)));
  made.verdict = Verdict::no_fault;
  for (const Object* pod : looked) cite(&made, *pod, ready_of(*pod), "a pod that is Ready");
  looked_for(&made, survey, "pod", one_named ? looked.front()->space : "*");
}

}  // namespace carrel
