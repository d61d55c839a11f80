// Nodes: pressure and eviction, the kubelet, the runtime, the network plugin.
#include <fmt/format.h>

#include "incidents/kind.h"

namespace carrel::incidents {
namespace {

void evict(Scene& s, Workload& w, Node& node, const std::string& message, bool decides) {
  for (Pod& pod : w.pods) {
    pod.node = node.name;
    pod.phase = "Failed";
    pod.ready = pod.started = false;
    pod.reason = "Evicted";
    pod.message = message;
    if (decides) s.decide(pod.message);
    Json& told = s.event(w, pod, "Evicted", message, 1);
    if (decides) s.decide(told);
  }
}

void press(Scene& s, Node& node, const std::string& type, const std::string& reason,
           const std::string& message) {
  Json& condition = node.condition(type);
  condition["status"] = "True";
  condition["reason"] = reason;
  condition["message"] = message;
  condition["lastTransitionTime"] = rfc3339(s.world.trouble);
  s.decide(condition["message"]);
  s.decide(condition["reason"]);
}

void disk_pressure(Scene& s) {
  Workload& w = s.victim();
  Node& node = s.worker();
  press(s, node, "DiskPressure", "KubeletHasDiskPressure", "kubelet has disk pressure");
  node.disk_used = s.random.between(93, 99);
  node.taints.add(Json::object({{"key", "node.kubernetes.io/disk-pressure"}, {"effect", "NoSchedule"}}));
  s.decide(s.event("Node", "", node.name, "EvictionThresholdMet", "Attempting to reclaim ephemeral-storage",
                   s.random.between(5, 80)));
  s.decide(s.event("Node", "", node.name, "FreeDiskSpaceFailed",
                   fmt::format("Failed to garbage collect required amount of images. Attempted to free {} "
                               "bytes, but only found 0 bytes eligible to free.",
                               1000000000ULL + s.random.below(9000000000ULL)),
                   7));
  evict(s, w, node,
        "The node was low on resource: ephemeral-storage. Threshold quantity: 10738405632, available: "
        "812344Ki. ",
        true);
  s.callers_fail(w);
  s.culprit("node", "", node.name);
  s.cause(w, "The disk of node {1} is full (DiskPressure), so the kubelet evicts the pods of {0}.",
          {node.name}, {"Pods of {0} are evicted: node {1} is low on ephemeral-storage."});
  s.expect_name({node.name, w.name});
  s.expect({"disk", "ephemeral-storage"});
}

void memory_pressure(Scene& s) {
  Workload& w = s.victim();
  Node& node = s.worker();
  press(s, node, "MemoryPressure", "KubeletHasInsufficientMemory",
        "kubelet has insufficient memory available");
  node.memory_used = 97;
  evict(s, w, node,
        fmt::format("The node was low on resource: memory. Threshold quantity: 100Mi, available: {}Ki. "
                    "Container {} was using {}Ki, request is 64Mi, has larger consumption of memory. ",
                    s.random.between(20000, 99000), w.name, s.random.between(900000, 4000000)),
        true);
  s.callers_fail(w);
  s.culprit("node", "", node.name);
  s.cause(w, "Node {1} is short of memory (MemoryPressure), so the kubelet evicts the pods of {0}.",
          {node.name}, {"{0} was evicted because node {1} was low on memory."});
  s.expect_name({node.name, w.name});
  s.expect({"memory"});
  s.expect({"evict", "pressure"});
}

void pid_pressure(Scene& s) {
  Workload& w = s.victim();
  Node& node = s.worker();
  press(s, node, "PIDPressure", "KubeletHasInsufficientPID", "kubelet has insufficient PID available");
  evict(s, w, node, "The node was low on resource: pids. Threshold quantity: 3276, available: 410. ", true);
  s.callers_fail(w);
  s.culprit("node", "", node.name);
  s.cause(w, "Node {1} runs out of process ids (PIDPressure) and evicts the pods of {0}.", {node.name},
          {"{0} is evicted: no pids are left on {1}."});
  s.expect_name({node.name, w.name});
  s.expect({"pids?\\b", "process id", "PIDPressure"});
}

void ephemeral_limit(Scene& s) {
  Workload& w = s.victim();
  const std::string limit = fmt::format("{}Mi", 128 * s.random.between(1, 8));
  w.container()["resources"]["limits"]["ephemeral-storage"] = limit;
  s.decide(w.container()["resources"]["limits"]["ephemeral-storage"]);
  evict(
      s, w, s.worker(),
      s.random.chance(50)
          ? fmt::format("Pod ephemeral local storage usage exceeds the total limit of containers {}. ", limit)
          : fmt::format("Container {} exceeded its local ephemeral storage limit \"{}\". ", w.name, limit),
      true);
  s.callers_fail(w);
  s.cause(w, "{0} is evicted because it writes more than its ephemeral-storage limit of {1}.", {limit},
          {"The local ephemeral storage of {0} exceeds {1}."});
  s.expect_name({w.name});
  s.expect({"ephemeral"});
}

void kubelet_down(Scene& s) {
  Workload& w = s.victim();
  Node& node = s.worker();
  for (Pod& pod : w.pods) pod.node = node.name;
  s.node_lost(node, "NodeStatusUnknown", "Kubelet stopped posting node status.");
  s.decide(node.condition("Ready")["message"]);
  s.decide(node.condition("Ready")["reason"]);
  s.callers_fail(w);
  s.culprit("node", "", node.name);
  s.cause(w, "Node {1} is NotReady: its kubelet stopped posting status, so {0} on it is lost.", {node.name},
          {"The kubelet of {1} does not answer any more."});
  s.expect_name({node.name});
  s.expect({"kubelet", "not ?ready", "unreachable", "status unknown", "stopped posting"});
}

void runtime_down(Scene& s) {
  Workload& w = s.victim();
  Node& node = s.worker();
  for (Pod& pod : w.pods) pod.node = node.name;
  const std::string why =
      s.random.chance(50) ? "PLEG is not healthy: pleg was last seen active 7m12.3s ago; threshold is 3m0s"
                          : "container runtime is down, PLEG is not healthy";
  s.node_lost(node, "KubeletNotReady", "[" + why + "]");
  s.decide(node.condition("Ready")["message"]);
  const std::string file = "host-logs/" + node.name + "/kubelet.log";
  s.repeat(file, {Style::klog, "kubelet", 812},
           {Level::error, "\"Skipping pod synchronization\" err=\"" + why + "\"", true}, 6);
  s.repeat("host-logs/" + node.name + "/containerd.log", {Style::syslog, node.name + " containerd[711]:", 1},
           {Level::error,
            "level=error msg=\"failed to handle event\" error=\"context deadline exceeded: shim is stuck\""},
           5);
  s.callers_fail(w);
  s.culprit("node", "", node.name);
  s.cause(w, "Node {1} is NotReady because its container runtime does not answer (PLEG is not healthy).",
          {node.name}, {"containerd on {1} hangs, so the node is not ready."});
  s.expect_name({node.name});
  s.expect({"PLEG", "runtime", "containerd"});
}

void network_plugin_missing(Scene& s) {
  Workload& w = s.victim();
  Node& node = s.worker();
  for (Pod& pod : w.pods) pod.node = node.name;
  s.node_lost(node, "KubeletNotReady",
              "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady "
              "message:Network plugin returns error: cni plugin not initialized");
  s.decide(node.condition("Ready")["message"]);
  for (Pod& pod : w.pods) {
    pod.phase = "Pending";
    s.decide(s.event(
        w, pod, "NetworkNotReady",
        "network is not ready: container runtime network not ready: NetworkReady=false "
        "reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized",
        30));
  }
  s.culprit("node", "", node.name);
  s.cause(
      w,
      "Node {1} is NotReady because its network plugin (CNI) is not initialised, so {0} cannot start there.",
      {node.name}, {"The CNI plugin is missing on {1}."});
  s.expect_name({node.name});
  s.expect({"cni", "network ?plugin", "network (is )?not ready"});
}

void sandbox_fails(Scene& s) {
  Workload& w = s.victim();
  const std::string why = s.phrase({"plugin type=\"calico\" failed (add): error getting ClusterInformation: "
                                    "connection is unauthorized: Unauthorized",
                                    "plugin type=\"bridge\" failed (add): failed to allocate for range 0: no "
                                    "IP addresses available in range set: 10.244.3.1-10.244.3.254"},
                                   {"plugin type=\"cilium-cni\" failed (add): unable to create endpoint: "
                                    "[PUT /endpoint/{id}][429] putEndpointIdTooManyRequests",
                                    "plugin type=\"aws-cni\" name=\"aws-cni\" failed (add): add cmd: failed "
                                    "to assign an IP address to container"});
  s.decide(s.hold(w, "",
                  fmt::format("Failed to create pod sandbox: rpc error: code = Unknown desc = failed to "
                              "setup network for sandbox \"{}\": {}",
                              s.random.hex(64), why),
                  "FailedCreatePodSandBox"));
  s.callers_fail(w);
  s.cause(w, "Pods of {0} stay in ContainerCreating: the network plugin cannot set up their sandbox ({1}).",
          {why.substr(0, 120)}, {"The CNI plugin fails for {0}: {1}"});
  s.expect_name({w.name});
  s.expect({"sandbox", "cni", "network plugin", "plugin type"});
}

void read_only_root(Scene& s) {
  Workload& w = s.victim();
  Node& node = s.worker();
  for (Pod& pod : w.pods) pod.node = node.name;
  Json broken = Json::object({{"type", "ReadonlyFilesystem"},
                              {"status", "True"},
                              {"lastTransitionTime", rfc3339(s.world.trouble)},
                              {"reason", "FilesystemIsReadOnly"},
                              {"message", "Filesystem is read-only"}});
  s.decide(broken["reason"]);
  s.decide(broken["message"]);
  node.conditions.add(std::move(broken));
  s.repeat("host-logs/" + node.name + "/dmesg.log", {Style::kernel, node.name, 1},
           {Level::error, "EXT4-fs (nvme0n1p1): Remounting filesystem read-only", true}, 1);
  s.repeat("host-logs/" + node.name + "/dmesg.log", {Style::kernel, node.name, 1},
           {Level::error, "blk_update_request: I/O error, dev nvme0n1, sector 21120 op 0x1:(WRITE)", true},
           3);
  s.unready(w);
  for (Pod& pod : w.pods)
    s.repeat(pod, w, {Level::error, "cannot write temporary file: read-only file system"}, 5);
  s.callers_fail(w);
  s.culprit("node", "", node.name);
  s.cause(w, "The filesystem of node {1} went read-only after I/O errors of its disk, so {0} fails there.",
          {node.name}, {"Node {1} has a broken disk: ReadonlyFilesystem."});
  s.expect_name({node.name});
  s.expect({"read-?only", "I/O error", "disk"});
}

}  // namespace

Kinds node_kinds() {
  return {
      {"node-disk-pressure", "node", "pods are evicted because the node's disk is full", disk_pressure},
      {"node-memory-pressure", "node", "pods are evicted because the node is short of memory",
       memory_pressure},
      {"node-pid-pressure", "node", "pods are evicted because the node has no process ids left",
       pid_pressure},
      {"ephemeral-limit", "node", "a pod writes more than its ephemeral-storage limit", ephemeral_limit},
      {"kubelet-down", "node", "the kubelet stopped posting status", kubelet_down},
      {"runtime-down", "node", "the container runtime of a node hangs", runtime_down},
      {"network-plugin-missing", "node", "the network plugin of a node is not there", network_plugin_missing},
      {"sandbox-fails", "node", "the network plugin cannot set up pods", sandbox_fails},
      {"node-read-only", "node", "the filesystem of a node went read-only", read_only_root, true},
  };
}

}  // namespace carrel::incidents
