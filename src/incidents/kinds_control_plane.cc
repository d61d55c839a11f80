// The control plane: etcd, the API server, its certificates.
#include <fmt/format.h>

#include "incidents/kind.h"

namespace carrel::incidents {
namespace {

Workload& component(Scene& s, const std::string& name, Style style, const std::string& logger) {
  Workload* found = s.world.find(name);
  if (found == nullptr) {
    Wish wish;
    wish.kind = "Pod";
    wish.name = name;
    wish.space = "kube-system";
    wish.runtime = Runtime::controller;
    wish.replicas = 1;
    wish.service = false;
    found = &add_workload(&s.world, wish);
    found->pods.front().name = name + "-" + s.world.nodes.front().name;
    found->pods.front().node = s.world.nodes.front().name;
  }
  found->speaker.style = style;
  found->speaker.name = logger;
  s.culprit("pod", "kube-system", found->pods.front().name);
  return *found;
}

void slow_everywhere(Scene& s, const std::string& what) {
  Workload& w = s.victim({Runtime::go});
  for (Pod& pod : w.pods) s.repeat(pod, w, {Level::error, what}, 10);
}

void etcd_slow(Scene& s) {
  Workload& etcd = component(s, "etcd", Style::etcd, "wal");
  Pod& pod = etcd.pods.front();
  const int took = s.random.between(1200, 6000);
  s.repeat(pod, etcd,
           {Level::warn, fmt::format("slow fdatasync took {}ms, expected-duration 1s", took), true}, 20);
  s.repeat(
      pod, etcd,
      {Level::warn,
       fmt::format("apply request took too long: took {}ms, expected-duration 100ms, prefix read-only range",
                   took / 3),
       true},
      25);
  s.repeat(pod, etcd,
           {Level::warn,
            "leader failed to send out heartbeat on time; took too long, leader is overloaded likely from "
            "slow disk",
            true},
           12);
  slow_everywhere(s, s.phrase({"etcdserver: request timed out", "leader election lost"},
                              {"update of lease failed: etcdserver: request timed out",
                               "could not renew the lease in time"}));
  s.cause(etcd,
          "etcd is slow because its disk is: fdatasync takes {1} ms, so requests of the API server time out.",
          {std::to_string(took)}, {"Slow disk of etcd (slow fdatasync)."});
  s.expect({"etcd"});
  s.expect({"disk", "fdatasync", "slow", "took too long"});
}

void etcd_full(Scene& s) {
  Workload& etcd = component(s, "etcd", Style::etcd, "quota");
  s.repeat(etcd.pods.front(), etcd,
           {Level::warn, "alarm NOSPACE raised: etcdserver: mvcc: database space exceeded", true}, 15);
  slow_everywhere(s, "etcdserver: mvcc: database space exceeded");
  s.cause(etcd, "etcd has reached its space quota (alarm NOSPACE), so the cluster takes no writes.", {},
          {"etcd: database space exceeded."});
  s.expect({"etcd"});
  s.expect({"space", "quota", "NOSPACE"});
}

void etcd_no_leader(Scene& s) {
  Workload& etcd = component(s, "etcd", Style::etcd, "raft");
  const std::string peer = s.random.hex(16);
  s.repeat(etcd.pods.front(), etcd,
           {Level::warn,
            fmt::format("prober detected unhealthy status of remote peer {}: dial tcp 10.20.0.12:2380: "
                        "connect: no route to host",
                        peer),
            true},
           20);
  s.repeat(
      etcd.pods.front(), etcd,
      {Level::info,
       fmt::format("{} lost leader {} at term {}", s.random.hex(16), peer, s.random.between(5, 90)), true},
      8);
  slow_everywhere(s, "etcdserver: no leader");
  s.cause(etcd,
          "etcd has no leader: a member cannot be reached (no route to host on port 2380), so the API server "
          "fails.",
          {}, {"etcd lost its leader because peer {1} is unreachable."});
  s.label.right.back() = fmt::format("etcd lost its leader because peer {} is unreachable.", peer);
  s.expect({"etcd"});
  s.expect({"leader", "peer", "member", "quorum"});
}

void api_overloaded(Scene& s) {
  Workload& api = component(s, "kube-apiserver", Style::klog, "request");
  const std::string agent = s.world.names.service() + "-operator";
  s.repeat(api.pods.front(), api,
           {Level::warn,
            fmt::format("\"Too many requests, please try again later\" priorityLevel=workload-low "
                        "userAgent=\"{}/v1.4\" inflight=400",
                        agent),
            true},
           25);
  s.repeat(
      api.pods.front(), api,
      {Level::error,
       "\"Timeout or abort while handling\" method=\"LIST\" URI=\"/api/v1/pods?limit=0\" auditID=\"7f\""},
      12);
  slow_everywhere(s,
                  s.phrase({"the server has received too many requests and has asked us to try again later"},
                           {"client rate limited: 429 from the API server"}));
  s.cause(api,
          "The API server is overloaded: {1} sends so many requests that others are answered 429 (Too many "
          "requests).",
          {agent}, {"kube-apiserver rejects requests because {1} floods it."});
  s.expect({"api ?server", "kube-apiserver", literal(agent)});
  s.expect({"overload", "too many requests", "429", "flood"});
}

void kubelet_certificate(Scene& s) {
  Node& node = s.worker();
  const std::string until = rfc3339(s.world.trouble);
  s.node_lost(node, "NodeStatusUnknown", "Kubelet stopped posting node status.");
  s.repeat("host-logs/" + node.name + "/kubelet.log", {Style::klog, "certificate_manager", 44},
           {Level::error,
            fmt::format("\"Part of the existing bootstrap client certificate in /etc/kubernetes/kubelet.conf "
                        "is expired\" expiration=\"{}\"",
                        until),
            true},
           12);
  Workload& w = s.victim();
  s.culprit("node", "", node.name);
  s.cause(w, "Node {1} is lost because the client certificate of its kubelet expired at {2}.",
          {node.name, until}, {"The kubelet certificate of {1} is expired."});
  s.expect_name({node.name});
  s.expect({"certificate"});
  s.expect({"expired"});
}

void scheduler_down(Scene& s) {
  Workload& scheduler = component(s, "kube-scheduler", Style::klog, "leaderelection");
  Workload& w = s.victim();
  s.hold(w, "", "", "");
  for (Pod& pod : w.pods) pod.node.clear();
  s.crash(scheduler, 1,
          {{Level::info, "\"Starting Kubernetes Scheduler\""},
           {Level::error,
            s.phrase(
                {"\"command failed\" err=\"error loading config: unknown field \\\"profilez\\\"\"",
                 "\"command failed\" err=\"open /etc/kubernetes/scheduler.conf: no such file or directory\""},
                {"\"command failed\" err=\"failed to get delegated authentication kubeconfig: permission "
                 "denied\"",
                 "\"command failed\" err=\"no kind \\\"KubeSchedulerConfig\\\" is registered\""}),
            true}});
  s.cause(scheduler,
          "New pods stay Pending without any event because kube-scheduler crashes at start (command failed).",
          {}, {"kube-scheduler does not run."});
  s.expect({"scheduler"});
}

}  // namespace

Kinds control_plane_kinds() {
  return {
      {"etcd-slow-disk", "control-plane", "the disk of etcd is slow", etcd_slow},
      {"etcd-no-leader", "control-plane", "etcd has lost its leader", etcd_no_leader},
      {"api-server-overloaded", "control-plane", "a client floods the API server", api_overloaded},
      {"kubelet-certificate", "control-plane", "the certificate of a kubelet has expired",
       kubelet_certificate},
      {"scheduler-down", "control-plane", "the scheduler crashes", scheduler_down},
      {"etcd-out-of-space", "control-plane", "etcd has reached its space quota", etcd_full, true},
  };
}

}  // namespace carrel::incidents
