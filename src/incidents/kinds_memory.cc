// Memory: limits, heaps and the node's own.
#include <fmt/format.h>

#include "incidents/kind.h"

namespace carrel::incidents {
namespace {

void kernel_kill(Scene& s, const Workload& w, const Pod& pod, bool of_container) {
  const std::string file = "host-logs/" + pod.node + "/dmesg.log";
  const Speaker kernel{Style::kernel, pod.node, 1};
  const int pid = s.random.between(4000, 90000);
  s.say(file, kernel, s.ago(9),
        {Level::info,
         fmt::format("{} invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=984",
                     w.name.substr(0, 15))});
  s.say(file, kernel, s.ago(9) + 5,
        {Level::info,
         fmt::format(
             "{}: Killed process {} ({}) total-vm:2113400kB, anon-rss:{}kB, file-rss:2100kB, shmem-rss:0kB",
             of_container ? "Memory cgroup out of memory" : "Out of memory", pid, w.name.substr(0, 15),
             s.random.between(100000, 900000)),
         true});
}

void oom_limit(Scene& s) {
  Workload& w = s.victim();
  const std::string limit = fmt::format("{}Mi", 64 * s.random.between(1, 8));
  w.container()["resources"]["limits"]["memory"] = limit;
  w.container()["resources"]["requests"]["memory"] = "64Mi";
  s.decide(w.container()["resources"]["limits"]["memory"]);
  s.crash(w, 137,
          {{Level::info, s.phrase({"loading the index into memory", "warming up caches"},
                                  {"building the lookup tree", "reading all rows"})}},
          "OOMKilled");
  for (Pod& pod : w.pods) s.decide(pod.last_state["terminated"]["reason"]);
  if (s.random.chance(50)) kernel_kill(s, w, w.pods.front(), true);
  s.callers_fail(w);
  s.cause(w, "{0} is OOMKilled over and over: it needs more than its memory limit of {1}.", {limit},
          {"The memory limit {1} of {0} is too low, so the kernel kills it."});
  s.expect_name({w.name});
  s.expect({"\\boom", "out of memory", "memory limit"});
}

void java_heap(Scene& s) {
  Workload& w = s.victim({Runtime::java});
  const std::string heap = fmt::format("{}m", 64 * s.random.between(2, 8));
  w.container()["env"].add(Json::object(
      {{"name", "JAVA_TOOL_OPTIONS"}, {"value", "-Xmx" + heap + " -XX:+ExitOnOutOfMemoryError"}}));
  s.decide(w.container()["env"].items().back()["value"]);
  s.crash(w, 3,
          {{Level::info, "Rebuilding index"},
           {Level::raw, "Terminating due to java.lang.OutOfMemoryError: Java heap space", true}});
  s.callers_fail(w);
  s.cause(w, "{0} runs out of Java heap (-Xmx{1}): java.lang.OutOfMemoryError ends it.", {heap},
          {"The JVM of {0} has too little heap."});
  s.expect_name({w.name});
  s.expect({"heap", "OutOfMemory", "Xmx"});
}

void node_heap(Scene& s) {
  Workload& w = s.victim({Runtime::node});
  s.crash(w, 134,
          {{Level::info, "rendering report"},
           {Level::raw, "<--- Last few GCs --->"},
           {Level::raw, fmt::format("[1:0x5f0]   {} ms: Mark-sweep 509.1 (521.3) -> 508.8 (521.5) MB, 812.4 "
                                    "/ 0.0 ms  (average mu = 0.08) allocation failure",
                                    s.random.between(30000, 900000))},
           {Level::raw, "FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory",
            true}});
  s.callers_fail(w);
  s.cause(w, "{0} reaches the JavaScript heap limit: heap out of memory ends the process.", {},
          {"Node.js of {0} runs out of heap."});
  s.expect_name({w.name});
  s.expect({"heap", "out of memory"});
}

void worker_killed(Scene& s) {
  Workload& w = s.victim({Runtime::python});
  w.speaker.style = Style::gunicorn;
  const std::string limit = w.container()["resources"]["limits"]["memory"].text();
  const int pid = s.random.between(20, 400);
  for (Pod& pod : w.pods) {
    s.repeat(
        pod, w,
        {Level::error, fmt::format("Worker (pid:{}) was sent SIGKILL! Perhaps out of memory?", pid), true},
        s.random.between(4, 15));
    s.repeat(pod, w, {Level::info, fmt::format("Booting worker with pid: {}", pid + 1)}, 4);
  }
  kernel_kill(s, w, w.pods.front(), true);
  s.callers_fail(w);
  s.cause(w, "Workers of {0} are killed by the kernel because the container is out of memory (limit {1}).",
          {limit}, {"Gunicorn workers of {0} get SIGKILL: out of memory."});
  s.expect_name({w.name});
  s.expect({"memory", "\\boom"});
}

void node_out_of_memory(Scene& s) {
  Workload& w = s.victim();
  Workload& hog = s.other({&w});
  Node* node = &s.worker();
  for (Pod& pod : w.pods) pod.node = node->name;
  for (Pod& pod : hog.pods) pod.node = node->name;
  hog.container()["resources"] = Json::object();
  node->memory_used = 99;
  s.decide(s.event("Node", "", node->name, "SystemOOM",
                   fmt::format("System OOM encountered, victim process: {}, pid: {}", w.name,
                               s.random.between(1000, 90000)),
                   4));
  s.crash(w, 137, {{Level::info, "working"}}, "OOMKilled");
  const std::string file = "host-logs/" + node->name + "/dmesg.log";
  s.say(file, {Style::kernel, node->name, 1}, s.ago(6),
        {Level::info,
         fmt::format("Out of memory: Killed process {} ({}) total-vm:9113400kB, anon-rss:7900000kB",
                     s.random.between(4000, 90000), w.name),
         true});
  s.say(file, {Style::kernel, node->name, 1}, s.ago(6) - 20,
        {Level::info,
         fmt::format("[  pid  ]   uid  tgid total_vm      rss name: {} 2811 7011233 6900121 {}",
                     s.random.between(1000, 9000), hog.name),
         true});
  s.callers_fail(w);
  s.culprit("node", "", node->name);
  s.cause(
      w,
      "Node {1} is out of memory: {2}, which has no memory limit, uses most of it, and the kernel kills {0}.",
      {node->name, hog.name}, {"System OOM on {1} kills {0}."});
  s.expect_name({node->name, hog.name, w.name});
  s.expect({"out of memory", "\\b(system ?)?oom", "no memory limit", "without a (memory )?limit"});
}

}  // namespace

Kinds memory_kinds() {
  return {
      {"oom-limit", "memory", "the container's memory limit is too low", oom_limit},
      {"heap-java", "memory", "the Java heap is too small", java_heap},
      {"heap-node", "memory", "the JavaScript heap is exhausted", node_heap},
      {"worker-killed", "memory", "worker processes are killed for memory, the container stays",
       worker_killed},
      {"node-out-of-memory", "memory", "a neighbour without a limit uses up the node's memory",
       node_out_of_memory},
  };
}

}  // namespace carrel::incidents
