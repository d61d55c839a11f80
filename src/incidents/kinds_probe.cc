// Probes that ask the wrong thing, too early, or of a program that is too slow.
#include <fmt/format.h>

#include "incidents/kind.h"

namespace carrel::incidents {
namespace {

// The kubelet kills what does not answer its liveness probe: restarts, and a log that ends in good order.
void kill_by_probe(Scene& s, Workload& w, const std::string& kind, const std::string& failure) {
  for (Pod& pod : w.pods) {
    pod.created = std::min(pod.created, s.world.trouble);
    pod.restarts = s.random.between(5, 40);
    pod.ready = pod.started = false;
    const Millis ended = s.ago(s.random.between(1, 4));
    pod.last_state["terminated"] = Json::object({{"exitCode", 137},
                                                 {"reason", "Error"},
                                                 {"startedAt", rfc3339(ended - kMinute)},
                                                 {"finishedAt", rfc3339(ended)}});
    s.decide(s.event(w, pod, "Unhealthy", fmt::format("{} probe failed: {}", kind, failure),
                     s.random.between(12, 90)));
    s.event(w, pod, "Killing",
            fmt::format("Container {} failed {} probe, will be restarted", w.name,
                        kind == "Startup" ? "startup" : "liveness"),
            s.random.between(4, 30));
    s.say(pod, w, ended - 200,
          {Level::info, s.phrase({"received SIGTERM, shutting down", "signal terminated, closing listeners"},
                                 {"asked to stop, draining", "termination requested, bye"})});
  }
  s.callers_fail(w);
}

std::string url(const Pod& pod, std::int64_t port, const std::string& path) {
  return fmt::format("Get \"http://{}:{}{}\"", pod.ip, port, path);
}

void liveness_path(Scene& s) {
  Workload& w = s.victim();
  const std::string path =
      s.phrase({"/helthz", "/old/health", "/livez2"}, {"/aliv", "/legacy/ping", "/v0/heartbeat"});
  w.container()["livenessProbe"]["httpGet"]["path"] = path;
  s.decide(w.container()["livenessProbe"]["httpGet"]["path"]);
  kill_by_probe(s, w, "Liveness", "HTTP probe failed with statuscode: 404");
  for (Pod& pod : w.pods)
    s.repeat(pod, w,
             {Level::warn,
              s.phrase({"GET {0} 404", "no route for {0}"},
                       {"{0}: not found (404)", "unknown path {0} requested"}, {path}),
              true},
             10);
  s.cause(
      w,
      "The liveness probe of {0} asks for {1}, which answers 404, so the kubelet restarts it over and over.",
      {path}, {"Liveness probe path {1} of {0} is wrong."});
  s.expect_name({w.name});
  s.expect({"liveness"});
  s.expect({"404", literal(path), "path"});
}

void readiness_port(Scene& s) {
  Workload& w = s.victim();
  const int port = w.port + s.random.between(1, 9);
  w.container()["readinessProbe"]["httpGet"]["port"] = port;
  s.decide(w.container()["readinessProbe"]["httpGet"]["port"]);
  s.unready(w);
  const std::string path = w.container()["readinessProbe"]["httpGet"]["path"].text();
  for (Pod& pod : w.pods)
    s.decide(s.event(w, pod, "Unhealthy",
                     fmt::format("Readiness probe failed: {}: dial tcp {}:{}: connect: connection refused",
                                 url(pod, port, path), pod.ip, port),
                     s.random.between(30, 300)));
  s.callers_fail(w);
  s.cause(
      w,
      "The readiness probe of {0} asks port {1}, but the container listens on {2}, so no pod becomes ready.",
      {std::to_string(port), std::to_string(w.port)}, {"Readiness probe of {0} uses the wrong port {1}."});
  s.expect_name({w.name});
  s.expect({"readiness"});
  s.expect({literal(std::to_string(port)), "port"});
}

void liveness_early(Scene& s) {
  Workload& w = s.victim({Runtime::java});
  w.container()["livenessProbe"]["initialDelaySeconds"] = 3;
  w.container()["livenessProbe"]["periodSeconds"] = 3;
  s.decide(w.container()["livenessProbe"]["initialDelaySeconds"]);
  const std::string path = w.container()["livenessProbe"]["httpGet"]["path"].text();
  kill_by_probe(s, w, "Liveness",
                fmt::format("{}: dial tcp {}:{}: connect: connection refused", url(w.pods[0], w.port, path),
                            w.pods[0].ip, w.port));
  for (Pod& pod : w.pods)
    s.say(pod, w, s.ago(1),
          {Level::info,
           s.phrase({"still warming up: 41 % of the rules compiled", "context initialization is at 55 %"},
                    {"loading reference data, 12 of 40 parts", "index rebuild at 37 %"})});
  s.cause(
      w,
      "The liveness probe of {0} begins after 3 s, before the program has started, and kills it each time.",
      {}, {"{0} starts too slowly for its liveness probe (initialDelaySeconds 3)."});
  s.expect_name({w.name});
  s.expect({"liveness"});
  s.expect({"slow", "delay", "early", "before", "initialDelay", "connection refused", "too soon", "start"});
}

void startup_short(Scene& s) {
  Workload& w = s.victim({Runtime::java, Runtime::python});
  Json probe = w.container()["livenessProbe"];
  probe["failureThreshold"] = s.random.between(2, 4);
  probe["periodSeconds"] = 5;
  w.container()["startupProbe"] = probe;
  s.decide(w.container()["startupProbe"]["failureThreshold"]);
  kill_by_probe(s, w, "Startup",
                fmt::format("{}: dial tcp {}:{}: connect: connection refused", url(w.pods[0], w.port, "/"),
                            w.pods[0].ip, w.port));
  s.cause(
      w,
      "The startup probe of {0} gives it {1} times 5 s, less than it needs to start, so it is killed before.",
      {probe["failureThreshold"].text()}, {"Startup probe failed: {0} starts too slowly."});
  s.expect_name({w.name});
  s.expect({"startup"});
}

void probe_timeout(Scene& s) {
  Workload& w = s.victim();
  w.container()["livenessProbe"]["timeoutSeconds"] = 1;
  s.decide(w.container()["livenessProbe"]["timeoutSeconds"]);
  const std::string path = w.container()["livenessProbe"]["httpGet"]["path"].text();
  kill_by_probe(s, w, "Liveness",
                url(w.pods[0], w.port, path) +
                    ": context deadline exceeded (Client.Timeout exceeded while awaiting headers)");
  for (Pod& pod : w.pods)
    s.repeat(pod, w,
             {Level::warn,
              s.phrase({"health check took {0} ms", "slow answer of {1}: {0} ms"},
                       {"answering {1} needed {0} ms", "probe handler: {0} ms elapsed"},
                       {std::to_string(s.random.between(1200, 4000)), path}),
              true},
             9);
  s.cause(w,
          "The liveness probe of {0} times out after 1 s because its health endpoint answers more slowly, so "
          "it is restarted.",
          {}, {"Liveness probe timeout of {0} is too short."});
  s.expect_name({w.name});
  s.expect({"probe", "liveness"});
  s.expect({"time-?(d )?out", "timed out", "times out", "slow", "deadline"});
}

void dependency_unready(Scene& s) {
  Workload& db = s.backend({Runtime::postgres, Runtime::mysql});
  Workload& w = s.caller_of(db);
  s.unready(w);
  s.hold(db, "", "", "");
  const std::string missing = db.name + "-credentials";
  for (Pod& pod : db.pods) {
    pod.state["waiting"] = Json::object({{"reason", "CreateContainerConfigError"},
                                         {"message", fmt::format("secret \"{}\" not found", missing)}});
    s.decide(pod.state["waiting"]["message"]);
    s.decide(s.event(db, pod, "Failed", fmt::format("Error: secret \"{}\" not found", missing), 40));
  }
  db.container()["envFrom"] = Json::array({Json::object({{"secretRef", Json::object({{"name", missing}})}})});
  s.decide(db.container()["envFrom"].at(0)["secretRef"]["name"]);
  for (Pod& pod : w.pods)
    s.event(w, pod, "Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503",
            s.random.between(30, 300));
  for (Pod& pod : w.pods)
    s.repeat(
        pod, w,
        {Level::error,
         s.phrase({"not ready: {0} unreachable", "readiness: dependency {0} is down"},
                  {"dependency check of {0} failed", "reporting 503 since {0} cannot be used"}, {db.name})},
        14);
  s.noticed(w);
  s.label.difficulty = "hard";
  s.culprit("secret", db.space, missing);
  s.cause(w, "{0} is not ready because its database {1} cannot start: the Secret {2} does not exist.",
          {db.name, missing}, {"Secret {2} is missing, so {1} is down and {0} answers 503."});
  s.expect_name({missing});
  s.expect(saying::missing);
}

void probe_scheme(Scene& s) {
  Workload& w = s.victim();
  w.container()["readinessProbe"]["httpGet"]["scheme"] = "HTTPS";
  s.decide(w.container()["readinessProbe"]["httpGet"]["scheme"]);
  s.unready(w);
  for (Pod& pod : w.pods)
    s.decide(s.event(
        w, pod, "Unhealthy",
        fmt::format(
            "Readiness probe failed: Get \"https://{}:{}/\": http: server gave HTTP response to HTTPS client",
            pod.ip, w.port),
        80));
  s.callers_fail(w);
  s.cause(
      w, "The readiness probe of {0} speaks HTTPS to a port that serves plain HTTP, so no pod becomes ready.",
      {}, {"Probe scheme of {0} is wrong: HTTPS instead of HTTP."});
  s.expect_name({w.name});
  s.expect({"https"});
}

}  // namespace

Kinds probe_kinds() {
  return {
      {"liveness-path", "probe", "the liveness probe asks for a path that is not there", liveness_path},
      {"readiness-port", "probe", "the readiness probe asks the wrong port", readiness_port},
      {"liveness-early", "probe", "the liveness probe begins before the program has started", liveness_early},
      {"startup-short", "probe", "the startup probe gives too little time", startup_short},
      {"probe-timeout", "probe", "the probe's time-out is shorter than the answer takes", probe_timeout},
      {"dependency-unready", "probe", "not ready because the database behind it lacks its Secret",
       dependency_unready},
      {"probe-scheme", "probe", "the probe speaks HTTPS to a plain port", probe_scheme, true},
  };
}

}  // namespace carrel::incidents
