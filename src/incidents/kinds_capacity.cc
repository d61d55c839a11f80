// Quotas, limits and autoscaling.
#include <fmt/format.h>

#include "incidents/kind.h"

namespace carrel::incidents {
namespace {

void refuse(Scene& s, Workload& w, const std::string& message) {
  w.pods.clear();
  s.decide(s.event("ReplicaSet", w.space, w.name + "-" + w.hash, "FailedCreate", "Error creating: " + message,
                   s.random.between(8, 60), "replicaset-controller"));
  s.callers_fail(w);
}

void quota(Scene& s) {
  Workload& w = s.victim();
  const std::string name = s.phrase({"compute-quota", "team-quota"}, {"budget", "space-limits"});
  const std::string resource = s.random.chance(50) ? "requests.memory" : "requests.cpu";
  const std::string hard = resource == "requests.cpu" ? "4" : "8Gi",
                    used = resource == "requests.cpu" ? "3900m" : "7900Mi",
                    asked = resource == "requests.cpu" ? "500m" : "512Mi";
  Json& made = s.put("resource-quota", w.space, name);
  made["spec"]["hard"] = Json::object({{resource, hard}});
  made["status"] =
      Json::object({{"hard", Json::object({{resource, hard}})}, {"used", Json::object({{resource, used}})}});
  s.decide(made["status"]["used"][resource]);
  s.decide(made["status"]["hard"][resource]);
  refuse(
      s, w,
      fmt::format(
          "pods \"{}-{}-{}\" is forbidden: exceeded quota: {}, requested: {}={}, used: {}={}, limited: {}={}",
          w.name, w.hash, s.random.suffix(5), name, resource, asked, resource, used, resource, hard));
  s.culprit("resourcequota", w.space, name);
  s.cause(w, "No pod of {0} can be created: the quota {1} is used up ({2}: {3} of {4}).",
          {name, resource, used, hard}, {"exceeded quota {1} for {2}"});
  s.expect_name({name, w.name});
  s.expect({"quota"});
}

void quota_wants_limits(Scene& s) {
  Workload& w = s.victim();
  const std::string name = s.phrase({"compute-quota", "team-quota"}, {"budget", "space-limits"});
  Json& made = s.put("resource-quota", w.space, name);
  made["spec"]["hard"] = Json::object({{"limits.memory", "20Gi"}});
  w.container()["resources"] = Json::object();
  refuse(s, w,
         fmt::format("pods \"{}-{}-{}\" is forbidden: failed quota: {}: must specify limits.memory for: {}",
                     w.name, w.hash, s.random.suffix(5), name, w.name));
  s.culprit("resourcequota", w.space, name);
  s.cause(w,
          "No pod of {0} can be created: the quota {1} demands a memory limit and the container sets none.",
          {name}, {"{0} must specify limits.memory because of quota {1}."});
  s.expect_name({name, w.name});
  s.expect({"quota", "must specify"});
  s.expect({"limit"});
}

void limit_range(Scene& s) {
  Workload& w = s.victim();
  const std::string name = s.phrase({"defaults", "container-limits"}, {"bounds", "size-rules"});
  Json& made = s.put("limitranges", w.space, name);
  made["spec"]["limits"] =
      Json::array({Json::object({{"type", "Container"}, {"max", Json::object({{"memory", "256Mi"}})}})});
  s.decide(made["spec"]["limits"].at(0)["max"]["memory"]);
  w.container()["resources"]["limits"]["memory"] = "2Gi";
  s.decide(w.container()["resources"]["limits"]["memory"]);
  refuse(s, w,
         fmt::format(
             "pods \"{}-{}-{}\" is forbidden: maximum memory usage per Container is 256Mi, but limit is 2Gi",
             w.name, w.hash, s.random.suffix(5)));
  s.culprit("limitrange", w.space, name);
  s.cause(w,
          "No pod of {0} can be created: its memory limit of 2Gi is above the maximum of 256Mi of the "
          "LimitRange {1}.",
          {name}, {"LimitRange {1} allows 256Mi, {0} asks for 2Gi."});
  s.expect_name({name, w.name});
  s.expect({"limit ?range", "256Mi", "maximum"});
}

Json& scaler(Scene& s, Workload& w, int least, int most, int now) {
  Json& made = s.put("horizontalpodautoscalers", w.space, w.name);
  made["spec"] =
      Json::object({{"scaleTargetRef",
                     Json::object({{"apiVersion", "apps/v1"}, {"kind", "Deployment"}, {"name", w.name}})},
                    {"minReplicas", least},
                    {"maxReplicas", most}});
  made["spec"]["metrics"] = Json::array({Json::object(
      {{"type", "Resource"},
       {"resource",
        Json::object({{"name", "cpu"},
                      {"target", Json::object({{"type", "Utilization"}, {"averageUtilization", 70}})}})}})});
  made["status"] = Json::object({{"currentReplicas", now}, {"desiredReplicas", now}});
  return made;
}

Json scaler_condition(const char* type, bool holds, const char* reason, const std::string& message) {
  return Json::object(
      {{"type", type}, {"status", holds ? "True" : "False"}, {"reason", reason}, {"message", message}});
}

void slow_for_users(Scene& s, Workload& w) {
  for (Pod& pod : w.pods)
    s.repeat(pod, w,
             {Level::warn, s.phrase({"request queue is at {0} entries", "slow response: {0} ms"},
                                    {"backlog grew to {0}", "latency budget missed, {0} ms"},
                                    {std::to_string(s.random.between(2000, 9000))})},
             12);
}

void no_metrics(Scene& s) {
  Workload& w = s.victim();
  Json& hpa = scaler(s, w, 2, 10, static_cast<int>(w.pods.size()));
  const std::string why =
      "the HPA was unable to compute the replica count: failed to get cpu utilization: unable to get metrics "
      "for resource cpu: unable to fetch metrics from resource metrics API: the server is currently unable "
      "to handle the request (get pods.metrics.k8s.io)";
  hpa["status"]["conditions"] =
      Json::array({scaler_condition("AbleToScale", true, "SucceededGetScale",
                                    "the HPA controller was able to get the target's current scale"),
                   scaler_condition("ScalingActive", false, "FailedGetResourceMetric", why)});
  s.decide(hpa["status"]["conditions"].at(1)["message"]);
  s.decide(hpa["status"]["conditions"].at(1)["reason"]);
  s.decide(s.event("HorizontalPodAutoscaler", w.space, w.name, "FailedGetResourceMetric", why.substr(52), 200,
                   "horizontal-pod-autoscaler"));
  slow_for_users(s, w);
  s.culprit("horizontalpodautoscaler", w.space, w.name);
  s.cause(
      w,
      "The autoscaler of {0} cannot scale: it gets no CPU metrics because the metrics API does not answer.",
      {}, {"HPA {0}: unable to fetch metrics from the resource metrics API."});
  s.expect_name({w.name});
  s.expect({"metric"});
}

void request_missing(Scene& s) {
  Workload& w = s.victim();
  w.container()["resources"].remove("requests");
  Json& hpa = scaler(s, w, 2, 10, static_cast<int>(w.pods.size()));
  const std::string why = fmt::format(
      "the HPA was unable to compute the replica count: failed to get cpu utilization: missing request for "
      "cpu in container {} of Pod {}",
      w.name, w.pods.front().name);
  hpa["status"]["conditions"] =
      Json::array({scaler_condition("ScalingActive", false, "FailedGetResourceMetric", why)});
  s.decide(hpa["status"]["conditions"].at(0)["message"]);
  s.decide(s.event("HorizontalPodAutoscaler", w.space, w.name, "FailedComputeMetricsReplicas", why, 150,
                   "horizontal-pod-autoscaler"));
  slow_for_users(s, w);
  s.culprit("horizontalpodautoscaler", w.space, w.name);
  s.cause(w, "The autoscaler of {0} cannot compute a utilisation: the container has no CPU request.", {},
          {"HPA {0}: missing request for cpu."});
  s.expect_name({w.name});
  s.expect({"request"});
  s.expect({"cpu"});
}

void at_maximum(Scene& s) {
  Workload& w = s.victim();
  const int most = static_cast<int>(w.pods.size());
  Json& hpa = scaler(s, w, 1, most, most);
  hpa["status"]["currentMetrics"] = Json::array({Json::object(
      {{"type", "Resource"},
       {"resource",
        Json::object({{"name", "cpu"},
                      {"current", Json::object({{"averageUtilization", s.random.between(120, 400)}})}})}})});
  hpa["status"]["conditions"] =
      Json::array({scaler_condition("ScalingLimited", true, "TooManyReplicas",
                                    "the desired replica count is more than the maximum replica count")});
  s.decide(hpa["status"]["conditions"].at(0)["message"]);
  s.decide(hpa["status"]["conditions"].at(0)["reason"]);
  s.decide(hpa["spec"]["maxReplicas"]);
  slow_for_users(s, w);
  s.culprit("horizontalpodautoscaler", w.space, w.name);
  s.cause(w, "{0} is overloaded: its autoscaler has reached maxReplicas ({1}) and may not add pods.",
          {std::to_string(most)}, {"HPA {0} is at its maximum of {1} replicas."});
  s.expect_name({w.name});
  s.expect({"max"});
}

void scaler_target(Scene& s) {
  Workload& w = s.victim();
  const std::string wrong = w.name + s.phrase({"-deployment", "-v1"}, {"-main", "-stable"});
  Json& hpa = scaler(s, w, 2, 8, 0);
  hpa["spec"]["scaleTargetRef"]["name"] = wrong;
  s.decide(hpa["spec"]["scaleTargetRef"]["name"]);
  const std::string why = fmt::format(
      "the HPA controller was unable to get the target's current scale: deployments.apps \"{}\" not found",
      wrong);
  hpa["status"]["conditions"] = Json::array({scaler_condition("AbleToScale", false, "FailedGetScale", why)});
  s.decide(hpa["status"]["conditions"].at(0)["message"]);
  s.decide(s.event("HorizontalPodAutoscaler", w.space, w.name, "FailedGetScale",
                   fmt::format("deployments.apps \"{}\" not found", wrong), 90, "horizontal-pod-autoscaler"));
  slow_for_users(s, w);
  s.culprit("horizontalpodautoscaler", w.space, w.name);
  s.cause(w, "The autoscaler {0} scales nothing: its target Deployment {1} does not exist.", {wrong},
          {"HPA target {1} not found."});
  s.expect_name({wrong});
  s.expect(saying::missing);
}

void throttled(Scene& s) {
  Workload& w = s.victim();
  w.container()["resources"]["limits"]["cpu"] = "50m";
  s.decide(w.container()["resources"]["limits"]["cpu"]);
  for (Pod& pod : w.pods) {
    s.repeat(pod, w,
             {Level::warn,
              s.phrase({"cpu throttled in 96 % of periods (nr_throttled=41822)",
                        "process starved: throttled for 880 ms of the last second"},
                       {"cgroup cpu.stat shows throttling: 93 percent",
                        "scheduler delay 910 ms, CPU quota is used up"}),
              true},
             14);
    s.event(w, pod, "Unhealthy", "Readiness probe failed: context deadline exceeded", 14);
  }
  s.unready(w);
  s.callers_fail(w);
  s.cause(w, "{0} is throttled: its CPU limit of 50m is far too low, so it answers too slowly.", {},
          {"CPU throttling slows {0}."});
  s.expect_name({w.name});
  s.expect({"cpu", "throttl"});
}

void object_quota(Scene& s) {
  Workload& w = s.victim();
  const std::string name = s.phrase({"object-quota"}, {"things-budget"});
  const std::string count = std::to_string(s.random.between(5, 30));
  Json& made = s.put("resource-quota", w.space, name);
  made["spec"]["hard"] = Json::object({{"pods", count}});
  made["status"] =
      Json::object({{"hard", Json::object({{"pods", count}})}, {"used", Json::object({{"pods", count}})}});
  s.decide(made["status"]["used"]["pods"]);
  refuse(s, w,
         fmt::format("pods \"{0}-{1}-x7k2p\" is forbidden: exceeded quota: {2}, requested: pods=1, used: "
                     "pods={3}, limited: pods={3}",
                     w.name, w.hash, name, count));
  s.culprit("resourcequota", w.space, name);
  s.cause(w, "No pod of {0} can be created: the quota {1} allows {2} pods and all are used.", {name, count},
          {"exceeded quota {1}: pods={2}"});
  s.expect_name({name, w.name});
  s.expect({"quota"});
}

}  // namespace

Kinds capacity_kinds() {
  return {
      {"quota-exceeded", "capacity", "the namespace's quota is used up", quota},
      {"quota-wants-limits", "capacity", "the quota demands limits that are not set", quota_wants_limits},
      {"limit-range", "capacity", "the LimitRange allows less", limit_range},
      {"scaler-no-metrics", "capacity", "the autoscaler gets no metrics", no_metrics},
      {"scaler-no-request", "capacity", "the autoscaler's target sets no request", request_missing},
      {"scaler-at-maximum", "capacity", "the autoscaler may not add pods", at_maximum},
      {"scaler-target-missing", "capacity", "the autoscaler's target does not exist", scaler_target},
      {"cpu-throttled", "capacity", "the CPU limit is far too low", throttled},
      {"quota-of-pods", "capacity", "the quota's number of pods is reached", object_quota, true},
  };
}

}  // namespace carrel::incidents
