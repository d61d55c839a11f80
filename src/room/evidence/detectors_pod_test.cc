// Containers, images, scheduling, probes and nodes.
#include <algorithm>

#include <gtest/gtest.h>

#include "room/evidence/detector_case.h"

namespace carrel {
namespace {

class PodDetectors : public testing::TestWithParam<DetectorCase> {};

TEST_P(PodDetectors, FindsItAndIsSilentWhenMended) {
  run_case(GetParam());
}

// A pod whose one container is in a state.
std::string pod(const std::string& spec, const std::string& status) {
  return "apiVersion: v1\nkind: Pod\nmetadata: {name: api-0, namespace: shop}\nspec:\n" + spec + "status:\n" +
         status;
}

std::string event(const std::string& reason, const std::string& message) {
  return "\n---\napiVersion: v1\nkind: Event\nmetadata: {name: e1, namespace: shop}\ninvolvedObject: {kind: "
         "Pod, name: api-0, "
         "namespace: shop}\ntype: Warning\ncount: 7\nreason: " +
         reason + "\nmessage: '" + message + "'\n";
}

const std::string container = "  containers:\n  - name: api\n    image: registry.example/api:1.4\n";

INSTANTIATE_TEST_SUITE_P(
    Crashes, PodDetectors,
    testing::Values(
        DetectorCase{"out of memory",
                     pod(container + "    resources:\n      limits:\n        memory: 64Mi\n",
                         "  phase: Running\n  containerStatuses:\n  - name: api\n    ready: false\n    "
                         "restartCount: 6\n"
                         "    state:\n      waiting:\n        reason: CrashLoopBackOff\n    lastState:\n     "
                         " terminated:\n"
                         "        reason: OOMKilled\n        exitCode: 137\n"),
                     "container-out-of-memory",
                     {"OOMKilled", "137", "64Mi", "api-0", "shop"},
                     "reason: OOMKilled",
                     "reason: Error"},
        DetectorCase{
            "exit code with its last message",
            pod(container,
                "  phase: Running\n  containerStatuses:\n  - name: api\n    ready: false\n    restartCount: "
                "6\n"
                "    state:\n      waiting:\n        reason: CrashLoopBackOff\n    lastState:\n      "
                "terminated:\n"
                "        reason: Error\n        exitCode: 3\n        message: no such table users\n"),
            "container-crash",
            {"exit code 3", "no such table users", "CrashLoopBackOff"},
            "exitCode: 3\n        message: no such table users",
            "startedAt: x"},
        DetectorCase{"a command that ends by itself",
                     "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: api, namespace: shop}\nspec:\n "
                     " replicas: 1\n"
                     "  template:\n    metadata: {labels: {app: api}}\n    spec:\n      containers:\n      - "
                     "name: api\n"
                     "        image: busybox\n        args: ['-c', 'echo hello; exit 12']\n",
                     "command-always-fails",
                     {"exit 12", "Deployment api"},
                     "exit 12",
                     "sleep 12"},
        DetectorCase{
            "a command that is not in the image",
            pod(container,
                "  phase: Running\n  containerStatuses:\n  - name: api\n    ready: false\n    state:\n"
                "      waiting:\n        reason: RunContainerError\n"
                "        message: 'exec: \"/app/serve\": executable file not found in $PATH'\n"),
            "container-not-started",
            {"/app/serve", "executable file not found"},
            "RunContainerError",
            "PodInitializing"},
        DetectorCase{
            "a missing ConfigMap by the kubelet's words",
            pod(container,
                "  phase: Pending\n  containerStatuses:\n  - name: api\n    ready: false\n    state:\n"
                "      waiting:\n        reason: CreateContainerConfigError\n"
                "        message: 'configmap \"api-settings\" not found'\n"),
            "container-not-started",
            {"ConfigMap api-settings", "does not exist"},
            "CreateContainerConfigError",
            "PodInitializing"},
        DetectorCase{
            "an init container that waits",
            pod("  initContainers:\n  - name: wait-for-db\n    image: busybox\n    command: [sh, -c, "
                "'until nc -z db 5432; do sleep 1; done']\n" +
                    container,
                "  phase: Pending\n  initContainerStatuses:\n  - name: wait-for-db\n    ready: false\n    "
                "state:\n"
                "      running: {startedAt: x}\n"),
            "init-container-stuck",
            {"wait-for-db", "Init", "nc -z db 5432"},
            "ready: false",
            "ready: true"},
        DetectorCase{"evicted",
                     pod(container,
                         "  phase: Failed\n  reason: Evicted\n  message: 'The node was low on resource: "
                         "ephemeral-storage. Container api was using 2Gi.'\n"),
                     "pod-evicted",
                     {"evicted", "ephemeral-storage"},
                     "reason: Evicted",
                     "reason: Completed"}));

INSTANTIATE_TEST_SUITE_P(
    Images, PodDetectors,
    testing::Values(
        DetectorCase{"no such host",
                     pod(container, "  phase: Pending\n") +
                         event("Failed",
                               "Failed to pull image \"registry.example/api:1.4\": dial tcp: lookup "
                               "registry.example on 10.0.0.10:53: no such host"),
                     "image-pull",
                     {"cannot pull its image registry.example/api:1.4", "does not exist", "no such host"},
                     "reason: Failed",
                     "reason: Pulled"},
        DetectorCase{
            "tag not found",
            pod(container,
                "  phase: Pending\n  containerStatuses:\n  - name: api\n    ready: false\n    state:\n"
                "      waiting:\n        reason: ErrImagePull\n        message: 'manifest for "
                "registry.example/api:1.4 not found: manifest unknown'\n"),
            "image-pull",
            {"does not exist in the registry", "ErrImagePull"},
            "ErrImagePull",
            "PodInitializing"},
        DetectorCase{
            "credentials",
            pod(container,
                "  phase: Pending\n  containerStatuses:\n  - name: api\n    ready: false\n    state:\n"
                "      waiting:\n        reason: ErrImagePull\n        message: '401 Unauthorized'\n"),
            "image-pull",
            {"unauthorized", "pull secret"},
            "ErrImagePull",
            "PodInitializing"},
        DetectorCase{
            "no valid name",
            pod(container,
                "  phase: Pending\n  containerStatuses:\n  - name: api\n    ready: false\n    state:\n"
                "      waiting:\n        reason: InvalidImageName\n"),
            "image-pull",
            {"not a valid image name"},
            "InvalidImageName",
            "PodInitializing"}));

const std::string pending =
    "  phase: Pending\n  conditions:\n  - {type: PodScheduled, status: 'False', reason: Unschedulable}\n";

const std::string scheduler =
    "---\napiVersion: v1\nkind: Pod\nmetadata: {name: kube-scheduler-cp1, namespace: kube-system}\n"
    "status: {phase: Running, containerStatuses: [{name: kube-scheduler, ready: false, state: "
    "{waiting: {reason: CrashLoopBackOff}}}]}\n";

INSTANTIATE_TEST_SUITE_P(
    Scheduling, PodDetectors,
    testing::Values(
        DetectorCase{"nobody is there to place it",
                     pod(container, "  phase: Pending\n") + scheduler,
                     "scheduler-crash",
                     {"kube-scheduler-cp1", "no event says why"},
                     "name: kube-scheduler-cp1",
                     "name: kube-proxy-cp1"},
        DetectorCase{"neither events nor nodes tell why it is placed nowhere",
                     pod(container, "  phase: Pending\n"),
                     "pod-unplaced",
                     {"Pending on no node", "cannot be told"},
                     "phase: Pending",
                     "phase: Running"},
        DetectorCase{"node selector",
                     pod("  nodeSelector: {disk: ssd}\n" + container, pending) +
                         event("FailedScheduling",
                               "0/3 nodes are available: 1 node(s) had untolerated taint "
                               "{node-role.kubernetes.io/control-plane: "
                               "}, 2 node(s) didn''t match Pod''s node affinity/selector. preemption: none."),
                     "scheduling-selector",
                     {"nodeSelector disk=ssd", "2 node(s)"},
                     "reason: FailedScheduling",
                     "reason: Scheduled"},
        DetectorCase{
            "a node group at its largest",
            pod(container + "    resources: {requests: {cpu: 14}}\n", pending) +
                event("FailedScheduling", "0/12 nodes are available: 12 Insufficient cpu.") +
                event("NotTriggerScaleUp", "pod didn''t trigger scale-up: 1 max node group size reached"),
            "scheduling-resources",
            {"insufficient cpu", "adds no node", "max node group size reached"},
            "reason: FailedScheduling",
            "reason: Scheduled"},
        DetectorCase{"not enough memory",
                     pod(container + "    resources: {requests: {memory: 64Gi}}\n", pending) +
                         event("FailedScheduling", "0/3 nodes are available: 3 Insufficient memory."),
                     "scheduling-resources",
                     {"insufficient memory", "64Gi", "3 node(s)"},
                     "reason: FailedScheduling",
                     "reason: Scheduled"},
        DetectorCase{"taint",
                     pod(container, pending) + event("FailedScheduling",
                                                     "0/1 nodes are available: 1 node(s) had untolerated "
                                                     "taint {dedicated: gpu}."),
                     "scheduling-taint",
                     {"dedicated: gpu", "does not tolerate"},
                     "reason: FailedScheduling",
                     "reason: Scheduled"},
        DetectorCase{
            "a toleration of another value",
            pod("  tolerations: [{key: dedicated, operator: Equal, value: cpu, effect: NoSchedule}]\n" +
                    container,
                pending) +
                event("FailedScheduling",
                      "0/1 nodes are available: 1 node(s) had untolerated taint {dedicated: gpu}."),
            "scheduling-taint",
            {"dedicated: gpu", "does not match", "value cpu"},
            "reason: FailedScheduling",
            "reason: Scheduled"},
        DetectorCase{"a taint that guards the nodes that the selector allows",
                     pod("  nodeSelector: {disk: ssd}\n" + container, pending) +
                         event("FailedScheduling",
                               "0/6 nodes are available: 2 node(s) had untolerated taint {dedicated: ml}, 4 "
                               "node(s) didn''t match Pod''s node affinity/selector."),
                     "scheduling-taint",
                     {"dedicated: ml", "does not tolerate"},
                     "reason: FailedScheduling",
                     "reason: Scheduled"},
        DetectorCase{"anti-affinity",
                     pod(container, pending) + event("FailedScheduling",
                                                     "0/2 nodes are available: 2 node(s) didn''t match pod "
                                                     "anti-affinity rules."),
                     "scheduling-anti-affinity",
                     {"anti-affinity", "2 node(s)"},
                     "reason: FailedScheduling",
                     "reason: Scheduled"},
        DetectorCase{"selector against nodes, without events",
                     pod("  nodeSelector: {disk: ssd}\n" + container, "  phase: Pending\n") +
                         "---\napiVersion: v1\nkind: Node\nmetadata: {name: n1, labels: {disk: hdd}}\n",
                     "placement-selector",
                     {"disk=ssd", "none of the 1 nodes"},
                     "disk: hdd",
                     "disk: ssd"},
        DetectorCase{
            "larger than any node",
            pod(container + "    resources: {requests: {cpu: 32}}\n", "  phase: Pending\n") +
                "---\napiVersion: v1\nkind: Node\nmetadata: {name: n1}\nstatus: {allocatable: {cpu: '4'}}\n",
            "placement-size",
            {"32 cpu", "n1"},
            "cpu: 32",
            "cpu: 3"},
        DetectorCase{"one pod for each node",
                     "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: api, namespace: shop}\nspec:\n "
                     " replicas: 3\n"
                     "  template:\n    metadata: {labels: {app: api}}\n    spec:\n      affinity:\n        "
                     "podAntiAffinity:\n"
                     "          requiredDuringSchedulingIgnoredDuringExecution:\n          - labelSelector: "
                     "{matchLabels: "
                     "{app: api}}\n            topologyKey: kubernetes.io/hostname\n      containers:\n      "
                     "- {name: api, "
                     "image: 'x/api:1'}\n---\napiVersion: v1\nkind: Node\nmetadata: {name: n1}\n",
                     "placement-anti-affinity",
                     {"3 replicas", "anti-affinity", "only 1 nodes"},
                     "replicas: 3",
                     "replicas: 1"}));

INSTANTIATE_TEST_SUITE_P(
    Probes, PodDetectors,
    testing::Values(
        DetectorCase{"always fails",
                     pod(container + "    readinessProbe: {exec: {command: [sh, -c, exit 1]}}\n",
                         "  phase: Running\n  conditions: [{type: Ready, status: 'False'}]\n"),
                     "probe-always-fails",
                     {"readiness probe", "sh -c exit 1"},
                     "exit 1",
                     "exit 0"},
        DetectorCase{"wrong port",
                     pod(container + "    ports: [{containerPort: 8080}]\n    livenessProbe: {httpGet: "
                                     "{path: /, port: 9090}}\n",
                         "  phase: Running\n  conditions: [{type: Ready, status: 'False'}]\n"),
                     "probe-port",
                     {"liveness probe", "9090", "8080"},
                     "port: 9090",
                     "port: 8080"},
        DetectorCase{
            "starts too early",
            pod(container +
                    "    args: ['sh', '-c', 'sleep 90; serve']\n    livenessProbe: {tcpSocket: {port: 80}, "
                    "initialDelaySeconds: 5}\n",
                "  phase: Running\n  conditions: [{type: Ready, status: 'False'}]\n"),
            "probe-too-early",
            {"initialDelaySeconds 5", "90s"},
            "sleep 90",
            "sleep 9"},
        DetectorCase{
            "removes the file it is asked for",
            pod(container + "    args: ['touch /tmp/healthy; sleep 30; rm -f /tmp/healthy; sleep 600']\n"
                            "    livenessProbe: {exec: {command: [cat, /tmp/healthy]}}\n",
                "  phase: Running\n  conditions: [{type: Ready, status: 'False'}]\n"),
            "probe-file-removed",
            {"/tmp/healthy", "removes"},
            "rm -f /tmp/healthy",
            "true"},
        DetectorCase{"an HTTP answer",
                     pod(container + "    readinessProbe: {httpGet: {path: /ready, port: 8080}}\n",
                         "  phase: Running\n  conditions: [{type: Ready, status: 'False'}]\n") +
                         event("Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 404"),
                     "probe-failing",
                     {"readiness probe", "404", "/ready"},
                     "reason: Unhealthy",
                     "reason: Healthy"}));

INSTANTIATE_TEST_SUITE_P(
    Nodes, PodDetectors,
    testing::Values(
        DetectorCase{
            "not ready",
            "apiVersion: v1\nkind: Node\nmetadata: {name: n1}\nstatus:\n  conditions:\n  - type: Ready\n    "
            "status: "
            "Unknown\n    reason: NodeStatusUnknown\n    message: Kubelet stopped posting node status.\n",
            "node-not-ready",
            {"n1", "NotReady", "Kubelet stopped posting"},
            "Unknown\n",
            "'True'\n"},
        DetectorCase{"disk pressure",
                     "apiVersion: v1\nkind: Node\nmetadata: {name: n1}\nstatus:\n  conditions:\n  - type: "
                     "DiskPressure\n    "
                     "status: 'True'\n    message: kubelet has disk pressure\n",
                     "node-condition",
                     {"DiskPressure"},
                     "'True'",
                     "'False'"},
        DetectorCase{"cordoned",
                     "apiVersion: v1\nkind: Node\nmetadata: {name: n1}\nspec: {unschedulable: true}\n",
                     "node-cordoned",
                     {"cordoned"},
                     "true",
                     "false"}));

const std::string probed =
    container +
    "    ports: [{containerPort: 9090}]\n    livenessProbe: {httpGet: {path: /live, port: 8080}}\n";
const std::string refused = "Liveness probe failed: dial tcp 10.0.0.7:8080: connect: connection refused";

std::string restarted(const std::string& ready, int exit_code) {
  return "  phase: Running\n  conditions: [{type: Ready, status: '" + ready +
         "'}]\n  containerStatuses:\n  - {name: api, ready: " + (ready == "True" ? "true" : "false") +
         ", restartCount: 9, lastState: {terminated: {exitCode: " + std::to_string(exit_code) + "}}}\n";
}

// Well for the moment, and killed again and again.
TEST(Probes, APodThatItsProbeKeepsKillingIsNotWell) {
  const std::string text = pod(probed, restarted("True", 0)) + event("Unhealthy", refused);
  const auto once = detect_in(text, {}, "Why does api-0 restart?");
  ASSERT_NE(find_by(once, "probe-failing"), nullptr);
  EXPECT_EQ(find_by(once, "probe-port"), nullptr);
  std::string killed = event("Killing", "Container api failed liveness probe, will be restarted");
  killed.replace(killed.find("name: e1"), 8, "name: e2");
  const auto again = detect_in(text + killed, {}, "Why does api-0 restart?");
  ASSERT_NE(find_by(again, "probe-port"), nullptr);
  EXPECT_GT(find_by(again, "probe-failing")->weight, find_by(once, "probe-failing")->weight + 0.3);
}

TEST(Probes, OneThatKillsBeforeTheStartIsToldSo) {
  const std::string spec = container +
                           "    ports: [{containerPort: 8080}]\n    livenessProbe: {httpGet: {path: /, port: "
                           "8080}, initialDelaySeconds: 5}\n"
                           "    readinessProbe: {httpGet: {path: /, port: 8080}}\n";
  std::string killed = event("Killing", "Container api failed liveness probe, will be restarted");
  killed.replace(killed.find("name: e1"), 8, "name: e2");
  std::string unready = event("Unhealthy", "Readiness probe failed: connection refused");
  unready.replace(unready.find("name: e1"), 8, "name: e3");
  const auto found = detect_in(
      pod(spec, restarted("False", 143)) + event("Unhealthy", refused) + killed + unready, {}, "Why?");
  const auto probe = std::max_element(found.begin(), found.end(), [](const auto& a, const auto& b) {
    return (a.detector == "probe-failing" ? a.weight : 0) < (b.detector == "probe-failing" ? b.weight : 0);
  });
  EXPECT_NE(probe->cause.find("before it has started (initial delay 5s, no startup probe)"),
            std::string::npos)
      << probe->cause;
}

// One that answered badly was there, and its neighbour's probe is not its own.
TEST(Probes, OnlyARefusedOneIsToldToComeTooEarly) {
  const std::string spec =
      container + "    ports: [{containerPort: 8080}]\n    livenessProbe: {httpGet: {path: /, port: 8080}}\n";
  const std::string bad = event("Unhealthy", "Liveness probe failed: HTTP probe failed with statuscode: 500");
  for (const char* killed : {"api", "sidecar"}) {
    std::string killing =
        event("Killing", std::string("Container ") + killed + " failed liveness probe, will be restarted");
    killing.replace(killing.find("name: e1"), 8, "name: e2");
    const bool own = std::string_view(killed) == "api";
    const auto found = detect_in(
        pod(spec, restarted("False", 137)) + (own ? bad : event("Unhealthy", refused)) + killing, {}, "Why?");
    ASSERT_NE(find_by(found, "probe-failing"), nullptr);
    EXPECT_EQ(find_by(found, "probe-failing")->cause.find("before it has started"), std::string::npos)
        << killed;
  }
}

// The pod of a release before is gone; those of its workload are well.
TEST(Probes, WhatIsToldOfAPodThatWasReplacedIsOver) {
  const std::string now =
      "apiVersion: v1\nkind: Pod\nmetadata: {name: api-6f8c9d7b5d-lkssw, namespace: shop}\nspec: "
      "{}\nstatus:\n"
      "  phase: Running\n  conditions: [{type: Ready, status: 'True'}]\n";
  std::string then = event("Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503");
  then.replace(then.find("name: api-0"), 11, "name: api-7c6d5f9b88-j8svx");
  const auto why = detect_in(now + then, {}, "Why does api fail?");
  const auto whether = detect_in(now + then, {}, "Is everything fine with api?");
  ASSERT_NE(find_by(why, "probe-failing"), nullptr);
  ASSERT_NE(find_by(whether, "probe-failing"), nullptr);
  EXPECT_LT(find_by(whether, "probe-failing")->weight, find_by(why, "probe-failing")->weight - 0.3);
}

// Nobody answers a probe because the program has ended with an error of its own.
TEST(Probes, WhatFindsAContainerGoneIsASymptom) {
  const auto ended = detect_in(pod(probed, restarted("False", 1)) + event("Unhealthy", refused), {}, "Why?");
  const auto killed =
      detect_in(pod(probed, restarted("False", 137)) + event("Unhealthy", refused), {}, "Why?");
  EXPECT_EQ(find_by(ended, "probe-port"), nullptr);
  EXPECT_NE(find_by(killed, "probe-port"), nullptr);
  ASSERT_NE(find_by(ended, "probe-failing"), nullptr);
  EXPECT_LT(find_by(ended, "probe-failing")->weight, 0.4);
}

TEST(PodHealth, NamedAndWellIsNoFault) {
  const std::string well =
      pod(container,
          "  phase: Running\n  conditions: [{type: Ready, status: 'True'}]\n  containerStatuses:\n"
          "  - {name: api, ready: true, restartCount: 0}\n");
  const auto found = detect_in(well, {}, "Is there a problem with pod api-0?");
  const Observation* fine = find_by(found, "no-fault");
  ASSERT_NE(fine, nullptr);
  EXPECT_EQ(fine->verdict, Verdict::no_fault);
  EXPECT_NE(
      fine->cause.find("No fault found: Pod api-0 in namespace shop is Running and Ready with 0 restarts"),
      std::string::npos);
  // A question that takes a fault for granted is not answered by an object that looks well.
  const auto granted = detect_in(well, {}, "Pod api-0 answers slowly. What is the cause?");
  ASSERT_NE(find_by(granted, "no-fault"), nullptr);
  EXPECT_LT(find_by(granted, "no-fault")->weight, fine->weight - 0.1);
  const std::string ill = well + event("Unhealthy", "Readiness probe failed: connection refused");
  const auto still = detect_in(ill, {}, "Is there a problem with pod api-0?");
  ASSERT_NE(find_by(still, "probe-failing"), nullptr);
  EXPECT_LT(find_by(still, "probe-failing")->weight, 0.35);  // an old warning of a pod that is Ready
}

// One pod of a Job failed, the next did its work.
TEST(PodHealth, AFailureThatWasRetriedIsNone) {
  const auto of_job = [](const char* name, const char* phase, const char* code) {
    return std::string("---\napiVersion: v1\nkind: Pod\nmetadata: {name: ") + name +
           ", namespace: shop, labels: {job-name: migrate}}\nspec: {containers: [{name: m, image: "
           "x/y}]}\nstatus:\n"
           "  phase: " +
           phase + "\n  containerStatuses:\n  - name: m\n    ready: false\n    restartCount: 0\n" +
           "    state: {terminated: {exitCode: " + code +
           ", reason: " + (*code == '0' ? "Completed" : "Error") + "}}\n";
  };
  const std::string failed = of_job("migrate-aaaaa", "Failed", "1");
  const std::string retried = failed + of_job("migrate-bbbbb", "Succeeded", "0");
  const auto found = detect_in(retried, {}, "Is everything fine?");
  ASSERT_NE(find_by(found, "retried"), nullptr);
  EXPECT_EQ(find_by(found, "retried")->verdict, Verdict::no_fault);
  ASSERT_NE(find_by(found, "no-fault"), nullptr);
  for (const Observation& observation : found) {
    if (observation.verdict == Verdict::fault) {
      EXPECT_LT(observation.weight, 0.4) << observation.cause;
    }
  }
  EXPECT_EQ(find_by(detect_in(failed, {}, "Is everything fine?"), "no-fault"), nullptr);
  // Who asks about it gets it.
  EXPECT_EQ(find_by(detect_in(retried, {}, "Why did migrate-aaaaa fail?"), "retried"), nullptr);
}

// What events told and what holds no more.
TEST(PodPast, AQuestionOfNowIsNotAnsweredByOldEvents) {
  const std::string node =
      "apiVersion: v1\nkind: Node\nmetadata: {name: w-1}\nstatus: {conditions: [{type: Ready, status: "
      "'True'}]}\n"
      "---\napiVersion: v1\nkind: Event\nmetadata: {name: w-1.1, namespace: default}\ninvolvedObject: {kind: "
      "Node, "
      "name: w-1}\nreason: NodeNotReady\nmessage: Node w-1 status is now NodeNotReady\ntype: Warning\ncount: "
      "1\n";
  const auto weight = [&](const char* question) {
    const auto found = detect_in(node, {}, question);
    const Observation* observation = find_by(found, "node-event");
    return observation == nullptr ? -1 : observation->weight;
  };
  EXPECT_GT(weight("Why did the pager go?"), 0.4);
  EXPECT_LT(weight("Is there anything to fix?"), 0.4);
}

// Killed once, and well for longer than a day: no cause of what is wrong now.
TEST(PodPast, AKillLongAgoWeighsLittle) {
  const auto weight = [](const char* finished) {
    const std::string killed =
        pod(container,
            std::string("  phase: Running\n  containerStatuses:\n  - name: api\n    ready: true\n"
                        "    restartCount: 1\n    state: {running: {}}\n    lastState: {terminated: "
                        "{reason: OOMKilled, exitCode: 137, finishedAt: '") +
                finished + "'}}\n") +
        "---\napiVersion: v1\nkind: Node\nmetadata: {name: w-1}\nstatus: {conditions: [{type: Ready, status: "
        "'True', lastHeartbeatTime: '2024-05-14T07:00:00Z'}]}\n";
    const auto found = detect_in(killed, {}, "What is wrong?");
    const Observation* observation = find_by(found, "container-out-of-memory");
    return observation == nullptr ? -1 : observation->weight;
  };
  EXPECT_GT(weight("2024-05-14T06:00:00Z"), 0.5);
  EXPECT_GT(weight("2024-05-13T07:00:00Z"), 0.5);
  EXPECT_GT(weight("yesterday"), 0.5);
  EXPECT_GT(weight("2024-05-13T06:59:59Z"), 0);
  EXPECT_LT(weight("2024-05-13T06:59:59Z"), 0.4);
}

// What a busy node does once and recovers from.
TEST(NodeEvents, OnceWithoutPressureWeighsLittle) {
  const auto weight = [](const char* count, const char* pressure) {
    const auto found = detect_in(
        std::string("apiVersion: v1\nkind: Node\nmetadata: {name: w-1}\nstatus: {conditions: [{type: "
                    "DiskPressure, status: '") +
            pressure + "', message: m}]}\n---\n" +
            "apiVersion: v1\nkind: Event\nmetadata: {name: w-1.1, namespace: default}\ninvolvedObject: "
            "{kind: "
            "Node, name: w-1}\nreason: ImageGCFailed\nmessage: failed to get image stats\ntype: "
            "Warning\ncount: " +
            count + "\n",
        {}, "What is wrong?");
    const Observation* observation = find_by(found, "node-event");
    return observation == nullptr ? -1 : observation->weight;
  };
  EXPECT_GT(weight("1", "False"), 0);
  EXPECT_LT(weight("1", "False"), 0.4);
  EXPECT_GT(weight("2", "False"), 0.6);
  EXPECT_GT(weight("1", "True"), 0.5);
}

TEST(PodFocus, WhatTheQuestionNamesComesFirst) {
  std::string two;
  for (const char* name : {"api-0", "db-0"}) {
    std::string one =
        pod(container,
            "  phase: Pending\n  containerStatuses:\n  - name: api\n    ready: false\n    state:\n"
            "      waiting: {reason: InvalidImageName}\n");
    one.replace(one.find("api-0"), 5, name);
    two += one + "---\n";
  }
  const auto found = detect_in(two, {}, "Why does pod db-0 not start?");
  double named = 0, other = 0;
  for (const Observation& observation : found) {
    if (observation.detector != "image-pull") continue;
    (observation.culprit.name == "db-0" ? named : other) = observation.weight;
  }
  EXPECT_GT(other, 0);
  EXPECT_GT(named, other + 0.2);
}

}  // namespace
}  // namespace carrel
