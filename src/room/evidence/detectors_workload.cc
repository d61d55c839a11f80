// Workloads: rollouts that do not get on, replicas that nobody wants, selectors that do not fit their own
// template, StatefulSets that wait for their first pod.
#include <algorithm>

#include <fmt/format.h>

#include "room/evidence/detectors.h"

namespace carrel {
namespace {

void suggest_workload(Observation* made, const Object& workload) {
  suggest(made, fmt::format("kubectl -n {} describe {} {}", workload.space, workload.kind, workload.name),
          "shows its conditions and events");
  suggest(made, fmt::format("kubectl get pods -n {}", workload.space), "shows the state of its pods");
}

void check_conditions(const Object& workload, Observations* out) {
  for (const Value& condition : workload["status"]["conditions"].items) {
    const std::string_view reason = condition["reason"].text();
    const std::string_view type = condition["type"].text();
    std::string cause;
    double weight = 0.4;
    if (reason == "ProgressDeadlineExceeded") {
      cause = fmt::format(
          "The rollout of {} is stuck: it exceeded its progress deadline (ProgressDeadlineExceeded) because "
          "its "
          "new pods do not become ready.",
          described(workload));
    } else if (type == "Available" && condition["status"].text() == "False") {
      cause = fmt::format(
          "{} is not available: {}", described(workload),
          condition["message"].exists() ? brief(condition["message"].text(), 180) : std::string(reason));
      weight = 0.26;
    } else {
      continue;
    }
    Observation& made =
        report(out, type == "Available" ? "workload-unavailable" : "rollout-stuck", weight, workload, cause);
    cite_span(&made, workload, condition["message"].exists() ? condition["message"] : condition["status"],
              condition["reason"], "its condition");
    suggest_workload(&made, workload);
    lack(&made, "the state and logs of its new pods");
  }
}

void check_replicas(const Survey& survey, const Object& workload, Observations* out) {
  const Value& spec = workload["spec"];
  const Value& replicas = spec["replicas"];
  if (replicas.text() == "0" && workload.kind != "replicaset" && workload.source != Object::Source::table) {
    // The cluster's own resolver is never meant to be away.
    const bool matters =
        survey.names(workload.name) || workload.name == "coredns" || workload.name == "kube-dns";
    Observation& made =
        report(out, "workload-zero-replicas", matters ? 0.82 : 0.4, workload,
               fmt::format("{} is scaled to 0 replicas, so no pod of it runs.", described(workload)));
    cite(&made, workload, replicas, "how many replicas it wants");
    suggest_workload(&made, workload);
  }
  if (spec["paused"].is_true()) {
    Observation& made = report(
        out, "rollout-paused", 0.66, workload,
        fmt::format("The rollout of {} is paused (spec.paused is true), so changes of its template are not "
                    "rolled out.",
                    described(workload)));
    cite(&made, workload, spec["paused"], "it is paused");
    suggest_workload(&made, workload);
  }
  const Value& rolling = spec["strategy"]["rollingUpdate"];
  const auto zero = [](const Value& value) { return value.text() == "0" || value.text() == "0%"; };
  if (zero(rolling["maxUnavailable"]) && zero(rolling["maxSurge"])) {
    Observation& made = report(
        out, "rollout-no-room", 0.8, workload,
        fmt::format("{} cannot roll out: maxUnavailable and maxSurge are both 0.", described(workload)));
    cite(&made, workload, rolling, "its rolling update");
    suggest_workload(&made, workload);
  }
  const Value& selector = spec["selector"];
  const Value& labels = spec["template"]["metadata"]["labels"];
  // The API server takes no such object: one with a status of its own was never written so.
  if (tells_all(workload) && !workload["status"]["observedGeneration"].exists() &&
      selector["matchLabels"].size() > 0 && labels.exists() && !selects(selector["matchLabels"], labels)) {
    Observation& made = report(
        out, "workload-selector", 0.9, workload,
        fmt::format("{} is invalid: its selector {} does not match the labels {} of its own pod template.",
                    described(workload), brief(label_text(selector["matchLabels"]), 80),
                    brief(label_text(labels), 80)));
    cite(&made, workload, selector, "its selector");
    cite(&made, workload, labels, "the labels of its template");
    suggest_workload(&made, workload);
  }
}

void check_stateful(const Survey& survey, const Object& set, Observations* out) {
  const Value& service = set["spec"]["serviceName"];
  if (!service.text().empty() && survey.lacks("service", set.space, service.text())) {
    const std::string near = nearest(survey, "service", set.space, service.text());
    const auto pods = survey.selected(set.space, set["spec"]["selector"]["matchLabels"]);
    const bool all_well = !pods.empty() && std::ranges::all_of(pods, [](const PodSpec* pod) {
      return !pod->is_pod || pod->health == Health::healthy;
    });
    Observation& made = report_missing(
        out, "stateful-service-missing", all_well ? 0.3 : 0.62, "service", set.space, service.text(),
        fmt::format("{} names the headless Service {} (serviceName), which does not exist, so its pods have "
                    "no DNS names of their own{}.",
                    described(set), service.text(), near.empty() ? "" : fmt::format("; there is {}", near)));
    cite(&made, set, service, "the Service it names");
    if (const Object* one = survey.find("service", set.space, near))
      cite(&made, *one, (*one)["metadata"]["name"], "the Service there is");
    looked_for(&made, survey, "service", set.space);
    suggest_workload(&made, set);
  }
  if (set["spec"]["podManagementPolicy"].text() == "Parallel") return;
  const auto replicas = set["spec"]["replicas"].integer().value_or(1);
  for (std::int64_t i = 0; i + 1 < replicas && i < 1000; ++i) {
    const Object* pod = survey.find("pod", set.space, fmt::format("{}-{}", set.name, i));
    if (pod == nullptr || pod_health(*pod) != Health::unhealthy) continue;
    if (survey.find("pod", set.space, fmt::format("{}-{}", set.name, i + 1)) != nullptr) return;
    Observation& made = report(
        out, "stateful-order", 0.34, set,
        fmt::format(
            "{} waits for its pod {}, which is not ready: the pods after it are created in order, only when "
            "it is (podManagementPolicy OrderedReady)",
            described(set), pod->name));
    cite(&made, *pod, (*pod)["status"]["phase"], "the state of the pod it waits for");
    cite(&made, set, set["spec"]["replicas"], "how many replicas it wants");
    if (set["spec"]["podManagementPolicy"].exists())
      cite(&made, set, set["spec"]["podManagementPolicy"], "how it makes them");
    suggest_workload(&made, set);
    return;
  }
}

// A rolling update that is told to stop at an ordinal leaves the pods before it as they were.
void check_partition(const Object& set, Observations* out) {
  const Value& partition = set["spec"]["updateStrategy"]["rollingUpdate"]["partition"];
  const Value& status = set["status"];
  const Value& updated = status["updateRevision"];
  const auto from = partition.integer().value_or(0);
  if (from <= 0 || updated.text().empty() || updated.text() == status["currentRevision"].text()) return;
  Observation& made = report(
      out, "rollout-partition", 0.66, set,
      fmt::format("The rolling update of {} stops at its partition of {}: only pods with an ordinal of {} or "
                  "more are updated, the others stay at the old revision.",
                  described(set), from, from));
  cite(&made, set, partition, "up to which ordinal pods stay as they are");
  cite(&made, set, updated, "the revision that is rolled out");
  cite(&made, set, status["currentRevision"], "the revision of the others");
  suggest_workload(&made, set);
}

void check_daemons(const Object& set, Observations* out) {
  const auto wanted = set["status"]["desiredNumberScheduled"].integer();
  const auto ready = set["status"]["numberReady"].integer();
  if (!wanted || !ready || *ready >= *wanted) return;
  Observation& made =
      report(out, "daemons-missing", 0.34, set,
             fmt::format("{} is ready on only {} of {} nodes.", described(set), *ready, *wanted));
  cite(&made, set, set["status"]["numberReady"], "on how many nodes it is ready");
  cite(&made, set, set["status"]["desiredNumberScheduled"], "on how many nodes it is to run");
  suggest_workload(&made, set);
}

}  // namespace

void detect_rollouts(const Survey& survey, Observations* out) {
  for (const char* kind : {"deployment", "statefulset", "replicaset"}) {
    for (const Object* workload : survey.each(kind)) {
      check_conditions(*workload, out);
      check_replicas(survey, *workload, out);
    }
  }
  for (const Object* set : survey.each("statefulset")) {
    check_stateful(survey, *set, out);
    check_partition(*set, out);
  }
  for (const Object* set : survey.each("daemonset")) check_daemons(*set, out);
}

}  // namespace carrel
