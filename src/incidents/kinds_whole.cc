// Incidents as a whole: chains of causes, several faults, no fault, and evidence that is not there.
#include <fmt/format.h>

#include "incidents/chatter.h"
#include "incidents/kind.h"

namespace carrel::incidents {
namespace {

// The database's claim is not bound, so a service crashes, so another one is not ready.
void chain_of_storage(Scene& s) {
  s.label.difficulty = "hard";
  find_kind("claim-class-missing")->make(s);
  Workload* db = nullptr;
  for (Workload& one : s.world.workloads) {
    if (!one.pods.empty() && !one.pods.front().why_unplaced.is_null()) db = &one;
  }
  Workload& api = s.caller_of(*db);
  const std::string address = fmt::format("{}.{}.svc.cluster.local:{}", db->name, db->space, db->port);
  s.crash(api, 1,
          {{Level::info, "connecting to the database"},
           {Level::error,
            s.phrase({"cannot connect to {0}: connection refused, attempt 5", "database {0} unreachable"},
                     {"{0} is not answering, giving up", "no database at {0}"}, {address})},
           {Level::fatal, s.phrase({"giving up after 30s"}, {"startup failed, leaving"})}});
  s.callers_fail(api);
  s.noticed(api);
}

// A cache that is killed for memory takes the service with it, and the service its callers.
void chain_of_memory(Scene& s) {
  s.label.difficulty = "hard";
  Workload& cache = s.backend({Runtime::redis});
  Workload& api = s.caller_of(cache);
  const std::string limit = fmt::format("{}Mi", 32 * s.random.between(1, 4));
  cache.container()["resources"]["limits"]["memory"] = limit;
  s.decide(cache.container()["resources"]["limits"]["memory"]);
  s.crash(cache, 137, {{Level::info, "DB loaded from disk"}}, "OOMKilled");
  for (Pod& pod : cache.pods) s.decide(pod.last_state["terminated"]["reason"]);
  s.unready(api);
  for (Pod& pod : api.pods) {
    s.repeat(pod, api,
             {Level::error,
              s.phrase({"cache {0}: connection refused", "redis: dial tcp {0}: connect: connection refused"},
                       {"lost the store at {0}", "{0} ECONNREFUSED"}, {cache.name + ":6379"})},
             20);
    s.event(api, pod, "Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503", 40);
  }
  s.callers_fail(api);
  s.noticed(api);
  s.cause(cache, "{2} is not ready because its cache {0} is OOMKilled over and over (memory limit {1}).",
          {limit, api.name}, {"The memory limit of {0} is too low; {2} fails with it."});
  s.expect_name({cache.name});
  s.expect({"\\boom", "memory"});
}

// The node's disk fills up, the registry's pod is evicted, and images cannot be pulled.
void chain_of_eviction(Scene& s) {
  s.label.difficulty = "hard";
  Workload& broker = s.backend({Runtime::rabbitmq, Runtime::kafka});
  Workload& w = s.caller_of(broker);
  Node& node = s.worker();
  node.disk_used = 97;
  Json& pressure = node.condition("DiskPressure");
  pressure["status"] = "True";
  pressure["reason"] = "KubeletHasDiskPressure";
  pressure["message"] = "kubelet has disk pressure";
  s.decide(pressure["reason"]);
  s.decide(pressure["message"]);
  for (Pod& pod : broker.pods) {
    pod.node = node.name;
    pod.phase = "Failed";
    pod.ready = pod.started = false;
    pod.reason = "Evicted";
    pod.message =
        "The node was low on resource: ephemeral-storage. Threshold quantity: 10738405632, available: "
        "512344Ki. ";
    s.decide(pod.message);
    s.decide(s.event(broker, pod, "Evicted", pod.message.text()));
  }
  for (Pod& pod : w.pods)
    s.repeat(pod, w,
             {Level::error, s.phrase({"broker {0} unreachable", "cannot publish to {0}: connection refused"},
                                     {"lost {0}, reconnecting", "{0} gives no answer"}, {broker.name})},
             20);
  s.unready(w);
  s.noticed(w);
  s.culprit("node", "", node.name);
  s.cause(broker, "{2} fails because {0} was evicted: the disk of node {1} is full (DiskPressure).",
          {node.name, w.name}, {"DiskPressure on {1} evicts {0}."});
  s.expect_name({broker.name, node.name});
  s.expect({"disk", "ephemeral"});
}

void two_faults(Scene& s) {
  s.label.difficulty = "hard";
  Workload& a = s.victim();
  const std::string name = a.name + s.phrase({"-settings", "-env"}, {"-params", "-profile"});
  a.container()["envFrom"] = Json::array({Json::object({{"configMapRef", Json::object({{"name", name}})}})});
  s.decide(a.container()["envFrom"].at(0)["configMapRef"]["name"]);
  s.decide(
      s.hold(a, "CreateContainerConfigError", fmt::format("configmap \"{}\" not found", name), "Failed"));
  Workload& b = s.victim();
  const std::string limit = fmt::format("{}Mi", 32 * s.random.between(1, 4));
  b.container()["resources"]["limits"]["memory"] = limit;
  s.decide(b.container()["resources"]["limits"]["memory"]);
  s.crash(b, 137, {{Level::info, "warming up"}}, "OOMKilled");
  for (Pod& pod : b.pods) s.decide(pod.last_state["terminated"]["reason"]);
  s.label.question =
      s.phrase({"There may be several faults in {0}. Which are they?",
                "What are the two causes of the trouble with {1} and {2}?"},
               {"Name all faults in {0}.", "{1} and {2} both fail, for different reasons. Which?"},
               {s.world.space, a.name, b.name});
  s.cause(a,
          "Two faults: {0} cannot start because the ConfigMap {1} does not exist, and {2} is OOMKilled at "
          "its memory limit of {3}.",
          {name, b.name, limit}, {"ConfigMap {1} is missing for {0}; {2} runs out of memory."});
  s.expect_name({name, a.name});
  s.expect(saying::missing);
  s.expect_name({b.name});
  s.expect({"\\boom", "memory"});
}

// Everything of the product is well; what shows it decides.
void show_health(Scene& s) {
  s.label.verdict = "no_fault";
  for (Workload& w : s.world.workloads) {
    for (Pod& pod : w.pods) s.decide(pod.healthy);
    if (w.kind != "Deployment") continue;
    Json available = Json::object({{"type", "Available"},
                                   {"status", "True"},
                                   {"lastTransitionTime", rfc3339(w.created)},
                                   {"reason", "MinimumReplicasAvailable"},
                                   {"message", "Deployment has minimum availability."}});
    s.decide(available["message"]);
    s.decide(available["type"]);
    s.decide(available["reason"]);
    w.conditions = Json::array({std::move(available)});
    w.status["readyReplicas"] = w.replicas;
    s.decide(w.status["readyReplicas"]);
  }
}

void no_fault(Scene& s) {
  show_health(s);
  Workload& w = s.victim();
  s.label.difficulty = "easy";
  s.cause(w, "No fault: the pods of {0} and its neighbours are Running and Ready without restarts.", {},
          {"Nothing is wrong; {0} is healthy."});
  s.expect(
      {"no (fault|problem|issue|error)", "nothing (is )?wrong", "healthy", "fine", "all .*(ready|well)"});
  s.label.wrong = {"The memory limit is too low."};
}

void no_fault_recovered(Scene& s) {
  show_health(s);
  Workload& w = s.victim();
  for (Pod& pod : w.pods) {
    pod.restarts = 1;
    const Millis ended = s.world.now - s.random.between(4, 30) * kDay;
    pod.created = ended - kDay;
    pod.last_state["terminated"] = Json::object({{"exitCode", 137},
                                                 {"reason", "OOMKilled"},
                                                 {"startedAt", rfc3339(ended - kHour)},
                                                 {"finishedAt", rfc3339(ended)}});
  }
  s.cause(w, "No fault now: {0} restarted once, days ago, and its pods are Running and Ready since.", {},
          {"{0} is healthy; the old restart is long past."});
  s.expect(
      {"no (fault|problem|issue|error)", "nothing (is )?wrong", "healthy", "fine", "recovered", "long past"});
  s.label.wrong = {"The memory limit of the service is too low at the moment."};
}

void no_fault_noisy(Scene& s) {
  show_health(s);
  Workload& w = s.victim();
  for (Pod& pod : w.pods)
    s.repeat(pod, w,
             {Level::error,
              s.phrase({"client disconnected before the response", "bad request: missing field \"email\""},
                       {"peer reset the stream", "rejected form: age must be a number"})},
             6);
  add_herrings(s, 4);
  s.cause(w, "No fault: {0} logs errors that clients cause, and all its pods are Running and Ready.", {},
          {"Nothing is wrong with {0}, the log is only noisy."});
  s.expect({"no (fault|problem|issue)", "nothing (is )?wrong", "healthy", "fine", "noisy", "clients cause"});
  s.label.wrong = {"The database cannot be reached."};
}

// The program ends at once and what it said is not in the bundle.
void log_withheld(Scene& s) {
  Workload& w = s.victim();
  s.crash(w, 1, {{Level::fatal, "unknown"}});
  for (Pod& pod : w.pods) {
    s.decide(pod.last_state["terminated"]["exitCode"]);
    s.decide(pod.last_state["terminated"]["reason"]);
    s.world.withheld.push_back(fmt::format("cluster-resources/pods/logs/{}/{}/", w.space, pod.name));
  }
  s.label.verdict = "insufficient_evidence";
  s.label.missing = {"log"};
  s.command(fmt::format("kubectl -n {} logs {} --previous", w.space, w.pods.front().name));
  s.cause(
      w,
      "{0} ends with exit code 1 over and over; why cannot be told, because its logs are not in the bundle.",
      {}, {"The cause of the crash loop of {0} cannot be determined: the log is missing."});
  s.expect_name({w.name});
  s.expect({"exit(s|ed|ing)?( with)?( code| status)? ?1", "crash", "cannot be (told|determined|known)",
            "insufficient"});
}

// Pending, and neither events nor conditions say why.
void events_withheld(Scene& s) {
  Workload& w = s.victim();
  s.hold(w, "", "", "");
  for (Pod& pod : w.pods) {
    pod.node.clear();
    s.decide(pod.pending);
  }
  s.world.withheld.push_back("cluster-resources/events/");
  s.world.withheld.push_back("cluster-resources/nodes.json");
  s.world.errors["events"] = Json::array({"events is forbidden: the collector may not list them"});
  s.label.verdict = "insufficient_evidence";
  s.label.missing = {"event", "node", "scheduler"};
  s.cause(w,
          "The pods of {0} are Pending; why cannot be told, because events and nodes are not in the bundle.",
          {}, {"{0} is not scheduled, and the evidence for a reason is missing."});
  s.expect_name({w.name});
  s.expect({"pending", "not (scheduled|placed)", "cannot be (told|determined)", "insufficient"});
}

}  // namespace

Kinds whole_kinds() {
  return {
      {"chain-storage", "whole", "a missing storage class, a database, a service, its callers",
       chain_of_storage},
      {"chain-memory", "whole", "a cache is killed for memory and a service fails with it", chain_of_memory},
      {"chain-eviction", "whole", "a full disk evicts a broker and its users fail", chain_of_eviction},
      {"two-faults", "whole", "two independent faults", two_faults},
      {"no-fault", "whole", "nothing is wrong", no_fault},
      {"no-fault-recovered", "whole", "something was wrong days ago", no_fault_recovered},
      {"no-fault-noisy", "whole", "noisy logs and old warnings, and nothing is wrong", no_fault_noisy},
      {"log-withheld", "whole", "a crash whose log is not in the bundle", log_withheld},
      {"events-withheld", "whole", "Pending pods without events and nodes", events_withheld},
  };
}

}  // namespace carrel::incidents
