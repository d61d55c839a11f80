// What was, and is no more; what comes again and again; and what cannot be known any more.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "room/evidence/combine.h"
#include "room/evidence/detector_case.h"

namespace carrel {
namespace {

using ::testing::HasSubstr;

std::string pod_with(const std::string& name, const std::string& status) {
  return object_head("v1", "Pod", name) + "spec: {containers: [{name: main, image: 'x/y:1'}]}\nstatus: {" +
         status + "}\n";
}

// A Normal event; those of one object and reason differ by their names.
std::string normal(const std::string& name, const std::string& kind, const std::string& of,
                   const std::string& reason, const std::string& message) {
  return object_head("v1", "Event", name) + "involvedObject: {kind: " + kind + ", name: " + of +
         ", namespace: shop}\ntype: Normal\nreason: " + reason + "\nmessage: '" + message + "'\n";
}

TEST(Past, ARunThatFailedIsOverOnceALaterOneOfItsCronJobCompleted) {
  const auto job = [](const std::string& name, const std::string& condition) {
    return object_head("batch/v1", "Job", name) + "status: {conditions: [{type: " + condition +
           ", status: 'True'}]}\n";
  };
  const std::string failed = job("rollup-29389035", "Failed");
  const std::string question = "Does the CronJob rollup have a problem?";
  const auto after = detect_in(failed + job("rollup-29390475", "Complete"), {}, question);
  EXPECT_EQ(after[0].verdict, Verdict::no_fault) << after[0].cause;
  EXPECT_THAT(after[0].cause, HasSubstr("Job rollup-29390475"));
  // The latest one counts, and only of the same CronJob; and whoever names the run asks about it.
  for (const std::string& others : {job("rollup-29390475", "Complete") + job("rollup-29391915", "Failed"),
                                    job("export-29390475", "Complete"), job("rollup-29380000", "Complete")})
    EXPECT_EQ(detect_in(failed + others, {}, question)[0].verdict, Verdict::fault) << others;
  EXPECT_EQ(
      detect_in(failed + job("rollup-29390475", "Complete"), {}, "Why did rollup-29389035 fail?")[0].detector,
      "job-failed");
}

TEST(Past, AVolumeIsMountedWhereAContainerHasRun) {
  const std::string event = event_about("Pod", "db-0", "FailedAttachVolume",
                                        "Multi-Attach error for volume \"data\": already used");
  const auto weight = [&](const std::string& restarts) {
    const auto found = detect_in(pod_with("db-0",
                                          "phase: Running, containerStatuses: [{name: main, ready: false, "
                                          "restartCount: " +
                                              restarts +
                                              ", state: {waiting: {reason: "
                                              "CrashLoopBackOff}}}]") +
                                     event,
                                 {}, "Why does db-0 restart?");
    const Observation* one = find_by(found, "volume-mount");
    return one == nullptr ? 0.0 : one->weight;
  };
  EXPECT_GT(weight("0"), 0.8);
  EXPECT_LT(weight("14"), 0.4);
}

TEST(Past, AVolumeThatIsNotMountedIsToldWithItsNode) {
  const auto found = detect_in(
      object_head("v1", "Pod", "web-0") +
          "spec: {nodeName: w4, containers: [{name: web, image: 'x/web:1'}]}\nstatus: "
          "{phase: Pending}\n" +
          event_about("Pod", "web-0", "FailedMount", "MountVolume.SetUp failed: access denied by server"),
      {}, "Why does web-0 hang?");
  const Observation* one = find_by(found, "volume-mount");
  ASSERT_NE(one, nullptr);
  EXPECT_NE(one->cause.find("cannot start on node w4 because"), std::string::npos) << one->cause;
}

TEST(Past, AnAutoscalerThatIsTurnedOffInOneDirectionIsTold) {
  const auto told = [](const std::string& policy, const std::string& question) {
    const auto found =
        detect_in(object_head("autoscaling/v2", "HorizontalPodAutoscaler", "web") +
                      "spec: {scaleTargetRef: {kind: Deployment, name: web}, behavior: {scaleUp: "
                      "{selectPolicy: " +
                      policy + "}}}\n",
                  {}, question);
    const Observation* one = find_by(found, "scaler-turned-off");
    return one == nullptr ? 0.0 : one->weight;
  };
  EXPECT_GT(told("Disabled", "Why does web stay at 2 replicas?"), 0.85);
  EXPECT_LT(told("Disabled", "Why does web answer slowly?"), 0.5);
  EXPECT_EQ(told("Max", "Why does web stay at 2 replicas?"), 0);
}

const std::string scaler_head =
    object_head("autoscaling/v2", "HorizontalPodAutoscaler", "web") +
    "spec: {minReplicas: 2, maxReplicas: 9, scaleTargetRef: {kind: Deployment, name: web}}\n";

TEST(Past, AnAutoscalerThatScalesHasItsMetrics) {
  const std::string failed = event_about("HorizontalPodAutoscaler", "web", "FailedGetResourceMetric",
                                         "failed to get cpu utilization: did not receive metrics");
  const auto weight = [](const std::string& yaml) {
    const auto found = detect_in(yaml, {}, "What is wrong?");
    EXPECT_EQ(find_by(found, "warning-event"), nullptr) << "the autoscaler's own detector tells it";
    const Observation* one = find_by(found, "scaler-no-metrics");
    return one == nullptr ? 0.0 : one->weight;
  };
  EXPECT_GT(weight(scaler_head + failed), 0.7);
  EXPECT_LT(weight(scaler_head + "status: {conditions: [{type: ScalingActive, status: 'True'}]}\n" + failed),
            0.3);
  EXPECT_LT(
      weight(scaler_head + failed +
             normal("e2", "HorizontalPodAutoscaler", "web", "SuccessfulRescale", "New size: 5; reason: cpu")),
      0.3);
}

TEST(Past, ReplicasThatAreSetBackAgainAndAgainAreTold) {
  std::string yaml = scaler_head;
  for (const char* size : {"7", "8"}) {
    yaml += normal(std::string("up") + size, "HorizontalPodAutoscaler", "web", "SuccessfulRescale",
                   std::string("New size: ") + size + "; reason: cpu resource utilization above target");
    yaml += normal(std::string("down") + size, "Deployment", "web", "ScalingReplicaSet",
                   std::string("Scaled down replica set web-6c8b7d9f55 to 2 from ") + size);
  }
  const auto found = detect_in(yaml, {}, "Why does web fall back to 2 replicas?");
  const Observation* one = find_by(found, "replicas-set-back");
  ASSERT_NE(one, nullptr);
  EXPECT_THAT(one->cause, HasSubstr("Deployment web falls back to 2 replicas each time"));
  EXPECT_THAT(one->cause, HasSubstr("something else than the autoscaler"));
  // What the autoscaler itself wanted is nobody else's doing.
  const auto own = detect_in(yaml + normal("up2", "HorizontalPodAutoscaler", "web", "SuccessfulRescale",
                                           "New size: 2; reason: all below"),
                             {}, "Why does web fall back to 2 replicas?");
  EXPECT_EQ(find_by(own, "replicas-set-back"), nullptr);
}

TEST(Past, WhoSetsReplicasBackIsToldWhereTheBundleSaysIt) {
  Inventory inventory;
  Document application{"argocd/app-get.txt",
                       "Name:               argocd/web\nSync Policy:        Automated (Prune, SelfHeal)\n",
                       {}};
  application.find_lines();
  inventory.add(std::move(application));
  std::string yaml = scaler_head + deployment("web", plain_pod, 2);
  for (const char* size : {"7", "8"}) {
    yaml += normal(std::string("up") + size, "HorizontalPodAutoscaler", "web", "SuccessfulRescale",
                   std::string("New size: ") + size + "; reason: cpu");
    yaml += normal(std::string("down") + size, "Deployment", "web", "ScalingReplicaSet",
                   std::string("Scaled down replica set web-6c8b7d9f55 to 2 from ") + size);
  }
  add_yaml(&inventory, "objects.yaml", yaml);
  const auto found = detect(inventory, "Why does web fall back to 2 replicas?");
  const Observation* one = find_by(found, "replicas-set-back");
  ASSERT_NE(one, nullptr);
  EXPECT_THAT(one->cause, HasSubstr("Argo CD's self-heal"));
  EXPECT_EQ(one->lines[0].quote, "Sync Policy:        Automated (Prune, SelfHeal)");
}

TEST(Past, AnAttemptThatFailedSaysWhyACertificateIsNotReady) {
  const auto found = detect_in(object_head("cert-manager.io/v1", "Certificate", "portal-tls") +
                                   "spec: {secretName: portal-tls}\nstatus:\n  conditions:\n"
                                   "  - {type: Ready, status: 'False', reason: DoesNotExist, message: "
                                   "Issuing certificate as Secret does not "
                                   "exist}\n"
                                   "  - {type: Issuing, status: 'False', reason: Failed, message: 'common "
                                   "name not allowed by this role'}\n",
                               {}, "Why is the certificate of portal wrong?");
  const Observation* one = find_by(found, "certificate-not-ready");
  ASSERT_NE(one, nullptr);
  EXPECT_THAT(one->cause, HasSubstr("not allowed by this role"));
}

TEST(Past, AnEndOfWhichNothingIsLeftIsUnknown) {
  const std::string running =
      "phase: Running, conditions: [{type: Ready, status: 'True'}], containerStatuses: "
      "[{name: main, ready: true, restartCount: ";
  const auto told = [&](const std::string& rest, const std::string& question) {
    return detect_in(pod_with("sync-0", running + rest + "}]"), {}, question);
  };
  const auto found = told("1", "sync-0 restarted last night. What was the cause?");
  const Observation* one = find_by(found, "end-unknown");
  ASSERT_NE(one, nullptr);
  EXPECT_EQ(one->verdict, Verdict::insufficient_evidence);
  EXPECT_EQ(one->missing.size(), 3u);
  EXPECT_EQ(find_by(told("1", "Is sync-0 slow?"), "end-unknown"), nullptr);
  EXPECT_EQ(find_by(told("1, lastState: {terminated: {exitCode: 137, reason: OOMKilled}}",
                         "sync-0 restarted last night. What was the cause?"),
                    "end-unknown"),
            nullptr);
}

TEST(Past, ADayThatNeverComesIsToldOfASchedule) {
  const auto never = [](const std::string& schedule) {
    const auto found =
        detect_in(object_head("batch/v1", "CronJob", "close") + "spec: {schedule: '" + schedule + "'}\n", {},
                  "Why has the CronJob close never run?");
    const Observation* one = find_by(found, "cronjob-schedule");
    return one != nullptr && one->cause.find("never comes") != std::string::npos;
  };
  for (const char* const schedule : {"30 2 31 4,6,9,11 *", "0 0 30 2 *", "0  0  30,31\t2 *", "0 0 30-31 2 *"})
    EXPECT_TRUE(never(schedule)) << schedule;
  for (const char* const schedule :
       {"30 2 31 4,5 *", "0 0 29 2 *", "0 0 30 2 1", "0 0 28,31 2 *", "0 0 */31 2 *", "0 0 L 2 *",
        "0 0 31 */2 *", "0 0 31 * *", "0 0 31 FEB *", "0 0 99999999999 2 *", "@monthly", "0 0 31 2", ""})
    EXPECT_FALSE(never(schedule)) << schedule;
}

TEST(Past, ARunThatIsCompleteDidNotFailWhateverIsSaid) {
  const auto first = [](const std::string& condition) {
    const std::string question = "Last night's run of CronJob rollup failed. Why did it?";
    const auto job = [](const std::string& name, const std::string& type) {
      return object_head("batch/v1", "Job", name) + "status: {conditions: [{type: " + type +
             ", status: 'True'}]}\n";
    };
    return combine(
        detect_in(object_head("batch/v1", "CronJob", "rollup") + "spec: {schedule: '0 2 * * *'}\n" +
                      job("rollup-29389035", "Complete") + job("rollup-29390475", condition),
                  {}, question),
        {}, Question(question))[0];
  };
  EXPECT_EQ(first("Complete").verdict, Verdict::no_fault);
  EXPECT_THAT(
      first("Complete").cause,
      HasSubstr("Job rollup-29390475 in namespace shop, the last run of CronJob rollup, did not fail"));
  EXPECT_EQ(first("Failed").verdict, Verdict::fault);
}

}  // namespace
}  // namespace carrel
