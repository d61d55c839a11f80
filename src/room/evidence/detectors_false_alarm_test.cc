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

}  // namespace
}  // namespace carrel
