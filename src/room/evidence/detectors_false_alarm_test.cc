// What looks like a fault and is none, or none yet.
#include <gtest/gtest.h>

#include "room/evidence/detector_case.h"

namespace carrel {
namespace {

bool finds(const std::string& yaml, const char* detector) {
  return find_by(detect_in(yaml, {}, "What is wrong?"), detector) != nullptr;
}

TEST(FalseAlarms, ProbesOfTwoRootsMayAskTwoPorts) {
  EXPECT_FALSE(
      finds(deployment("api",
                       "containers: [{name: api, image: 'x/y:1', env: [{name: MANAGEMENT_SERVER_PORT, value: "
                       "'9090'}], readinessProbe: {httpGet: {path: /readyz, port: 8080}}, livenessProbe: "
                       "{httpGet: {path: /actuator/live, port: 9090}}}]"),
            "probe-sibling-port"));
  EXPECT_FALSE(finds(
      deployment("api",
                 "containers: [{name: api, image: 'x/y:1', ports: [{name: admin, containerPort: 9090}], env: "
                 "[{name: MANAGEMENT_SERVER_PORT, value: '9090'}], readinessProbe: {httpGet: {path: "
                 "/actuator/ready, port: admin}}, livenessProbe: {httpGet: {path: /actuator/live, port: "
                 "9090}}}]"),
      "probe-sibling-port"));
}

TEST(FalseAlarms, AnotherReleaseAndAJobAreNoStrangers) {
  const std::string service =
      object_head("v1", "Service", "web") + "spec: {selector: {app: web}, ports: [{port: 80}]}\n";
  const std::string own = deployment("web", "containers: [{name: web, image: 'x:5000/web:1@sha256:aa'}]");
  const auto other = [](const std::string& kind, const std::string& image) {
    return "---\napiVersion: apps/v1\nkind: " + kind + "\nmetadata: {name: other, namespace: shop}\nspec:\n" +
           "  template:\n    metadata: {labels: {app: web}}\n    spec: {containers: [{name: o, image: '" +
           image + "'}]}\n";
  };
  EXPECT_TRUE(finds(own + service + other("Deployment", "x:5000/admin:1"), "service-selects-stranger"));
  EXPECT_FALSE(finds(own + service + other("Deployment", "x:5000/web:2"), "service-selects-stranger"));
  EXPECT_FALSE(finds(own + service + other("Job", "x:5000/admin:1"), "service-selects-stranger"));
}

TEST(FalseAlarms, WhatIsHeldOnPurposeIsNoFault) {
  const auto deleted = [](const std::string& finalizer) {
    return "---\napiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: data, namespace: shop, "
           "deletionTimestamp: "
           "'2025-11-11T16:02:10Z', finalizers: [" +
           finalizer + "]}\n";
  };
  EXPECT_FALSE(finds(deleted("kubernetes.io/pvc-protection"), "deletion-waits"));
  const auto found = detect_in(deleted("example.test/keep"), {}, "What is wrong?");
  ASSERT_NE(find_by(found, "deletion-waits"), nullptr);
  EXPECT_LT(find_by(found, "deletion-waits")->weight, 0.4);  // it may have been deleted a moment ago
}

TEST(FalseAlarms, ProvisionedVolumesAreNotMadeByHand) {
  const std::string yaml =
      object_head("v1", "PersistentVolumeClaim", "data") +
      "spec: {accessModes: [ReadWriteOnce], storageClassName: fast, resources: {requests: {storage: "
      "5Gi}}}\n---\n"
      "apiVersion: v1\nkind: PersistentVolume\nmetadata: {name: pvc-1f}\nspec: {storageClassName: fast, "
      "capacity: "
      "{storage: 5Gi}, accessModes: [ReadWriteOnce], claimRef: {namespace: other, name: x}}\n";
  EXPECT_FALSE(finds(yaml, "claim-misfit"));
}

TEST(FalseAlarms, APrometheusThatTakesNoneMayNotBeTheOne) {
  const std::string yaml =
      object_head("monitoring.coreos.com/v1", "Prometheus", "main") +
      "spec: {serviceMonitorSelector: {matchLabels: {release: stack}}}\n---\napiVersion: "
      "monitoring.coreos.com/v1\n"
      "kind: ServiceMonitor\nmetadata: {name: api, namespace: shop, labels: {release: other}}\n";
  const std::string taken =
      "---\napiVersion: monitoring.coreos.com/v1\nkind: ServiceMonitor\nmetadata: {name: web, namespace: "
      "shop, labels: "
      "{release: stack}}\n";
  const auto alone = detect_in(yaml, {}, "Why?");
  const auto beside = detect_in(yaml + taken, {}, "Why?");
  ASSERT_NE(find_by(alone, "monitor-not-taken"), nullptr);
  ASSERT_NE(find_by(beside, "monitor-not-taken"), nullptr);
  EXPECT_LT(find_by(alone, "monitor-not-taken")->weight, 0.4);
  EXPECT_GT(find_by(beside, "monitor-not-taken")->weight, 0.8);
}

// Helm's own words for how a release stands.
TEST(Releases, OnePendingIsInTheWayAndOneDeployedIsNot) {
  const auto release = [](const char* phase) {
    return object_head("helm.test/v1", "Release", "web") + "status: {phase: " + phase + ", revision: '23'}\n";
  };
  const auto pending = detect_in(release("pending-upgrade"), {}, "Why does every helm upgrade of web fail?");
  ASSERT_NE(find_by(pending, "release-pending"), nullptr);
  EXPECT_NE(find_by(pending, "release-pending")->cause.find("pending-upgrade (revision 23)"),
            std::string::npos);
  EXPECT_TRUE(finds(release("failed"), "release-failed"));
  EXPECT_FALSE(finds(release("deployed"), "release-failed") || finds(release("deployed"), "release-pending"));
}

// Nobody uses the claim yet, and its class waits for that.
TEST(Claims, OneThatWaitsForItsFirstUserIsNoFault) {
  const std::string claim = object_head("v1", "PersistentVolumeClaim", "archive") +
                            "status: {phase: Pending}\n" + object_head("v1", "Event", "e") +
                            "involvedObject: {kind: PersistentVolumeClaim, name: archive, namespace: "
                            "shop}\nreason: WaitForFirstConsumer\n"
                            "message: waiting for first consumer to be created before binding\n";
  const auto whether = detect_in(claim, {}, "PVC archive is Pending. Is there a fault?");
  ASSERT_NE(find_by(whether, "claim-waits"), nullptr);
  EXPECT_EQ(find_by(whether, "claim-waits")->verdict, Verdict::no_fault);
  // A CronJob that will use it has no pod between its runs.
  const auto later =
      detect_in(claim + object_head("batch/v1", "CronJob", "import") +
                    "spec: {schedule: '0 22 * * *', jobTemplate: {spec: {template: {spec: {containers: "
                    "[{name: i, image: "
                    "'x/y:1'}], volumes: [{name: v, persistentVolumeClaim: {claimName: archive}}]}}}}}\n",
                {}, "PVC archive is Pending. Is there a fault?");
  ASSERT_NE(find_by(later, "claim-waits"), nullptr);
  EXPECT_EQ(find_by(later, "claim-waits")->verdict, Verdict::no_fault);
  const auto why = detect_in(claim, {}, "Why is PVC archive Pending?");
  ASSERT_NE(find_by(why, "claim-waits"), nullptr);
  EXPECT_EQ(find_by(why, "claim-waits")->verdict, Verdict::fault);
}

// kube-prometheus' heartbeat: its firing is what is wanted.
TEST(Alerts, OneThatAlwaysFiresIsNoFault) {
  const std::string alert =
      R"({"alerts": [{"status": "firing", "labels": {"alertname": "Watchdog", "severity": "none"}, "annotations":)"
      R"( {"description": "This alert is always firing, so that its absence tells."}}]})";
  const auto asked = detect_in(alert, {}, "Alert Watchdog has been firing for days. What is wrong?");
  ASSERT_NE(find_by(asked, "alert"), nullptr);
  EXPECT_EQ(find_by(asked, "alert")->verdict, Verdict::no_fault);
  const auto other = detect_in(alert, {}, "Why is the shop slow?");
  ASSERT_NE(find_by(other, "alert"), nullptr);
  EXPECT_LT(find_by(other, "alert")->weight, 0.2);
}

// How much a finding weighs; 0: there is none.
double weight_of(const std::string& yaml, const char* detector,
                 const std::string& question = "What is wrong?") {
  const auto found = detect_in(yaml, {}, question);
  const Observation* one = find_by(found, detector);
  return one == nullptr ? 0 : one->weight;
}
constexpr double fault = 0.4;  // what weighs less is none where something shows health

const std::string ready_pod =
    "status: {phase: Running, conditions: [{type: Ready, status: 'True'}], containerStatuses: [{name: main, "
    "ready: "
    "true, restartCount: 0, state: {running: {}}}]}\n";

TEST(FalseAlarms, APortNeedNotBeDeclared) {
  const auto service = [](const std::string& ports) {
    return object_head("v1", "Service", "api") + "spec: {selector: {app: api}, ports: [" + ports + "]}\n" +
           deployment("api", plain_pod);
  };
  EXPECT_LT(weight_of(service("{name: http, port: 80, targetPort: 8080}, {name: metrics, port: 9102}"),
                      "service-target-port"),
            fault);
  EXPECT_GE(weight_of(service("{name: http, port: 80, targetPort: 8081}"), "service-target-port"), fault);
}

TEST(Ports, EachThatAContainerDeclaresIsNamedOnce) {
  const auto found = detect_in(
      object_head("v1", "Service", "api") +
          "spec: {selector: {app: api}, ports: [{port: 443, targetPort: 9999}]}\n" +
          deployment("api",
                     "containers: [{name: a, image: 'x/y:1', ports: [{containerPort: 8080}, {containerPort: "
                     "80}]}, {name: b, image: 'x/z:1', ports: [{containerPort: 8080}]}]"),
      {}, "Why is api refused?");
  const Observation* one = find_by(found, "service-target-port");
  ASSERT_NE(one, nullptr);
  EXPECT_NE(one->cause.find("listen on port 8080, 80, so"), std::string::npos) << one->cause;
}

TEST(FalseAlarms, APartOfAnOperatorsPodsMayBePlayedByNone) {
  const auto service = [](const std::string& selector) {
    return object_head("v1", "Service", "pg-ro") + "spec: {selector: {" + selector +
           "}, ports: [{port: 5432}]}\n" + object_head("v1", "Pod", "pg-1") +
           "spec: {containers: [{name: main, image: 'x/pg:1'}]}\n" + ready_pod;
  };
  const auto with_labels = [&](const std::string& selector) {
    std::string yaml = service(selector);
    const std::string head = "metadata: {name: pg-1, namespace: shop}";
    yaml.replace(yaml.find(head), head.size(),
                 "metadata: {name: pg-1, namespace: shop, labels: {cluster: pg, instanceRole: primary}}");
    return yaml;
  };
  EXPECT_LT(weight_of(with_labels("cluster: pg, instanceRole: replica"), "service-selects-nothing"), fault);
  EXPECT_GE(weight_of(with_labels("cluster: gp"), "service-selects-nothing"), fault);
}

TEST(FalseAlarms, WhoDoesNotAskTheClustersDnsMayMeanTo) {
  const auto pod = [](const std::string& spec, const std::string& space, const std::string& status) {
    return "---\napiVersion: v1\nkind: Pod\nmetadata: {name: agent-1, namespace: " + space +
           "}\nspec: {dnsPolicy: Default, " + spec + "containers: [{name: main, image: 'x/y:1'}]}\n" + status;
  };
  EXPECT_EQ(weight_of(pod("hostNetwork: true, ", "shop", ""), "dns-policy"), 0);
  EXPECT_EQ(weight_of(pod("", "kube-system", ""), "dns-policy"), 0);
  EXPECT_EQ(weight_of(pod("", "shop", ready_pod), "dns-policy"), 0);
  EXPECT_GT(weight_of(pod("", "shop", ""), "dns-policy"), 0);
  EXPECT_GT(weight_of(pod("", "shop", ready_pod), "dns-policy", "Why can agent-1 resolve no names?"), 0);
}

TEST(FalseAlarms, WhoIsShutOffWellIsNotCutOff) {
  const std::string deny = object_head("networking.k8s.io/v1", "NetworkPolicy", "deny") +
                           "spec: {podSelector: {}, policyTypes: [Ingress]}\n";
  const std::string worker = deployment("worker", plain_pod);
  const std::string service = object_head("v1", "Service", "worker") +
                              "spec: {selector: {app: worker}, ports: [{port: 80, targetPort: 8080}]}\n";
  EXPECT_EQ(weight_of(deny + worker, "policy-denies-ingress"), 0);
  EXPECT_GE(weight_of(deny + worker + service, "policy-denies-ingress"), fault);
  const auto egress = [](const std::string& port) {
    return object_head("networking.k8s.io/v1", "NetworkPolicy", "out") +
           "spec: {podSelector: {}, policyTypes: [Egress], egress: [{ports: [{port: " + port + "}]}]}\n";
  };
  EXPECT_EQ(weight_of(egress("5353") + worker, "policy-denies-dns"), 0);  // OpenShift's
  EXPECT_EQ(weight_of(egress("53") + worker, "policy-denies-dns"), 0);
  EXPECT_GE(weight_of(egress("443") + worker, "policy-denies-dns"), fault);
}

TEST(FalseAlarms, AnAutoscalerIsOffWhereItsWorkloadIs) {
  const auto scaler = [](const std::string& reason) {
    return object_head("autoscaling/v2", "HorizontalPodAutoscaler", "api") +
           "spec: {scaleTargetRef: {kind: Deployment, name: api}, maxReplicas: 5}\nstatus: {conditions: "
           "[{type: "
           "ScalingActive, status: 'False', reason: " +
           reason + ", message: 'scaling is disabled since the replica count of the target is zero'}]}\n";
  };
  EXPECT_EQ(weight_of(scaler("ScalingDisabled"), "scaler-no-metrics"), 0);
  EXPECT_GE(weight_of(scaler("FailedGetResourceMetric"), "scaler-no-metrics"), fault);
}

TEST(FalseAlarms, AClaimOfAClassThatWaitsForAPodWaitsByDesign) {
  const auto claim = [](const std::string& mode) {
    return object_head("v1", "PersistentVolumeClaim", "cache") +
           "spec: {storageClassName: local, resources: {requests: {storage: 1Gi}}}\nstatus: {phase: "
           "Pending}\n"
           "---\napiVersion: storage.k8s.io/v1\nkind: StorageClass\nmetadata: {name: "
           "local}\nvolumeBindingMode: " +
           mode + "\n";
  };
  EXPECT_LT(weight_of(claim("WaitForFirstConsumer"), "claim-waits"), fault);
  EXPECT_EQ(weight_of(claim("WaitForFirstConsumer"), "claim-pending"), 0);
  EXPECT_GE(weight_of(claim("WaitForFirstConsumer"), "claim-waits", "Why is claim cache Pending?"), fault);
  EXPECT_GE(weight_of(claim("Immediate"), "claim-pending"), fault);
}

TEST(FalseAlarms, AHostThatThePodsOwnFileNamesNeedsNoService) {
  const auto pod = [](const std::string& aliases) {
    return deployment("web",
                      aliases +
                          "containers: [{name: web, image: 'x/y:1', env: [{name: KAFKA_BROKERS, value: "
                          "'broker1:9092'}]}]") +
           object_head("v1", "Service", "web") + "spec: {selector: {app: web}, ports: [{port: 80}]}\n";
  };
  const auto finds_host = [&](const std::string& aliases) {
    return find_by(detect_in(pod(aliases), {{"service", "shop"}}, "Why?"), "host-missing") != nullptr;
  };
  EXPECT_FALSE(finds_host("hostAliases: [{ip: 10.1.1.1, hostnames: [broker1]}], "));
  EXPECT_TRUE(finds_host("hostAliases: [{ip: 10.1.1.1, hostnames: [other]}], "));
}

TEST(FalseAlarms, WhatIsLeftOfAnEvictedPodIsOver) {
  const auto evicted = [](const std::string& sibling_status) {
    return object_head("v1", "Pod", "web-6f85d7cbb6-q7x8d") +
           "spec: {containers: [{name: main, image: 'x/y:1'}]}\nstatus: {phase: Failed, reason: Evicted, "
           "message: "
           "'The node was low on resource: memory.'}\n" +
           object_head("v1", "Pod", "web-6f85d7cbb6-z2k4p") +
           "spec: {containers: [{name: main, image: 'x/y:1'}]}\n" + sibling_status;
  };
  EXPECT_LT(weight_of(evicted(ready_pod), "pod-evicted"), fault);
  EXPECT_GE(weight_of(evicted("status: {phase: Pending}\n"), "pod-evicted"), fault);
}

TEST(FalseAlarms, WhatMayBeMeantIsNoFaultToWhoComplainsOfNothing) {
  const std::string zero =
      object_head("apps/v1", "Deployment", "mock") +
      "spec:\n  replicas: 0\n  template:\n    spec: {containers: [{name: m, image: 'x/y:1'}]}\n";
  for (const char* question : {"Is there a fault?", "Does anything need attention?",
                               "What is the likely root cause of the trouble in this bundle?"})
    EXPECT_LT(weight_of(zero, "workload-zero-replicas", question), fault / 2) << question;
  EXPECT_GE(weight_of(zero, "workload-zero-replicas", "Why does mock not answer?"), fault);
}

TEST(FalseAlarms, OneEndLongAgoIsNoFaultOfNow) {
  const std::string pod =
      object_head("v1", "Pod", "indexer-0") +
      "spec: {containers: [{name: main, image: 'x/y:1', resources: {limits: {memory: 1Gi}}}]}\n"
      "status: {phase: Running, conditions: [{type: Ready, status: 'True'}], containerStatuses: "
      "[{name: main, ready: true, restartCount: 1, state: {running: {}}, lastState: {terminated: "
      "{reason: OOMKilled, exitCode: 137}}}]}\n";
  EXPECT_LT(weight_of(pod, "container-out-of-memory", "Is there a fault now?"), fault);
  EXPECT_GE(weight_of(pod, "container-out-of-memory", "Why did indexer-0 restart?"), fault);
}

// Nodes that were shut down leave pods that failed behind them.
TEST(FalseAlarms, PodsWhoseWorkOthersDoAreLeftOvers) {
  const auto pods = [](const std::string& other) {
    return object_head("v1", "Pod", "web-6f85d7cbb6-q7x8d") +
           "spec: {containers: [{name: main, image: 'x/y:1'}]}\nstatus: {phase: Failed, reason: Terminated, "
           "containerStatuses: [{name: main, ready: false, restartCount: 0, state: {terminated: {exitCode: "
           "137, "
           "reason: Error}}}]}\n" +
           object_head("v1", "Pod", "web-6f85d7cbb6-z2k4p") +
           "spec: {containers: [{name: main, image: 'x/y:1'}]}\n" + other;
  };
  const std::string open = "What is the likely root cause of the trouble in this bundle?";
  EXPECT_LT(weight_of(pods(ready_pod), "container-crash", open), fault);
  EXPECT_GE(weight_of(pods("status: {phase: Pending}\n"), "container-crash", open), fault);
  EXPECT_GT(weight_of(pods(ready_pod), "no-fault", open), 0);
  // So do those that are numbered: the next one did it.
  const auto installers = [](const std::string& phase) {
    return object_head("v1", "Pod", "installer-58-m0") + "status: {phase: Failed}\n" +
           object_head("v1", "Pod", "installer-59-m0") + "status: {phase: " + phase + "}\n";
  };
  EXPECT_GT(weight_of(installers("Succeeded"), "retried", open), 0);
  EXPECT_EQ(weight_of(installers("Pending"), "retried", open), 0);
}

TEST(FalseAlarms, APodThatHasJustBegunMayBecomeReady) {
  const auto pod = [](const std::string& begun) {
    return object_head("v1", "Pod", "web-0") +
           "spec: {containers: [{name: main, image: 'x/y:1', readinessProbe: {httpGet: {path: /, port: "
           "80}}}]}\n"
           "status: {phase: Running, startTime: '2026-11-03T" +
           begun +
           "Z', conditions: [{type: Ready, status: 'False'}], containerStatuses: [{name: main, ready: false, "
           "restartCount: 0, state: {running: {}}}]}\n" +
           event_about("Pod", "web-0", "Unhealthy", "Readiness probe failed: connection refused") +
           "lastTimestamp: '2026-11-03T10:02:00Z'\n";
  };
  const std::string whether = "Is anything wrong with the shop?";
  EXPECT_LT(weight_of(pod("10:01:30"), "probe-failing", whether), fault);
  EXPECT_GE(weight_of(pod("09:30:00"), "probe-failing", whether), fault);
  EXPECT_GE(weight_of(pod("10:01:30"), "probe-failing", "Why is web-0 not ready?"), fault);
}

TEST(FalseAlarms, WhatNobodyAsksAboutIsNoFaultForBeingPutAside) {
  const std::string cron =
      object_head("batch/v1", "CronJob", "old-sync") + "spec: {schedule: '0 3 * * *', suspend: true}\n";
  EXPECT_LT(weight_of(cron, "cronjob-suspended", "Why are no orders billed?"), fault);
  EXPECT_GE(weight_of(cron, "cronjob-suspended", "Why does old-sync not run?"), fault);
  const auto set = [](const std::string& ready) {
    return object_head("apps/v1", "StatefulSet", "db") +
           "spec: {serviceName: db, selector: {matchLabels: {app: db}}, template: {metadata: {labels: {app: "
           "db}}}}\n"
           "---\napiVersion: v1\nkind: Pod\nmetadata: {name: db-0, namespace: shop, labels: {app: db}}\n"
           "spec: {containers: [{name: main}]}\nstatus: {phase: Running, conditions: [{type: Ready, status: "
           "'" +
           ready + "'}], containerStatuses: [{name: main, ready: " + (ready == "True" ? "true" : "false") +
           ", restartCount: 0, state: {running: {}}}]}\n";
  };
  const auto weight = [&](const std::string& ready) {
    const auto found = detect_in(set(ready), {{"service", "shop"}}, "Why are no orders billed?");
    const Observation* one = find_by(found, "stateful-service-missing");
    return one == nullptr ? 0.0 : one->weight;
  };
  EXPECT_LT(weight("True"), fault);
  EXPECT_GE(weight("False"), fault);
}

}  // namespace
}  // namespace carrel
