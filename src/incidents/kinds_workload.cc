// Controllers: rollouts, StatefulSets, Jobs and CronJobs.
#include <fmt/format.h>

#include "incidents/kind.h"

namespace carrel::incidents {
namespace {

Workload& job_of(Scene& s, const std::string& name) {
  Wish wish;
  wish.kind = "Job";
  wish.name = name;
  wish.runtime = s.random.pick(Runtimes{Runtime::python, Runtime::go, Runtime::node});
  wish.replicas = 1;
  wish.service = false;
  Workload& made = add_workload(&s.world, wish);
  made.created = s.world.trouble;
  s.noticed(made);
  return made;
}

void fail_once(Scene& s, Workload& job, Pod& pod, Millis at, const Say& last) {
  pod.phase = "Failed";
  pod.ready = pod.started = false;
  pod.state["terminated"] = Json::object({{"exitCode", 1},
                                          {"reason", "Error"},
                                          {"startedAt", rfc3339(at - 20 * kSecond)},
                                          {"finishedAt", rfc3339(at)}});
  s.say(pod, job, at - 20 * kSecond,
        {Level::info, s.phrase({"job started", "reading input"}, {"run begins", "fetching work"})});
  s.say(pod, job, at - 100, last);
}

void job_backoff(Scene& s) {
  Workload& job =
      job_of(s, s.world.names.service() + s.phrase({"-import", "-export"}, {"-sync", "-rebuild"}));
  const std::string table = s.random.pick(s.words.tables);
  const std::string text = s.phrase(
      {"row 1841 of {0}.csv has 7 fields, expected 9", "source file {0}.csv not found in bucket"},
      {"record 52 of {0} failed validation: negative amount", "cannot read {0}.parquet: bad magic number"},
      {table});
  for (int i = 0; i < 3; ++i) {
    Pod& pod = i == 0 ? job.pods.front() : add_pod(&s.world, &job);
    fail_once(s, job, pod, s.ago(30 - 8 * i), {Level::error, text, true});
  }
  job.settings["backoffLimit"] = 3;
  job.status["failed"] = 4;
  job.conditions = Json::array({Json::object({{"type", "Failed"},
                                              {"status", "True"},
                                              {"reason", "BackoffLimitExceeded"},
                                              {"message", "Job has reached the specified backoff limit"}})});
  s.event("Job", job.space, job.name, "BackoffLimitExceeded", "Job has reached the specified backoff limit",
          1, "job-controller");
  s.cause(job, "The Job {0} failed until its backoff limit: {1}.", {text},
          {"Each pod of Job {0} ends with the error: {1}"});
  s.expect_name({job.name});
  s.expect({literal(text.substr(0, 24)), literal(table)});
}

void job_deadline(Scene& s) {
  Workload& job =
      job_of(s, s.world.names.service() + s.phrase({"-report", "-cleanup"}, {"-digest", "-purge"}));
  const int seconds = 60 * s.random.between(2, 30);
  job.settings["activeDeadlineSeconds"] = seconds;
  job.pods.clear();
  job.status["failed"] = 1;
  Json failed = Json::object({{"type", "Failed"},
                              {"status", "True"},
                              {"reason", "DeadlineExceeded"},
                              {"message", "Job was active longer than specified deadline"}});
  s.decide(failed["reason"]);
  s.decide(failed["message"]);
  job.conditions = Json::array({std::move(failed)});
  s.decide(s.event("Job", job.space, job.name, "DeadlineExceeded",
                   "Job was active longer than specified deadline", 1, "job-controller"));
  s.cause(job, "The Job {0} was ended because it ran longer than its activeDeadlineSeconds of {1}.",
          {std::to_string(seconds)}, {"Job {0} exceeded its deadline."});
  s.expect_name({job.name});
  s.expect({"deadline"});
}

Json& cron(Scene& s, const std::string& name) {
  Json& made = s.put("cronjobs", s.world.space, name);
  made["spec"] =
      Json::object({{"schedule", "*/15 * * * *"}, {"suspend", false}, {"concurrencyPolicy", "Allow"}});
  made["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"] =
      Json::array({Json::object({{"name", name}, {"image", s.world.registry + "/jobs/" + name + ":1.2.0"}})});
  made["status"]["lastScheduleTime"] = rfc3339(s.world.now - 3 * kDay);
  s.culprit("cronjob", s.world.space, name);
  return made;
}

void cron_suspended(Scene& s) {
  Workload& w = s.victim();
  const std::string name = w.name + s.phrase({"-nightly", "-refresh"}, {"-daily", "-rollup"});
  Json& made = cron(s, name);
  made["spec"]["suspend"] = true;
  s.decide(made["spec"]["suspend"]);
  for (Pod& pod : w.pods)
    s.repeat(pod, w,
             {Level::warn, s.phrase({"data is {0} hours old", "no refresh for {0} hours"},
                                    {"stale snapshot: age {0} h", "last roll-up was {0} h ago"}, {"72"})},
             6);
  s.label.question = s.phrase({"The CronJob {0} has not run for days. Why?"},
                              {"Why did {0} not start any job lately?"}, {name});
  s.cause(w, "The CronJob {1} does not run because it is suspended (spec.suspend is true).", {name},
          {"{1} is suspended."});
  s.expect_name({name});
  s.expect({"suspend"});
}

void cron_forbidden_overlap(Scene& s) {
  Workload& w = s.victim();
  const std::string name = w.name + s.phrase({"-collector", "-mirror"}, {"-harvest", "-backup"});
  Json& made = cron(s, name);
  made["spec"]["concurrencyPolicy"] = "Forbid";
  s.decide(made["spec"]["concurrencyPolicy"]);
  Workload& job = job_of(s, name + "-28593780");
  job.status["active"] = 1;
  job.owner = Json::array({Json::object(
      {{"apiVersion", "batch/v1"}, {"kind", "CronJob"}, {"name", name}, {"uid", made["metadata"]["uid"]}})});
  job.pods.front().created = s.world.now - 3 * kDay;
  s.say(job.pods.front(), job, s.world.now - 3 * kDay + kMinute,
        {Level::info, s.phrase({"waiting for lock"}, {"queued behind another run"}), true});
  s.decide(s.event("CronJob", job.space, name, "JobAlreadyActive",
                   "Not starting job because prior execution is running and concurrency policy is Forbid",
                   280, "cronjob-controller", "Normal"));
  s.culprit("cronjob", job.space, name);
  s.cause(w,
          "The CronJob {1} starts nothing: a job of three days ago still runs, and its concurrencyPolicy is "
          "Forbid.",
          {name}, {"{1}: prior execution is running and concurrency policy is Forbid."});
  s.expect_name({name});
  s.expect({"forbid", "still run", "prior execution", "already active"});
}

void rollout_stuck(Scene& s) {
  Workload& w = s.victim();
  const std::string tag = s.phrase({"9.0.0", "8.4.0-beta"}, {"2030.1", "7.7.7-edge"});
  w.container()["image"] = s.world.registry + "/" + w.space + "/" + w.name + ":" + tag;
  const std::string text = s.phrase(
      {"schema version 12 is required, found 11", "unsupported data format in store: 4"},
      {"this build needs protocol level 9, peer offers 8", "refusing to open a store of an older layout"});
  s.crash(w, 1, {{Level::info, "starting " + tag}, {Level::fatal, text, true}});
  w.revision = "14";
  Json stuck = Json::object(
      {{"type", "Progressing"},
       {"status", "False"},
       {"lastTransitionTime", rfc3339(s.world.trouble)},
       {"reason", "ProgressDeadlineExceeded"},
       {"message", fmt::format("ReplicaSet \"{}-{}\" has timed out progressing.", w.name, w.hash)}});
  w.conditions = Json::array({std::move(stuck)});
  s.event("Deployment", w.space, w.name, "ScalingReplicaSet",
          fmt::format("Scaled up replica set {}-{} to 1", w.name, w.hash), 1, "deployment-controller",
          "Normal");
  s.callers_fail(w);
  s.cause(w, "The rollout of {0} to version {1} is stuck because the new pods exit: {2}.", {tag, text},
          {"The new version of {0} ends at start: {2}"});
  s.expect_name({w.name});
  s.expect({literal(text.substr(0, 20)), literal(tag), "rollout", "version"});
  s.expect({literal(text.substr(0, 20)), "schema", "format", "protocol", "layout", "exit", "crash", "start"});
}

void rollout_paused(Scene& s) {
  Workload& w = s.victim();
  w.settings["paused"] = true;
  s.decide(w.settings["paused"]);
  Json paused = Json::object({{"type", "Progressing"},
                              {"status", "Unknown"},
                              {"lastTransitionTime", rfc3339(s.world.trouble)},
                              {"reason", "DeploymentPaused"},
                              {"message", "Deployment is paused"}});
  s.decide(paused["reason"]);
  s.decide(paused["message"]);
  w.conditions = Json::array(
      {Json::object({{"type", "Available"}, {"status", "True"}, {"reason", "MinimumReplicasAvailable"}}),
       std::move(paused)});
  w.status["updatedReplicas"] = 0;
  s.label.question = s.phrase({"A new version of {0} was deployed, but the old one still runs. Why?"},
                              {"The update of {0} does not take effect. What holds it back?"}, {w.name});
  s.cause(w, "The new version of {0} is not rolled out because the Deployment is paused.", {},
          {"Deployment {0} is paused."});
  s.expect_name({w.name});
  s.expect({"paused"});
}

void disruption_budget(Scene& s) {
  Workload& w = s.victim();
  Node& node = s.worker();
  node.cordoned = true;
  Json& budget = s.put("pod-disruption-budgets", w.space, w.name);
  budget["spec"] =
      Json::object({{"minAvailable", static_cast<int>(w.pods.size())},
                    {"selector", Json::object({{"matchLabels", Json::object({{"app", w.name}})}})}});
  budget["status"] = Json::object({{"disruptionsAllowed", 0},
                                   {"currentHealthy", static_cast<int>(w.pods.size())},
                                   {"desiredHealthy", static_cast<int>(w.pods.size())}});
  s.decide(budget["status"]["disruptionsAllowed"]);
  s.decide(budget["spec"]["minAvailable"]);
  s.decide(s.event("Node", "", node.name, "DrainFailed",
                   fmt::format("error when evicting pods/\"{}\" -n \"{}\": Cannot evict pod as it would "
                               "violate the pod's disruption budget.",
                               w.pods.front().name, w.space),
                   60, "drain-controller"));
  s.label.question = s.phrase({"The drain of node {0} does not end. Why?"},
                              {"Node {0} cannot be emptied for maintenance. What blocks it?"}, {node.name});
  s.culprit("poddisruptionbudget", w.space, w.name);
  s.cause(w,
          "Node {1} cannot be drained: the PodDisruptionBudget {0} allows no disruption (minAvailable equals "
          "the replicas).",
          {node.name}, {"The disruption budget of {0} blocks the eviction."});
  s.expect_name({w.name});
  s.expect({"disruption ?budget", "pdb", "minAvailable"});
}

void statefulset_order(Scene& s) {
  Workload& w = s.backend({Runtime::kafka});
  w.pods.resize(1);
  const std::string text = s.phrase({"The Cluster ID in meta.properties does not match the one of the quorum",
                                     "Invalid config: controller.quorum.voters must contain the node id 0"},
                                    {"log.dirs contains a directory of another broker.id",
                                     "Cannot load the metadata snapshot: offset is corrupt"});
  s.crash(w, 1,
          {{Level::info, "[KafkaServer id=0] starting"},
           {Level::fatal, "Fatal error during startup: " + text, true}});
  s.callers_fail(w);
  s.cause(w,
          "Of the StatefulSet {0} only pod {0}-0 exists, and it crashes ({1}), so the others are not made: "
          "they come in order.",
          {text}, {"{0}-0 ends with: {1}"});
  s.expect_name({w.name});
  s.expect({literal(text.substr(0, 24)), "crash", "meta.properties", "quorum", "broker.id", "snapshot"});
}

void cron_zone_unknown(Scene& s) {
  Workload& w = s.victim();
  const std::string name = w.name + "-monthly";
  Json& made = cron(s, name);
  made["spec"]["timeZone"] = s.phrase({"Europe/Berln"}, {"Asia/Tokio"});
  s.decide(made["spec"]["timeZone"]);
  const std::string zone = made["spec"]["timeZone"].text();
  s.decide(s.event("CronJob", w.space, name, "UnknownTimeZone",
                   fmt::format("invalid timeZone: \"{}\": unknown time zone {}", zone, zone), 100,
                   "cronjob-controller"));
  s.label.question =
      s.phrase({"The CronJob {0} does not run. Why?"}, {"{0} has never started a job. Why?"}, {name});
  s.cause(w, "The CronJob {1} does not run because its timeZone {2} is unknown.", {name, zone},
          {"unknown time zone {2}"});
  s.expect_name({name, zone});
  s.expect({"time ?zone"});
}

}  // namespace

Kinds workload_kinds() {
  return {
      {"job-backoff-limit", "job", "a Job fails until its backoff limit", job_backoff},
      {"job-deadline", "job", "a Job runs longer than its deadline", job_deadline},
      {"cron-suspended", "job", "a CronJob is suspended", cron_suspended},
      {"cron-overlap", "job", "an old run keeps a CronJob from starting", cron_forbidden_overlap},
      {"rollout-stuck", "rollout", "the new version's pods exit", rollout_stuck},
      {"rollout-paused", "rollout", "the Deployment is paused", rollout_paused},
      {"disruption-budget", "rollout", "a disruption budget blocks a drain", disruption_budget},
      {"statefulset-order", "rollout", "the first pod of a StatefulSet crashes, so the others are not made",
       statefulset_order},
      {"cron-zone-unknown", "job", "the time zone of a CronJob is unknown", cron_zone_unknown, true},
  };
}

}  // namespace carrel::incidents
