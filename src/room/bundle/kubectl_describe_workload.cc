// Deployments, ReplicaSets, StatefulSets, DaemonSets, Jobs and CronJobs of `kubectl describe`.
#include <string>
#include <utility>

#include "base/text.h"
#include "room/bundle/kubectl_describe.h"
#include "room/bundle/kubectl_value.h"

namespace carrel::kubectl {
namespace {

struct Field {
  const char* key;
  std::initializer_list<std::string_view> path;
};

void take_numbers(const Part& root, std::initializer_list<Field> fields, Value* object) {
  for (const Field& field : fields) {
    const Part part = root.child(field.key);
    set_number(object, field.path, part.value(), part.line());
  }
}

// "1 desired | 1 updated | 1 total | 0 available | 1 unavailable", "3 desired | 3 total", "2 current / 3
// desired"
void describe_replicas(const Part& part, Value* object) {
  const char separator = part.value().find('|') != std::string_view::npos ? '|' : '/';
  for (const std::string_view count : split(part.value(), separator)) {
    const std::string_view word = count.substr(count.rfind(' ') + 1);
    if (word == "desired") set_number(object, {"spec", "replicas"}, count, part.line());
    if (word == "total" || word == "current") set_number(object, {"status", "replicas"}, count, part.line());
    if (word == "updated") set_number(object, {"status", "updatedReplicas"}, count, part.line());
    if (word == "available") set_number(object, {"status", "availableReplicas"}, count, part.line());
    if (word == "unavailable") set_number(object, {"status", "unavailableReplicas"}, count, part.line());
  }
}

// "0 Active (0 Ready) / 0 Succeeded / 5 Failed", older "1 Running / 0 Succeeded / 0 Failed"
void describe_job_pods(const Part& part, Value* object) {
  for (const std::string_view count : split(part.value(), '/')) {
    if (count.find("Active") != std::string_view::npos || count.find("Running") != std::string_view::npos) {
      set_number(object, {"status", "active"}, count, part.line());
    } else if (count.find("Succeeded") != std::string_view::npos) {
      set_number(object, {"status", "succeeded"}, count, part.line());
    } else if (count.find("Failed") != std::string_view::npos) {
      set_number(object, {"status", "failed"}, count, part.line());
    }
  }
}

void describe_claim_templates(const Part& part, Value* object) {
  Value claim;
  const auto close = [&] {
    if (claim.exists()) append(object, {"spec", "volumeClaimTemplates"}, std::exchange(claim, Value()));
  };
  for (const Part& line : part.children()) {
    if (line.key() == "Name") {
      close();
      claim = empty_object(line.line());
      set_text(&claim, {"metadata", "name"}, line.value(), line.line());
    } else if (line.key() == "StorageClass") {
      set_text(&claim, {"spec", "storageClassName"}, line.value(), line.line());
    } else if (line.key() == "Capacity") {
      set_text(&claim, {"spec", "resources", "requests", "storage"}, line.value(), line.line());
    }
  }
  close();
}

void describe_selector(const Part& part, Value* object) {
  for (const Part::Word& word : part.values())
    set_selector(object, {"spec", "selector"}, word.text, word.line);
}

void describe_job_spec(const Part& root, Value* spec) {
  take_numbers(root,
               {{"Parallelism", {"parallelism"}},
                {"Completions", {"completions"}},
                {"Backoff Limit", {"backoffLimit"}},
                {"Active Deadline Seconds", {"activeDeadlineSeconds"}},
                {"TTL Seconds After Finished", {"ttlSecondsAfterFinished"}}},
               spec);
  set_text(spec, {"completionMode"}, root.child("Completion Mode").value(),
           root.child("Completion Mode").line());
  if (root.child("Pod Template"))
    describe_pod_template(root.child("Pod Template"), &member(spec, {"template"}));
}

void describe_cronjob(const Part& root, Value* object) {
  const auto text = [&](const char* key, std::initializer_list<std::string_view> path) {
    set_text(object, path, root.child(key).value(), root.child(key).line());
  };
  text("Schedule", {"spec", "schedule"});
  text("Time Zone", {"spec", "timeZone"});
  text("Concurrency Policy", {"spec", "concurrencyPolicy"});
  set_boolean(object, {"spec", "suspend"}, root.child("Suspend").value(), root.child("Suspend").line());
  text("Last Schedule Time", {"status", "lastScheduleTime"});
  const Part active = root.child("Active Jobs");
  if (!is_nothing(active.value())) {
    for (const std::string_view name : split(active.value(), ',')) {
      Value& job = append(object, {"status", "active"}, empty_object(active.line()));
      set_text(&job, {"name"}, name, active.line());
    }
  }
  // "30s", or "<unset>"
  take_numbers(root,
               {{"Starting Deadline Seconds", {"spec", "startingDeadlineSeconds"}},
                {"Successful Job History Limit", {"spec", "successfulJobsHistoryLimit"}},
                {"Failed Job History Limit", {"spec", "failedJobsHistoryLimit"}}},
               object);
  describe_job_spec(root, &member(object, {"spec", "jobTemplate", "spec"}));
}

}  // namespace

bool describe_workload(const std::string& kind, const Part& root, Value* object) {
  if (kind == "cronjob") {
    describe_cronjob(root, object);
    return true;
  }
  if (kind != "deployment" && kind != "replicaset" && kind != "statefulset" && kind != "daemonset" &&
      kind != "job" && kind != "replicationcontroller") {
    return false;
  }
  describe_selector(root.child("Selector"), object);
  if (kind == "job") {
    describe_job_spec(root, &member(object, {"spec"}));
    describe_job_pods(root.child("Pods Statuses"), object);
    set_boolean(object, {"spec", "suspend"}, root.child("Suspend").value(), root.child("Suspend").line());
    set_text(object, {"status", "startTime"}, root.child("Start Time").value(),
             root.child("Start Time").line());
    set_text(object, {"status", "completionTime"}, root.child("Completed At").value(),
             root.child("Completed At").line());
  } else {
    describe_replicas(root.child("Replicas"), object);
    if (root.child("Pod Template")) {
      describe_pod_template(root.child("Pod Template"), &member(object, {"spec", "template"}));
    }
  }
  for (const char* key : {"StrategyType", "Update Strategy"}) {
    const char* field = kind == "deployment" ? "strategy" : "updateStrategy";
    set_text(object, {"spec", field, "type"}, root.child(key).value(), root.child(key).line());
  }
  take_numbers(root,
               {{"MinReadySeconds", {"spec", "minReadySeconds"}},
                {"Desired Number of Nodes Scheduled", {"status", "desiredNumberScheduled"}},
                {"Current Number of Nodes Scheduled", {"status", "currentNumberScheduled"}},
                {"Number of Nodes Scheduled with Up-to-date Pods", {"status", "updatedNumberScheduled"}},
                {"Number of Nodes Scheduled with Available Pods", {"status", "numberAvailable"}},
                {"Number of Nodes Misscheduled", {"status", "numberMisscheduled"}}},
               object);
  if (kind == "daemonset")
    describe_pairs(root.child("Node-Selector"), {"spec", "template", "spec", "nodeSelector"}, object);
  describe_claim_templates(root.child("Volume Claims"), object);
  describe_conditions(root.child("Conditions"), object);
  return true;
}

}  // namespace carrel::kubectl
