// What the columns of each kind's table mean in the API's shape.
#include <algorithm>
#include <charconv>
#include <map>
#include <utility>

#include "base/text.h"
#include "room/bundle/kubectl_table.h"
#include "room/bundle/kubectl_value.h"

namespace carrel::kubectl {
namespace {

constexpr std::int64_t most_containers = 64;

bool is_one_of(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

// "2/3"; false where the text is none.
bool read_ratio(std::string_view text, std::int64_t* part, std::int64_t* whole) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return false;
  const auto number = [](std::string_view digits, std::int64_t* into) {
    const auto [rest, error] = std::from_chars(digits.data(), digits.data() + digits.size(), *into);
    return error == std::errc() && rest == digits.data() + digits.size() && *into >= 0;
  };
  return number(text.substr(0, slash), part) && number(text.substr(slash + 1), whole);
}

void set_labels(const Row& row, Value* object) {
  set_pairs(object, {"metadata", "labels"}, row.cell("LABELS"), row.line);
}

// CONTAINERS and IMAGES, in step.
void set_containers(const Row& row, Value* spec) {
  const std::vector<std::string_view> names = split(row.cell("CONTAINERS"), ',');
  const std::vector<std::string_view> images = split(row.cell("IMAGES"), ',');
  if (names.size() > static_cast<std::size_t>(most_containers)) return;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (is_nothing(names[i])) continue;
    Value& container = append(spec, {"containers"}, empty_object(row.line));
    set_text(&container, {"name"}, names[i], row.line);
    if (i < images.size()) set_text(&container, {"image"}, images[i], row.line);
  }
}

// How kubectl's printPod words a container's state
// (k8s.io/kubernetes/pkg/printers/internalversion/printers.go).
void set_container_state(std::string_view reason, std::uint32_t line, Value* status) {
  if (take_prefix(&reason, "ExitCode:")) {
    set_number(status, {"state", "terminated", "exitCode"}, reason, line);
  } else if (take_prefix(&reason, "Signal:")) {
    set_number(status, {"state", "terminated", "signal"}, reason, line);
  } else if (is_one_of(reason, {"Completed", "Error", "OOMKilled", "ContainerCannotRun", "StartError",
                                "ContainerStatusUnknown"})) {
    set_text(status, {"state", "terminated", "reason"}, reason, line);
  } else {
    set_text(status, {"state", "waiting", "reason"}, reason, line);
  }
}

void pod_from_row(const Row& row, Value* object) {
  const std::uint32_t line = row.line;
  std::int64_t ready = 0, containers = 0;
  const bool counted = read_ratio(row.cell("READY"), &ready, &containers) && containers <= most_containers;
  if (counted) {
    for (std::int64_t i = 0; i < containers; ++i) {
      Value& status = append(object, {"status", "containerStatuses"}, empty_object(line));
      set_value(&status, {"ready"}, boolean_value(i < ready, line));
    }
    Value& condition = append(object, {"status", "conditions"}, empty_object(line));
    set_text(&condition, {"type"}, "Ready", line);
    set_text(&condition, {"status"}, ready == containers ? "True" : "False", line);
  }
  // The row sums up its containers: what is wrong is told of the first that is not ready.
  const std::size_t first_unready = counted && ready < containers ? static_cast<std::size_t>(ready) : 0;
  // Where nothing counts the containers, there is one only if the row speaks of it.
  Value unnamed;
  Value* worst = &unnamed;
  if (counted && containers > 0)
    worst = &member(object, {"status", "containerStatuses"}).items[first_unready];
  set_number(worst, {"restartCount"}, row.cell("RESTARTS"), line);

  std::string_view status = row.cell("STATUS");
  if (is_one_of(status, {"Running", "Pending", "Succeeded", "Failed", "Unknown"})) {
    set_text(object, {"status", "phase"}, status, line);
  } else if (status == "Terminating") {
    set_text(object, {"metadata", "deletionTimestamp"}, status, line);
  } else if (is_one_of(status,
                       {"Evicted", "NodeLost", "NodeAffinity", "NodeShutdown", "OutOfcpu", "OutOfmemory",
                        "OutOfpods", "OutOfephemeral-storage", "Preempting", "Shutdown", "Terminated",
                        "UnexpectedAdmissionError", "DeadlineExceeded", "SchedulingGated"})) {
    set_text(object, {"status", "reason"}, status, line);
  } else if (take_prefix(&status, "Init:")) {
    Value& init = append(object, {"status", "initContainerStatuses"}, empty_object(line));
    std::int64_t done = 0, all = 0;
    if (read_ratio(status, &done, &all)) {
      set_value(&init, {"ready"}, boolean_value(false, line));
      set_text(worst, {"state", "waiting", "reason"}, "PodInitializing", line);
    } else {
      set_container_state(status, line, &init);
    }
  } else if (status != "NotReady") {
    set_container_state(status, line, worst);
  }
  if (unnamed.exists()) append(object, {"status", "containerStatuses"}, std::move(unnamed));
  set_text(object, {"status", "podIP"}, row.cell("IP"), line);
  set_text(object, {"spec", "nodeName"}, row.cell("NODE"), line);
  set_text(object, {"status", "nominatedNodeName"}, row.cell("NOMINATED NODE"), line);
  set_labels(row, object);
}

void node_from_row(const Row& row, Value* object) {
  const std::uint32_t line = row.line;
  for (const std::string_view state : split(row.cell("STATUS"), ',')) {
    if (state == "SchedulingDisabled") {
      set_value(object, {"spec", "unschedulable"}, boolean_value(true, line));
    } else if (is_one_of(state, {"Ready", "NotReady", "Unknown", "True", "False"})) {
      Value& condition = append(object, {"status", "conditions"}, empty_object(line));
      set_text(&condition, {"type"}, "Ready", line);
      const bool good = state == "Ready" || state == "True";
      set_text(&condition, {"status"}, good ? "True" : state == "Unknown" ? "Unknown" : "False", line);
    }
  }
  set_text(object, {"status", "nodeInfo", "kubeletVersion"}, row.cell("VERSION"), line);
  set_text(object, {"status", "nodeInfo", "osImage"}, row.cell("OS-IMAGE"), line);
  set_text(object, {"status", "nodeInfo", "kernelVersion"}, row.cell("KERNEL-VERSION"), line);
  set_text(object, {"status", "nodeInfo", "containerRuntimeVersion"}, row.cell("CONTAINER-RUNTIME"), line);
  set_labels(row, object);
}

// READY as "1/3", or the columns of before 1.12.
void set_replicas(const Row& row, Value* object) {
  std::int64_t ready = 0, wanted = 0;
  if (read_ratio(row.cell("READY"), &ready, &wanted)) {
    set_value(object, {"spec", "replicas"}, number_value(wanted, row.line));
    set_value(object, {"status", "readyReplicas"}, number_value(ready, row.line));
  } else {
    set_number(object, {"status", "readyReplicas"}, row.cell("READY"), row.line);
  }
  set_number(object, {"spec", "replicas"}, row.cell("DESIRED"), row.line);
  set_number(object, {"status", "replicas"}, row.cell("CURRENT"), row.line);
  set_number(object, {"status", "updatedReplicas"}, row.cell("UP-TO-DATE"), row.line);
  set_number(object, {"status", "availableReplicas"}, row.cell("AVAILABLE"), row.line);
}

void workload_from_row(const Row& row, Value* object) {
  set_replicas(row, object);
  set_selector(object, {"spec", "selector"}, row.cell("SELECTOR"), row.line);
  if (row.has("CONTAINERS")) set_containers(row, &member(object, {"spec", "template", "spec"}));
  set_labels(row, object);
}

void daemonset_from_row(const Row& row, Value* object) {
  set_number(object, {"status", "desiredNumberScheduled"}, row.cell("DESIRED"), row.line);
  set_number(object, {"status", "currentNumberScheduled"}, row.cell("CURRENT"), row.line);
  set_number(object, {"status", "numberReady"}, row.cell("READY"), row.line);
  set_number(object, {"status", "updatedNumberScheduled"}, row.cell("UP-TO-DATE"), row.line);
  set_number(object, {"status", "numberAvailable"}, row.cell("AVAILABLE"), row.line);
  set_pairs(object, {"spec", "template", "spec", "nodeSelector"}, row.cell("NODE SELECTOR"), row.line);
  set_selector(object, {"spec", "selector"}, row.cell("SELECTOR"), row.line);
  if (row.has("CONTAINERS")) set_containers(row, &member(object, {"spec", "template", "spec"}));
  set_labels(row, object);
}

void job_from_row(const Row& row, Value* object) {
  std::int64_t done = 0, wanted = 0;
  std::string_view completions = row.cell("COMPLETIONS");
  if (read_ratio(completions.substr(0, completions.find(' ')), &done, &wanted)) {
    set_value(object, {"spec", "completions"}, number_value(wanted, row.line));
    set_value(object, {"status", "succeeded"}, number_value(done, row.line));
  }
  const std::string_view status = row.cell("STATUS");
  if (status == "Failed" || status == "Complete" || status == "Suspended") {
    Value& condition = append(object, {"status", "conditions"}, empty_object(row.line));
    set_text(&condition, {"type"}, status, row.line);
    set_text(&condition, {"status"}, "True", row.line);
  }
  set_selector(object, {"spec", "selector"}, row.cell("SELECTOR"), row.line);
  if (row.has("CONTAINERS")) set_containers(row, &member(object, {"spec", "template", "spec"}));
  set_labels(row, object);
}

void cronjob_from_row(const Row& row, Value* object) {
  set_text(object, {"spec", "schedule"}, row.cell("SCHEDULE"), row.line);
  set_text(object, {"spec", "timeZone"}, row.cell("TIMEZONE"), row.line);
  set_boolean(object, {"spec", "suspend"}, row.cell("SUSPEND"), row.line);
  if (row.has("CONTAINERS")) {
    set_containers(row, &member(object, {"spec", "jobTemplate", "spec", "template", "spec"}));
  }
  set_labels(row, object);
}

// "http:80:30080/TCP", "80/TCP", "80:30080/TCP".
void service_from_row(const Row& row, Value* object) {
  set_text(object, {"spec", "type"}, row.cell("TYPE"), row.line);
  set_text(object, {"spec", "clusterIP"}, row.cell("CLUSTER-IP"), row.line);
  const std::string_view outside = row.cell("EXTERNAL-IP");
  if (outside == "<pending>") {
    set_value(object, {"status", "loadBalancer"}, empty_object(row.line));
  } else if (!is_nothing(outside) && row.cell("TYPE") == "ExternalName") {
    set_text(object, {"spec", "externalName"}, outside, row.line);
  } else if (!is_nothing(outside)) {
    Value& ingress = append(object, {"status", "loadBalancer", "ingress"}, empty_object(row.line));
    set_text(&ingress, {"ip"}, outside.substr(0, outside.find(',')), row.line);
  }
  for (const std::string_view part : split(row.cell("PORT(S)"), ',')) {
    if (is_nothing(part)) continue;
    Value& port = append(object, {"spec", "ports"}, empty_object(row.line));
    const std::size_t slash = part.find('/');
    const std::string_view numbers = part.substr(0, slash);
    set_number(&port, {"port"}, numbers, row.line);
    const std::size_t colon = numbers.find(':');
    if (colon != std::string_view::npos) set_number(&port, {"nodePort"}, numbers.substr(colon + 1), row.line);
    if (slash != std::string_view::npos) set_text(&port, {"protocol"}, part.substr(slash + 1), row.line);
  }
  set_pairs(object, {"spec", "selector"}, row.cell("SELECTOR"), row.line);
  set_labels(row, object);
}

// "10.0.0.1:80,10.0.0.2:80 + 3 more..."; no subsets where nothing stands behind the service.
void endpoints_from_row(const Row& row, Value* object) {
  if (!row.has("ENDPOINTS")) return;
  set_value(object, {"subsets"}, empty_array(row.line));
  std::string_view list = row.cell("ENDPOINTS");
  list = list.substr(0, list.find(' '));
  if (is_nothing(list)) return;
  Value& subset = append(object, {"subsets"}, empty_object(row.line));
  for (const std::string_view part : split(list, ',')) {
    const std::size_t colon = part.rfind(':');
    Value& address = append(&subset, {"addresses"}, empty_object(row.line));
    set_text(&address, {"ip"}, part.substr(0, colon), row.line);
    if (colon == std::string_view::npos || subset["ports"].exists()) continue;
    set_number(&append(&subset, {"ports"}, empty_object(row.line)), {"port"}, part.substr(colon + 1),
               row.line);
  }
}

void claim_from_row(const Row& row, Value* object) {
  set_text(object, {"status", "phase"}, row.cell("STATUS"), row.line);
  set_text(object, {"spec", "volumeName"}, row.cell("VOLUME"), row.line);
  set_text(object, {"status", "capacity", "storage"}, row.cell("CAPACITY"), row.line);
  set_text(object, {"spec", "storageClassName"}, row.cell("STORAGECLASS"), row.line);
  for (const std::string_view mode : split(row.cell("ACCESS MODES"), ',')) {
    append(object, {"spec", "accessModes"}, text_value(mode, row.line));
  }
  set_labels(row, object);
}

void volume_from_row(const Row& row, Value* object) {
  set_text(object, {"status", "phase"}, row.cell("STATUS"), row.line);
  set_text(object, {"status", "reason"}, row.cell("REASON"), row.line);
  set_text(object, {"spec", "capacity", "storage"}, row.cell("CAPACITY"), row.line);
  set_text(object, {"spec", "persistentVolumeReclaimPolicy"}, row.cell("RECLAIM POLICY"), row.line);
  set_text(object, {"spec", "storageClassName"}, row.cell("STORAGECLASS"), row.line);
  for (const std::string_view mode : split(row.cell("ACCESS MODES"), ',')) {
    append(object, {"spec", "accessModes"}, text_value(mode, row.line));
  }
  const std::string_view claim = row.cell("CLAIM");
  if (const std::size_t slash = claim.find('/'); slash != std::string_view::npos) {
    set_text(object, {"spec", "claimRef", "namespace"}, claim.substr(0, slash), row.line);
    set_text(object, {"spec", "claimRef", "name"}, claim.substr(slash + 1), row.line);
  }
  set_labels(row, object);
}

void storageclass_from_row(const Row& row, Value* object) {
  set_text(object, {"provisioner"}, row.cell("PROVISIONER"), row.line);
  set_text(object, {"reclaimPolicy"}, row.cell("RECLAIMPOLICY"), row.line);
  set_text(object, {"volumeBindingMode"}, row.cell("VOLUMEBINDINGMODE"), row.line);
  set_boolean(object, {"allowVolumeExpansion"}, row.cell("ALLOWVOLUMEEXPANSION"), row.line);
  if (row.cell("NAME").ends_with("(default)")) {
    set_text(object, {"metadata", "annotations", "storageclass.kubernetes.io/is-default-class"}, "true",
             row.line);
  }
}

// "<unknown>/50%", "cpu: 3%/50%", "cpu: <unknown>/50%, memory: 10%/80%".
void autoscaler_from_row(const Row& row, Value* object) {
  const std::string_view reference = row.cell("REFERENCE");
  if (const std::size_t slash = reference.find('/'); slash != std::string_view::npos) {
    set_text(object, {"spec", "scaleTargetRef", "kind"}, reference.substr(0, slash), row.line);
    set_text(object, {"spec", "scaleTargetRef", "name"}, reference.substr(slash + 1), row.line);
  }
  for (std::string_view target : split(row.cell("TARGETS"), ',')) {
    std::string_view resource = "cpu";
    if (const std::size_t colon = target.find(": "); colon != std::string_view::npos) {
      resource = target.substr(0, colon);
      target.remove_prefix(colon + 2);
    }
    const std::size_t slash = target.find('/');
    if (slash == std::string_view::npos) continue;
    for (const bool current : {true, false}) {
      Value metric = empty_object(row.line);
      set_text(&metric, {"type"}, "Resource", row.line);
      set_text(&metric, {"resource", "name"}, resource, row.line);
      const std::string_view number = trim(current ? target.substr(0, slash) : target.substr(slash + 1));
      if (current && number == "<unknown>") continue;
      const bool percent = number.ends_with('%');
      const char* field = current ? "current" : "target";
      if (percent) {
        set_number(&metric, {"resource", field, "averageUtilization"}, number, row.line);
      } else {
        set_text(&metric, {"resource", field, "averageValue"}, number, row.line);
      }
      if (current) {
        append(object, {"status", "currentMetrics"}, std::move(metric));
      } else {
        append(object, {"spec", "metrics"}, std::move(metric));
      }
    }
  }
  if (!row.cell("TARGETS").empty() && !(*object)["status"]["currentMetrics"].exists()) {
    set_value(object, {"status", "currentMetrics"}, empty_array(row.line));
  }
  set_number(object, {"spec", "minReplicas"}, row.cell("MINPODS"), row.line);
  set_number(object, {"spec", "maxReplicas"}, row.cell("MAXPODS"), row.line);
  set_number(object, {"status", "currentReplicas"}, row.cell("REPLICAS"), row.line);
}

void ingress_from_row(const Row& row, Value* object) {
  set_text(object, {"spec", "ingressClassName"}, row.cell("CLASS"), row.line);
  for (const std::string_view host : split(row.cell("HOSTS"), ',')) {
    Value& rule = append(object, {"spec", "rules"}, empty_object(row.line));
    if (host != "*") set_text(&rule, {"host"}, host, row.line);
  }
  for (const std::string_view address : split(row.cell("ADDRESS"), ',')) {
    set_text(&append(object, {"status", "loadBalancer", "ingress"}, empty_object(row.line)), {"ip"}, address,
             row.line);
  }
}

void policy_from_row(const Row& row, Value* object) {
  if (!row.has("POD-SELECTOR")) return;
  set_value(object, {"spec", "podSelector"}, empty_object(row.line));
  set_selector(object, {"spec", "podSelector"}, row.cell("POD-SELECTOR"), row.line);
}

void budget_from_row(const Row& row, Value* object) {
  const auto amount = [&](const char* column, const char* field) {
    if (row.cell(column) != "N/A") set_text(object, {"spec", field}, row.cell(column), row.line);
  };
  amount("MIN AVAILABLE", "minAvailable");
  amount("MAX UNAVAILABLE", "maxUnavailable");
  set_number(object, {"status", "disruptionsAllowed"}, row.cell("ALLOWED DISRUPTIONS"), row.line);
}

void phase_from_row(const Row& row, Value* object) {
  set_text(object, {"status", "phase"}, row.cell("STATUS"), row.line);
  set_labels(row, object);
}

void metrics_from_row(const Row& row, Value* object) {
  if (row.has("POD")) {
    Value& container = append(object, {"containers"}, empty_object(row.line));
    set_text(&container, {"name"}, row.cell("NAME"), row.line);
    set_text(&container, {"usage", "cpu"}, row.cell("CPU(cores)"), row.line);
    set_text(&container, {"usage", "memory"}, row.cell("MEMORY(bytes)"), row.line);
    return;
  }
  set_text(object, {"usage", "cpu"}, row.cell("CPU(cores)"), row.line);
  set_text(object, {"usage", "memory"}, row.cell("MEMORY(bytes)"), row.line);
  // Of a node's capacity; no field of the API.
  for (const char* column : {"CPU%", "CPU(%)"})
    set_text(object, {"usage", "cpuPercent"}, row.cell(column), row.line);
  for (const char* column : {"MEMORY%", "MEMORY(%)"}) {
    set_text(object, {"usage", "memoryPercent"}, row.cell(column), row.line);
  }
}

void secret_from_row(const Row& row, Value* object) {
  set_text(object, {"type"}, row.cell("TYPE"), row.line);
}

void binding_from_row(const Row& row, Value* object) {
  const std::string_view role = row.cell("ROLE");
  const std::size_t slash = role.find('/');
  if (slash == std::string_view::npos) return;
  set_text(object, {"roleRef", "kind"}, role.substr(0, slash), row.line);
  set_text(object, {"roleRef", "name"}, role.substr(slash + 1), row.line);
}

// Kinds of somebody's own print their conditions: "READY  False", "STATUS  Bound".
void other_from_row(const Row& row, Value* object) {
  const std::string_view ready = row.cell("READY");
  if (is_one_of(ready, {"True", "False", "Unknown"})) {
    Value& condition = append(object, {"status", "conditions"}, empty_object(row.line));
    set_text(&condition, {"type"}, "Ready", row.line);
    set_text(&condition, {"status"}, ready, row.line);
    set_text(&condition, {"message"}, row.cell("STATUS"), row.line);
  } else {
    set_text(object, {"status", "phase"}, row.cell("STATUS"), row.line);
  }
  set_labels(row, object);
}

void release_from_row(const Row& row, Value* object) {
  set_text(object, {"spec", "chart"}, row.cell("CHART"), row.line);
  set_text(object, {"status", "revision"}, row.cell("REVISION"), row.line);
  set_text(object, {"status", "phase"}, row.cell("STATUS"), row.line);
  set_text(object, {"status", "description"}, row.cell("DESCRIPTION"), row.line);
}

void backup_from_row(const Row& row, Value* object) {
  set_text(object, {"status", "phase"}, row.cell("STATUS"), row.line);
  set_text(object, {"status", "errors"}, row.cell("ERRORS"), row.line);
  set_text(object, {"status", "warnings"}, row.cell("WARNINGS"), row.line);
}

using Filler = void (*)(const Row&, Value*);

}  // namespace

void fill_from_row(const std::string& kind, const Row& row, Value* object) {
  static const std::map<std::string_view, Filler> fillers = {
      {"pod", pod_from_row},
      {"node", node_from_row},
      {"deployment", workload_from_row},
      {"statefulset", workload_from_row},
      {"replicaset", workload_from_row},
      {"replicationcontroller", workload_from_row},
      {"daemonset", daemonset_from_row},
      {"job", job_from_row},
      {"cronjob", cronjob_from_row},
      {"service", service_from_row},
      {"endpoints", endpoints_from_row},
      {"persistentvolumeclaim", claim_from_row},
      {"persistentvolume", volume_from_row},
      {"storageclass", storageclass_from_row},
      {"horizontalpodautoscaler", autoscaler_from_row},
      {"ingress", ingress_from_row},
      {"networkpolicy", policy_from_row},
      {"poddisruptionbudget", budget_from_row},
      {"namespace", phase_from_row},
      {"podmetrics", metrics_from_row},
      {"nodemetrics", metrics_from_row},
      {"secret", secret_from_row},
      {"rolebinding", binding_from_row},
      {"clusterrolebinding", binding_from_row},
      {"release", release_from_row},
      {"backup", backup_from_row},
  };
  const auto filler = fillers.find(kind);
  if (filler != fillers.end()) {
    filler->second(row, object);
  } else {
    other_from_row(row, object);
  }
}

}  // namespace carrel::kubectl
