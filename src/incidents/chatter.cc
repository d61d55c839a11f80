#include "incidents/chatter.h"

#include <algorithm>

#include <fmt/format.h>

namespace carrel::incidents {
namespace {

// What a runtime says when all is well. {0}: a route or a table, {1} and {2}: numbers, {3}: its port where it
// starts.
struct Talk {
  Phrases start, work;
};

const Talk& training_talk(Runtime runtime) {
  static const Talk own = {{"starting server", "configuration loaded", "listening on :{3}"},
                           {"request served path={0} status=200 duration={2}ms",
                            "processed {2} items from {0}", "refreshed {0}: {1} entries",
                            "job {1} finished in {2} ms", "published {2} messages", "GET {0} 200 {2}ms"}};
  static const Talk java = {
      {"Starting application using Java 17", "Tomcat started on port(s): {3} (http)",
       "Started application in {2}.41 seconds"},
      {"Completed 200 OK for {0} in {2} ms", "HikariPool-1 - Pool stats (total=10, active=2)",
       "Scheduled task for {0} done, {1} rows"}};
  return runtime == Runtime::java ? java : own;
}

const Talk& testing_talk(Runtime runtime) {
  static const Talk own = {
      {"booting up", "settings read from environment", "ready to accept traffic on {3}"},
      {"handled {0} in {2} ms (200)", "batch of {2} rows written to {0}", "{0} synchronised, {1} records",
       "worker tick {1}: nothing to do", "acknowledged {2} deliveries", "heartbeat ok seq={1}"}};
  static const Talk java = {
      {"Initializing context for the service", "Undertow listening on 0.0.0.0:{3}", "JVM running for {2}.08"},
      {"Served {0} with status 200 after {2} ms", "pool-main statistics: idle={2}, busy=1",
       "Housekeeping of {0} finished, {1} records seen"}};
  return runtime == Runtime::java ? java : own;
}

// Texts of the components themselves, which are the same in both splits.
const Talk& component_talk(Runtime runtime) {
  static const Talk postgres = {
      {"starting PostgreSQL 15.6 on x86_64-pc-linux-gnu", "database system is ready to accept connections"},
      {"checkpoint starting: time",
       "checkpoint complete: wrote {2} buffers (0.3%); write=4.{2} s, sync=0.01 s, total=4.{2} s",
       "automatic vacuum of table \"app.public.{0}\": index scans: 0"}};
  static const Talk mysql = {{"/usr/sbin/mysqld: ready for connections. Version: '8.0.36'  port: 3306"},
                             {"InnoDB: page_cleaner: 1000ms intended loop took {1}ms."}};
  static const Talk redis = {{"Ready to accept connections tcp"},
                             {"{2} changes in 300 seconds. Saving...", "Background saving started by pid {1}",
                              "DB saved on disk", "Background saving terminated with success"}};
  static const Talk kafka = {{"[KafkaServer id=1] started"},
                             {"[GroupCoordinator 1]: Stabilized group {0}-consumers generation {2}",
                              "[LogCleaner]: Cleaned {2} segments of {0}-{2}",
                              "[UnifiedLog partition={0}-{2}] Rolled new log segment"}};
  static const Talk rabbitmq = {{"Server startup complete; 4 plugins started."},
                                {"accepting AMQP connection <0.{1}.0> (10.244.1.{2}:5{1} -> 10.244.2.9:5672)",
                                 "closing AMQP connection <0.{1}.0>"}};
  static const Talk nginx = {{"start worker processes"},
                             {"10.244.1.{2} - - {3} \"GET {0} HTTP/1.1\" 200 {1} \"-\" \"Mozilla/5.0\""}};
  static const Talk dns = {
      {"plugin/reload: Running configuration SHA512 = 591cf328cccc12bc"},
      {"10.244.1.{2}:4{1} - {1} \"A IN example.com. udp 41 false 512\" NOERROR qr,rd,ra 71 0.00{2}s"}};
  static const Talk controller = {{"Version: v4.0.0", "successfully acquired lease"},
                                  {"Reconciled {2} objects", "Sync of {1} keys finished"}};
  switch (runtime) {
    case Runtime::postgres:
      return postgres;
    case Runtime::mysql:
      return mysql;
    case Runtime::redis:
      return redis;
    case Runtime::kafka:
      return kafka;
    case Runtime::rabbitmq:
      return rabbitmq;
    case Runtime::nginx:
      return nginx;
    case Runtime::coredns:
      return dns;
    default:
      return controller;
  }
}

void add_line(Scene& s, Log* log, const Workload& workload, Millis at, const Phrases& phrases) {
  const std::string what =
      workload.runtime <= Runtime::node ? s.random.pick(s.words.routes) : s.random.pick(s.words.tables);
  const std::string text = filled(s.random.pick(phrases), {what, std::to_string(s.random.between(1000, 9999)),
                                                           std::to_string(s.random.between(1, 99))});
  LogLine line;
  line.at = at;
  // The proxy's access log is in a form of its own.
  const bool access = workload.runtime == Runtime::nginx && text.starts_with("10.");
  line.text =
      log_line(workload.speaker, at, access ? Level::raw : Level::info,
               access ? filled(text, {"", "", "", time_text(at, "[%d/%b/%Y:%H:%M:%S +0000]")}) : text);
  log->lines.push_back(std::move(line));
}

void chat(Scene& s, Workload& workload, Pod& pod) {
  if (pod.phase != "Running") return;
  const bool own = workload.runtime <= Runtime::node;
  const Talk& talk = !own                            ? component_talk(workload.runtime)
                     : s.world.split == Split::train ? training_talk(workload.runtime)
                                                     : testing_talk(workload.runtime);
  const bool crashing = !pod.ready && pod.restarts > 3;
  const auto begin = [&](Log* log, Millis at) {
    const std::string port = std::to_string(workload.port);
    for (const std::string& line : talk.start)
      add_line(s, log, workload, at += 15, {filled(line, {"{0}", "{1}", "{2}", port})});
  };
  const auto earliest = [](const Log& log) {
    return std::min_element(log.lines.begin(), log.lines.end(),
                            [](const LogLine& a, const LogLine& b) { return a.at < b.at; })
        ->at;
  };
  if (crashing && !pod.log.lines.empty()) {
    begin(&pod.log, earliest(pod.log) - 900);
    if (!pod.previous.lines.empty()) begin(&pod.previous, earliest(pod.previous) - 900);
    return;
  }
  const Millis from = std::max(pod.created, s.world.now - s.random.between(2, 12) * kHour);
  begin(&pod.log, from);
  const int lines = s.world.size == 0 ? s.random.between(10, 60) : s.random.between(30, 260);
  for (int i = 0; i < lines; ++i) {
    const Millis at =
        from + (s.world.now - from) / (lines + 1) * (i + 1) + static_cast<Millis>(s.random.below(900));
    add_line(s, &pod.log, workload, at, talk.work);
  }
}

// --- red herrings ---

Workload* bystander(Scene& s) {
  std::vector<Workload*> all;
  for (Workload& workload : s.world.workloads) {
    const bool well = std::all_of(workload.pods.begin(), workload.pods.end(), [](const Pod& pod) {
      return pod.ready && pod.phase == "Running" && pod.restarts == 0;
    });
    if (well && !workload.pods.empty() && !s.troubled(workload)) all.push_back(&workload);
  }
  return all.empty() ? nullptr : s.random.pick(all);
}

// Killed for memory once, days ago, and well since.
void old_restart(Scene& s, Workload& workload) {
  Pod& pod = workload.pods.front();
  pod.restarts = 1;
  const Millis ended = s.world.now - s.random.between(2, 20) * kDay;
  pod.created = std::min(pod.created, ended - kDay);
  const bool killed = s.random.chance(50);
  pod.last_state["terminated"] = Json::object({{"exitCode", killed ? 137 : 143},
                                               {"reason", killed ? "OOMKilled" : "Completed"},
                                               {"startedAt", rfc3339(ended - 3 * kDay)},
                                               {"finishedAt", rfc3339(ended)}});
}

void one_missed_probe(Scene& s, Workload& workload) {
  const Pod& pod = workload.pods.back();
  s.event(workload, pod, "Unhealthy",
          fmt::format("Readiness probe failed: Get \"http://{}:{}/\": context deadline exceeded "
                      "(Client.Timeout exceeded while awaiting headers)",
                      pod.ip, workload.port),
          s.random.between(1, 2));
}

// Waited for a node for a moment, then was placed.
void short_wait(Scene& s, Workload& workload) {
  const Pod& pod = workload.pods.back();
  s.event("Pod", workload.space, pod.name, "FailedScheduling",
          fmt::format("0/{} nodes are available: {} node(s) had untolerated taint "
                      "{{node.kubernetes.io/not-ready: }}. preemption: not helpful for scheduling.",
                      s.world.nodes.size(), s.world.nodes.size()),
          1, "default-scheduler");
  s.event("Pod", workload.space, pod.name, "Scheduled",
          fmt::format("Successfully assigned {}/{} to {}", workload.space, pod.name, pod.node), 1,
          "default-scheduler", "Normal");
}

// Errors that an application tells of and lives with.
void noise(Scene& s, Workload& workload) {
  if (workload.runtime > Runtime::node) return;
  const std::string route = s.random.pick(s.words.routes);
  const std::string text = s.phrase(
      {"client went away before the response was written: {0}", "webhook receiver answered 410, dropping it",
       "deprecated option {1} is ignored", "slow request {0} took 2113 ms",
       "could not parse user agent, ignored", "avatar not found, using the default one"},
      {"peer closed the connection early on {0}", "hook target replied with 404, skipped",
       "setting {1} will be removed in the next release", "{0} needed 1890 ms, above the goal of 1500",
       "invalid tracking parameter, discarded", "thumbnail is not there, placeholder sent"},
      {route, s.random.pick(s.words.flags)});
  const Level level = s.random.chance(50) ? Level::error : Level::warn;
  for (int i = s.random.between(1, 12); i > 0; --i) {
    Pod& pod = workload.pods[s.random.below(workload.pods.size())];
    s.say(pod, workload, s.world.now - static_cast<Millis>(s.random.below(20 * kHour)), {level, text});
  }
}

void image_garbage(Scene& s, Workload&) {
  s.event("Node", "", s.worker().name, "ImageGCFailed",
          "failed to get image stats: rpc error: code = Unavailable desc = connection error", 1);
}

void scaled_lately(Scene& s, Workload& workload) {
  if (workload.kind != "Deployment") return;
  s.event("Deployment", workload.space, workload.name, "ScalingReplicaSet",
          fmt::format("Scaled up replica set {}-{} to {}", workload.name, workload.hash, workload.replicas),
          1, "deployment-controller", "Normal");
}

void many_nameservers(Scene& s, Workload& workload) {
  s.event("Pod", workload.space, workload.pods.front().name, "DNSConfigForming",
          "Nameserver limits were exceeded, some nameservers have been omitted, the applied nameserver line "
          "is: 10.0.0.2 10.0.0.3 10.0.0.4",
          s.random.between(2, 300));
}

void kernel_mutter(Scene& s, Workload&) {
  const std::string node = s.worker().name;
  const std::string file = "host-logs/" + node + "/dmesg.log";
  const Speaker kernel{Style::kernel, node, 1};
  for (const char* text :
       {"perf: interrupt took too long (2511 > 2500), lowering kernel.perf_event_max_sample_rate",
        "IPv6: ADDRCONF(NETDEV_CHANGE): eth0: link becomes ready",
        "overlayfs: idmapped layers are currently not supported"}) {
    s.say(file, kernel, s.world.now - static_cast<Millis>(s.random.below(5 * kDay)), {Level::info, text});
  }
}

}  // namespace

void add_chatter(Scene& scene) {
  for (Workload& workload : scene.world.workloads) {
    // Logs are collected of the product, and of the rest where that is in trouble or the bundle is large.
    const bool wanted = workload.space == scene.world.space || scene.world.size == 2 ||
                        scene.troubled(workload) || scene.random.chance(30);
    for (Pod& pod : workload.pods) {
      if (wanted || !pod.ready || !pod.log.lines.empty()) chat(scene, workload, pod);
    }
  }
}

void add_herrings(Scene& scene, int count) {
  static const std::vector<void (*)(Scene&, Workload&)> all = {
      old_restart,   one_missed_probe, short_wait,       noise,        noise,
      image_garbage, scaled_lately,    many_nameservers, kernel_mutter};
  for (int i = 0; i < count; ++i) {
    Workload* workload = bystander(scene);
    if (workload != nullptr) scene.random.pick(all)(scene, *workload);
  }
}

}  // namespace carrel::incidents
