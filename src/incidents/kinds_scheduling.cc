// Pods that no node takes.
#include <fmt/format.h>

#include "incidents/kind.h"

namespace carrel::incidents {
namespace {

// "0/4 nodes are available: 1 node(s) had untolerated taint {...}, 3 <why>. preemption: ..."
std::string unavailable(const Scene& s, const std::string& why) {
  const std::size_t all = s.world.nodes.size();
  std::size_t masters = 0;
  for (const Node& node : s.world.nodes) masters += node.control_plane ? 1 : 0;
  const std::string tainted =
      masters == 0
          ? ""
          : fmt::format("{} node(s) had untolerated taint {{node-role.kubernetes.io/control-plane: }}, ",
                        masters);
  return fmt::format(
      "0/{0} nodes are available: {1}{2} {3}. preemption: 0/{0} nodes are available: {0} Preemption is not "
      "helpful for scheduling.",
      all, tainted, all - masters, why);
}

void too_little(Scene& s, const char* resource, const std::string& amount, const char* word) {
  Workload& w = s.victim();
  w.container()["resources"]["requests"][resource] = amount;
  w.container()["resources"]["limits"][resource] = amount;
  s.decide(w.container()["resources"]["requests"][resource]);
  s.decide(s.leave_pending(w, unavailable(s, fmt::format("Insufficient {}", resource))));
  s.callers_fail(w);
  s.cause(
      w, fmt::format("{{0}} stays Pending: it requests {{1}} of {}, and no node has that much left.", word),
      {amount}, {fmt::format("Insufficient {} on every node for {{0}}, which requests {{1}}.", resource)});
  s.expect_name({w.name});
  s.expect({resource, word});
  s.expect({"insufficient", "no node", "request", "not enough", "too much", "left"});
}

void too_little_cpu(Scene& s) {
  too_little(s, "cpu", std::to_string(s.random.between(24, 96)), "CPU");
}

void too_little_memory(Scene& s) {
  too_little(s, "memory", fmt::format("{}Gi", s.random.between(80, 400)), "memory");
}

void taint(Scene& s) {
  Workload& w = s.victim();
  const std::string key = s.phrase({"dedicated", "workload", "pool"}, {"reserved-for", "tenant", "class"});
  const std::string value = s.random.pick(s.words.teams);
  for (Node& node : s.world.nodes) {
    if (node.control_plane) continue;
    node.taints.add(Json::object({{"key", key}, {"value", value}, {"effect", "NoSchedule"}}));
    s.decide(node.taints.items().back()["key"]);
  }
  s.decide(s.leave_pending(
      w, unavailable(s, fmt::format("node(s) had untolerated taint {{{}: {}}}", key, value))));
  s.callers_fail(w);
  s.cause(w, "{0} stays Pending: the nodes carry the taint {1}={2}, which its pods do not tolerate.",
          {key, value}, {"Untolerated taint {1} keeps {0} from every node."});
  s.expect_name({w.name, key});
  s.expect({"taint", "tolerat"});
}

void node_selector(Scene& s) {
  Workload& w = s.victim();
  const std::string key = s.phrase({"disktype", "node-pool", "hardware"}, {"speed", "node-class", "rack"});
  const std::string value = s.random.pick(s.words.teams);
  w.spec["nodeSelector"] = Json::object({{key, value}});
  s.decide(w.spec["nodeSelector"][key]);
  s.decide(s.leave_pending(w, unavailable(s, "node(s) didn't match Pod's node affinity/selector")));
  s.callers_fail(w);
  s.cause(w, "{0} stays Pending: no node has the label {1}={2} that its nodeSelector asks for.", {key, value},
          {"The node selector of {0} matches no node."});
  s.expect_name({w.name, key});
  s.expect({"node ?selector", "affinity", "label"});
}

void anti_affinity(Scene& s) {
  Workload& w = s.victim();
  Json term =
      Json::object({{"labelSelector", Json::object({{"matchLabels", Json::object({{"app", w.name}})}})},
                    {"topologyKey", "kubernetes.io/hostname"}});
  s.decide(term["topologyKey"]);
  w.spec["affinity"]["podAntiAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"] =
      Json::array({std::move(term)});
  w.replicas = static_cast<int>(s.world.nodes.size()) + 2;
  while (static_cast<int>(w.pods.size()) < w.replicas) add_pod(&s.world, &w);
  const std::string message = unavailable(s, "node(s) didn't match pod anti-affinity rules");
  std::size_t placed = 0;
  for (Pod& pod : w.pods) {
    if (placed < s.world.nodes.size() && !s.world.nodes[placed].control_plane) {
      pod.node = s.world.nodes[placed++].name;
      continue;
    }
    ++placed;
    pod.phase = "Pending";
    pod.ready = pod.started = false;
    pod.node.clear();
    pod.why_unplaced = message;
    s.decide(pod.why_unplaced);
    s.decide(s.event("Pod", w.space, pod.name, "FailedScheduling", message, 12, "default-scheduler"));
  }
  s.cause(w,
          "Some pods of {0} stay Pending: its anti-affinity allows one pod a node, and there are more "
          "replicas ({1}) than nodes.",
          {std::to_string(w.replicas)},
          {"Pod anti-affinity of {0} leaves no node for the remaining replicas."});
  s.expect_name({w.name});
  s.expect({"anti-?affinity"});
}

void topology_spread(Scene& s) {
  Workload& w = s.victim();
  Json rule = Json::object({{"maxSkew", 1},
                            {"topologyKey", "topology.kubernetes.io/zone"},
                            {"whenUnsatisfiable", "DoNotSchedule"}});
  s.decide(rule["whenUnsatisfiable"]);
  w.spec["topologySpreadConstraints"] = Json::array({std::move(rule)});
  s.decide(s.leave_pending(w, unavailable(s, "node(s) didn't match pod topology spread constraints")));
  s.callers_fail(w);
  s.cause(w,
          "{0} stays Pending: its topology spread constraint over zones (maxSkew 1, DoNotSchedule) cannot be "
          "met.",
          {}, {"Topology spread constraints keep {0} Pending."});
  s.expect_name({w.name});
  s.expect({"topology", "spread", "skew"});
}

void volume_zone(Scene& s) {
  Workload& w = s.backend({Runtime::postgres, Runtime::mysql});
  const std::string zone = s.phrase({"zone-d", "zone-e"}, {"zone-f", "zone-g"});
  for (Json& pv : s.world.objects[{"pvs", ""}]) {
    if (pv["spec"]["claimRef"]["name"].text() != fmt::format("data-{}-0", w.name)) continue;
    Json term = Json::object(
        {{"key", "topology.kubernetes.io/zone"}, {"operator", "In"}, {"values", Json::array({zone})}});
    s.decide(term["values"].at(0));
    pv["spec"]["nodeAffinity"]["required"]["nodeSelectorTerms"] =
        Json::array({Json::object({{"matchExpressions", Json::array({std::move(term)})}})});
  }
  s.decide(s.leave_pending(w, unavailable(s, "node(s) had volume node affinity conflict")));
  s.callers_fail(w);
  s.cause(
      w, "{0} stays Pending: its volume lies in {1}, where there is no node (volume node affinity conflict).",
      {zone}, {"The PersistentVolume of {0} is tied to {1}."});
  s.expect_name({w.name});
  s.expect({"volume node affinity", literal(zone), "zone", "affinity"});
  s.expect({"volume", "pvc?\\b", "claim", "data"});
}

void too_many_pods(Scene& s) {
  Workload& w = s.victim();
  for (Node& node : s.world.nodes) {
    node.pods = static_cast<int>(s.world.workloads.size());
  }
  s.decide(s.leave_pending(w, unavailable(s, "Too many pods")));
  s.callers_fail(w);
  s.cause(w, "{0} stays Pending: every node runs as many pods as it may (Too many pods).", {},
          {"The nodes have no pod slots left for {0}."});
  s.expect_name({w.name});
  s.expect({"too many pods", "pod (limit|slots|capacity)", "max(imum)? pods", "as many pods"});
}

void host_port(Scene& s) {
  Workload& w = s.victim();
  Workload& holder = s.other({&w});
  const int port = 8000 + s.random.between(1, 900);
  for (Workload* one : {&w, &holder}) {
    one->container()["ports"].at(0)["hostPort"] = port;
    s.decide(one->container()["ports"].at(0)["hostPort"]);
  }
  s.decide(s.leave_pending(w, unavailable(s, "node(s) didn't have free ports for the requested pod ports")));
  s.callers_fail(w);
  s.cause(w, "{0} stays Pending: the host port {1} that it asks for is taken on every node (by {2}).",
          {std::to_string(port), holder.name}, {"No node has a free port {1} for {0} (hostPort)."});
  s.expect_name({w.name});
  s.expect({"host ?port", "free ports?", literal(std::to_string(port))});
}

void cordoned(Scene& s) {
  Workload& w = s.victim();
  for (Node& node : s.world.nodes) {
    if (node.control_plane) continue;
    node.cordoned = true;
    node.taints.add(Json::object({{"key", "node.kubernetes.io/unschedulable"}, {"effect", "NoSchedule"}}));
    s.decide(node.taints.items().back()["key"]);
  }
  s.decide(s.leave_pending(w, unavailable(s, "node(s) were unschedulable")));
  s.callers_fail(w);
  s.cause(w, "{0} stays Pending: all worker nodes are cordoned (unschedulable).", {},
          {"The nodes were cordoned, so {0} finds none."});
  s.expect_name({w.name});
  s.expect({"cordon", "unschedulable"});
}

void no_gpu(Scene& s) {
  Workload& w = s.victim();
  w.container()["resources"]["limits"]["nvidia.com/gpu"] = "1";
  s.decide(w.container()["resources"]["limits"]["nvidia.com/gpu"]);
  s.decide(s.leave_pending(w, unavailable(s, "Insufficient nvidia.com/gpu")));
  s.cause(w, "{0} stays Pending: it asks for a GPU (nvidia.com/gpu) and no node offers one.", {},
          {"Insufficient nvidia.com/gpu for {0}."});
  s.expect_name({w.name});
  s.expect({"gpu"});
}

void priority_class_missing(Scene& s) {
  Workload& w = s.victim();
  const std::string name = s.random.pick(s.words.teams) + "-priority";
  w.spec["priorityClassName"] = name;
  s.decide(w.spec["priorityClassName"]);
  w.pods.clear();
  s.decide(s.event(
      "ReplicaSet", w.space, w.name + "-" + w.hash, "FailedCreate",
      fmt::format("Error creating: pods \"{}-{}-\" is forbidden: no PriorityClass with name {} was found",
                  w.name, w.hash, name),
      22, "replicaset-controller"));
  s.callers_fail(w);
  s.cause(w, "No pod of {0} can be created: its PriorityClass {1} does not exist.", {name},
          {"PriorityClass {1} is missing."});
  s.expect_name({name});
  s.expect({"not (exist|found)", "missing", "no PriorityClass", "does ?n[o']t exist", "doesn't exist"});
}

}  // namespace

Kinds scheduling_kinds() {
  return {
      {"schedule-cpu", "scheduling", "no node has the CPU that is requested", too_little_cpu},
      {"schedule-memory", "scheduling", "no node has the memory that is requested", too_little_memory},
      {"schedule-taint", "scheduling", "the nodes carry a taint that is not tolerated", taint},
      {"schedule-node-selector", "scheduling", "no node has the label that is asked for", node_selector},
      {"schedule-anti-affinity", "scheduling", "anti-affinity leaves no node", anti_affinity},
      {"schedule-topology", "scheduling", "a topology spread constraint cannot be met", topology_spread},
      {"schedule-volume-zone", "scheduling", "the volume lies in a zone without nodes", volume_zone},
      {"schedule-too-many-pods", "scheduling", "the nodes run as many pods as they may", too_many_pods},
      {"schedule-host-port", "scheduling", "the host port is taken on every node", host_port},
      {"schedule-cordoned", "scheduling", "all nodes are cordoned", cordoned},
      {"priority-class-missing", "scheduling", "the priority class does not exist", priority_class_missing},
      {"schedule-gpu", "scheduling", "no node offers the extended resource", no_gpu, true},
  };
}

}  // namespace carrel::incidents
