#include "room/evidence/combine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "record/limits.h"

namespace carrel {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Observation make(const std::string& detector, double weight, const std::string& cause, const Name& culprit,
                 std::uint32_t line = 1, Verdict verdict = Verdict::fault) {
  Observation made;
  made.detector = detector;
  made.strength = made.weight = weight;
  made.cause = cause;
  made.culprit = culprit;
  made.verdict = verdict;
  made.lines.push_back({{detector + ".txt", line, line, ""}, "quote of " + detector, "", 1, weight});
  return made;
}

const Name kPod = {"pod", "shop", "api-5d8f7b9c6-j4k8n", true};

TEST(Combine, ALogIsTheRootOfItsPodsCrash) {
  const auto all =
      combine({make("container-crash", 0.6, "Container api crashes", kPod)},
              {make("log-config-missing", 0.55, "Pod api lacks a setting", kPod)}, Question("Why?"));
  EXPECT_EQ(all[0].detector, "log-config-missing");
  EXPECT_EQ(all[0].lines.size(), 2u);
  EXPECT_GT(all[0].weight, 0.6);
}

TEST(Combine, AnObjectExplainsWhatALogComplainsOf) {
  const auto all =
      combine({make("policy-denies-egress", 0.7, "A policy blocks", {"networkpolicy", "shop", "deny", true})},
              {make("log-dns", 0.8, "Pod api cannot resolve", kPod)}, Question("Why?"));
  EXPECT_EQ(all[0].detector, "policy-denies-egress");
  EXPECT_EQ(all[0].lines.size(), 2u);
}

TEST(Combine, AFileServerThatIsSilentIsWhyAVolumeIsNotMounted) {
  const auto all = combine(
      {make("volume-mount", 0.9, "Pod api cannot mount its volumes", kPod)},
      {make("log-file-server-silent", 0.5, "Node w-1 waits for a file server", {"node", "", "w-1", true})},
      Question("Why does api hang?"));
  EXPECT_EQ(all[0].detector, "log-file-server-silent");
}

TEST(Combine, AMeshThatCannotSignIsWhyPodsAreNotReady) {
  const Name identity = {"pod", "linkerd", "linkerd-identity-6d8f5c7b9-x2x4z", true};
  const auto combined = [&](const Name& whose) {
    return combine({make("probe-failing", 0.9, "The probe of api fails", kPod)},
                   {make("log-certificate-expired", 0.6, "meets a certificate that has expired", whose)},
                   Question("Why is api not ready?"))[0]
        .detector;
  };
  EXPECT_EQ(combined(identity), "log-certificate-expired");
  EXPECT_EQ(combined({"pod", "other", "shop-0", true}), "probe-failing");
}

TEST(Combine, AControllersLogSaysWhatItsObjectDoesNot) {
  auto log = make("log-authentication-failed", 0.6, "Pod operator fails to authenticate: 401 Unauthorized",
                  {"pod", "keda", "operator-0", true});
  log.lines[0].quote = "scaler of \"worker\" failed: 401 Unauthorized";
  const auto object = make("scaler-not-ready", 0.8, "scaledobject worker cannot scale (TriggerError).",
                           {"scaledobject", "shop", "worker", true});
  const auto all = combine({object}, {log}, Question("Why is worker not scaled?"));
  EXPECT_EQ(all[0].detector, "scaler-not-ready");
  EXPECT_THAT(all[0].cause, HasSubstr("401 Unauthorized"));
  EXPECT_EQ(all[0].lines[1].quote, log.lines[0].quote);
  log.lines[0].quote = "scaler of \"worker-b\" failed: 401 Unauthorized";
  EXPECT_THAT(combine({object}, {log}, Question("Why is worker not scaled?"))[0].cause,
              Not(HasSubstr("401")));
}

TEST(Combine, WhatGrowsWithoutEndIsToldWithWhatRanFull) {
  const auto all =
      combine({make("only-grows", 0.5, "cache_entries of Pod api only grows, from 0 to 1785000", kPod)},
              {make("log-heap-exhausted", 0.7, "Pod api runs out of memory: heap limit", kPod)},
              Question("Why does api restart?"));
  EXPECT_EQ(all[0].detector, "log-heap-exhausted");
  EXPECT_THAT(all[0].cause, HasSubstr("cache_entries"));
  EXPECT_EQ(all[0].lines.size(), 2u);
}

TEST(Combine, WhoIsEvictedIsTheVictimOfWhoFillsTheDisk) {
  const Name pod = {"pod", "web", "storefront-0", true};
  const auto filled = make("node-disk-filled", 0.7, "Node n1 is under DiskPressure; Pod dind-0 fills it",
                           {"node", "", "n1", true});
  const Question question("storefront-0 keeps being evicted. Who is to blame?");
  const auto evicted = make("node-event", 0.9, "Pod storefront-0 was evicted: low on ephemeral-storage", pod);
  EXPECT_EQ(combine({evicted, filled}, {}, question)[0].detector, "node-disk-filled");
  const auto of_memory = make("node-event", 0.9, "Pod storefront-0 was evicted: low on memory", pod);
  EXPECT_EQ(combine({of_memory, filled}, {}, question)[0].detector, "node-event");
}

TEST(Combine, AnAccountIsRefusedInOtherNamespacesThanItsOwn) {
  const Name account = {"serviceaccount", "ci", "runner", false};
  Observation log = make("log-forbidden", 0.85, "Pod api is not allowed", kPod);
  log.lines[0].quote = "User \"system:serviceaccount:shop:runner\" cannot create resource \"secrets\"";
  const Observation binding = make("rbac-subject-missing", 0.9, "RoleBinding is for runner in ci", account);
  EXPECT_EQ(combine({binding}, {log}, Question("Why?"))[0].detector, "rbac-subject-missing");
  log.lines[0].quote = "User \"system:serviceaccount:shop:other\" cannot create resource \"secrets\"";
  EXPECT_EQ(combine({binding}, {log}, Question("Why is api-5d8f7b9c6-j4k8n refused?"))[0].detector,
            "log-forbidden");
}

TEST(Combine, HealthIsNoAnswerToWhoAsksWhyItFails) {
  const auto answered = [&](const char* question) {
    return combine(
        {make("no-fault", 0.4, "No fault found: all 3 pods are Running.", kPod, 1, Verdict::no_fault)}, {},
        Question(question))[0];
  };
  const Observation why = answered("Looking up a parcel takes 12 seconds. Why?");
  EXPECT_EQ(why.verdict, Verdict::insufficient_evidence);
  EXPECT_EQ(why.cause, "What causes it cannot be determined from the bundle: all 3 pods are Running.");
  EXPECT_EQ(why.missing.size(), 1u) << "the answer's schema wants what is missing";
  EXPECT_EQ(answered("Is there a fault?").verdict, Verdict::no_fault);
}

TEST(Combine, WhoAsksAboutAnAlertByNameIsToldWhatItIs) {
  const Observation alert = make("alert", 0.6, "No fault: alert Watchdog always fires by design",
                                 {"alert", "", "Watchdog", true}, 1, Verdict::no_fault);
  const Observation probe = make("probe-failing", 0.7, "The readiness probe of Pod grafana fails", kPod);
  EXPECT_EQ(combine({alert, probe}, {}, Question("The alert Watchdog fires. What is broken?"))[0].detector,
            "alert");
  EXPECT_EQ(combine({alert, probe}, {}, Question("What is broken?"))[0].detector, "probe-failing");
}

TEST(Combine, AMigrationsLockKeepsWhatWaitsForTheSchemaInInit) {
  const Observation stuck = make("init-container-stuck", 0.66,
                                 "Pod web stays in Init: its init container wait-for-schema runs", kPod);
  Observation log = make("log-changelog-lock", 0.45, "Pod migrate waits for the lock", kPod);
  log.culprit = {"pod", kPod.space, "migrate-5-8-cjgt9", true};
  EXPECT_EQ(combine({stuck}, {log}, Question("Why does it stay in Init?"))[0].detector, "log-changelog-lock");
}

TEST(Combine, AStatefulSetWhoseFirstPodNeedsTheNextIsADeadlock) {
  const Observation order = make("stateful-order", 0.34, "StatefulSet consul waits for its pod consul-0.",
                                 {"statefulset", "shop", "consul", true});
  Observation log =
      make("log-quorum-lost", 0.84, "Pod consul-0 has lost its quorum", {"pod", "shop", "consul-0", true});
  log.lines[0].quote = "couldn't join: Failed to resolve consul-1.consul";
  const auto found = combine({order}, {log}, Question("Why are the other servers not there?"));
  EXPECT_EQ(found[0].detector, "stateful-order");
  EXPECT_THAT(found[0].cause, HasSubstr("consul-0 needs consul-1 to become ready (a deadlock)"));
  log.lines[0].quote = "No cluster leader";
  EXPECT_EQ(combine({order}, {log}, Question("Why are the other servers not there?"))[0].detector,
            "log-quorum-lost");
}

TEST(Combine, ADevicePluginsLogIsWhyNoNodeHasTheDevice) {
  const Observation pending =
      make("scheduling-resources", 0.88, "Pod llm-0 is Pending: insufficient nvidia.com/gpu", kPod);
  const Observation log = make("log-version", 0.6, "Pod nvidia-device-plugin-x meets an incompatible version",
                               {"pod", "kube-system", "nvidia-device-plugin-x2k4q", true});
  EXPECT_EQ(combine({pending}, {log}, Question("Why is llm-0 Pending?"))[0].detector, "log-version");
}

TEST(Combine, AFullScanIsWhyTheStatementOfATraceTakesTheTime) {
  Observation call =
      make("trace-slowest-call", 0.82, "Most of the time goes into SELECT", {"service", "", "", true});
  call.lines[0].quote = "\"value\": \"SELECT * FROM parcel_event WHERE parcel_no = ?\"";
  Observation scan =
      make("log-rows-examined", 0.45, "Pod db-0 runs slow queries", {"pod", "shop", "db-0", true});
  scan.lines[0].quote = "SELECT * FROM parcel_event WHERE parcel_no = '1';";
  EXPECT_EQ(combine({call}, {scan}, Question("Why is it slow?"))[0].detector, "log-rows-examined");
  scan.lines[0].quote = "SELECT * FROM report;";
  EXPECT_EQ(combine({call}, {scan}, Question("Why is it slow?"))[0].detector, "trace-slowest-call");
}

TEST(Combine, ErrorsOfANodesServicesTellLittleWhereItIsReady) {
  const Name node = {"node", "", "n1", true};
  const Observation well =
      make("no-fault", 0.52, "No fault found: Node n1 is Ready.", node, 1, Verdict::no_fault);
  const Observation log = make("log-error", 0.64, "Node n1 (kubelet) logs an error: cadvisor", node);
  EXPECT_EQ(combine({well}, {log}, Question("Is something wrong with n1?"))[0].verdict, Verdict::no_fault);
  EXPECT_EQ(combine({well}, {log}, Question("Why is n1 slow?"))[0].verdict, Verdict::fault);
}

TEST(Combine, AQuietLogDoesNotAnswerWhy) {
  const auto quiet = make("log-quiet", 0.4, "No fault found", kPod, 1, Verdict::no_fault);
  const auto warning = make("log-error", 0.2, "logs a warning", kPod);
  EXPECT_EQ(combine({}, {quiet, warning}, Question("api answers 404. Why?"))[0].verdict, Verdict::fault);
  EXPECT_EQ(combine({}, {quiet, warning}, Question("Is there a fault?"))[0].verdict, Verdict::no_fault);
}

TEST(Combine, WhatWaitsForAnotherYieldsToItOverEveryStep) {
  auto release =
      make("delivery-failed", 0.95, "HelmRelease shop is not Ready", {"helmrelease", "apps", "shop", true});
  release.lines[0].quote = "dependency 'apps/redis' is not ready";
  auto redis = make("delivery-failed", 0.84, "HelmRelease redis is not Ready",
                    {"helmrelease", "apps", "redis", true}, 2);
  redis.lines[0].quote = "HelmChart 'apps/apps-redis' is not ready: not reconciled";
  auto chart = make("delivery-failed", 0.8, "no chart with this version",
                    {"helmchart", "apps", "apps-redis", true}, 3);
  const auto all = combine({release, redis, chart}, {}, Question("Why is shop not ready?"));
  EXPECT_EQ(all[0].culprit.name, "apps-redis");
  EXPECT_EQ(all[1].culprit.name, "redis");
}

TEST(Combine, ACertificateWaitsForItsChallengeAndAReleaseForNoneOfALongerName) {
  const auto certificate = make("certificate-not-ready", 0.95, "Certificate shop-tls is not Ready",
                                {"certificate", "shop", "shop-tls", true});
  const auto challenge = make("certificate-not-ready", 0.8, "challenge shop-tls-1-2 is pending",
                              {"challenge", "shop", "shop-tls-1-2", true}, 2);
  EXPECT_EQ(combine({certificate, challenge}, {}, Question("Why?"))[0].culprit.kind, "challenge");
  const auto release =
      make("delivery-failed", 0.95, "HelmRelease shop is not Ready", {"helmrelease", "apps", "shop", true});
  const auto other = make("delivery-failed", 0.8, "HelmRelease shop-web is not Ready",
                          {"helmrelease", "apps", "shop-web", true}, 2);
  EXPECT_EQ(combine({release, other}, {}, Question("Why?"))[0].culprit.name, "shop");
}

TEST(Combine, WhatMakesASecretIsTheRootOfItsAbsence) {
  auto source =
      make("custom-resource", 0.56, "externalsecret db is not Ready", {"externalsecret", "shop", "db", true});
  source.makes = {"secret", "shop", "db", false};
  const auto pod = make("container-not-started", 0.98,
                        "Pod api-1 cannot start: Secret db in namespace shop does not exist", kPod);
  EXPECT_EQ(combine({pod, source}, {}, Question("Why?"))[0].detector, "custom-resource");
  source.makes.name = "db-2";
  EXPECT_EQ(combine({pod, source}, {}, Question("Why?"))[0].detector, "container-not-started");
}

TEST(Combine, TheMetricsServersLogIsTheRootOfAScalerWithoutMetrics) {
  const auto all = combine({make("scaler-no-metrics", 0.9, "HPA api gets no metrics",
                                 {"horizontalpodautoscaler", "shop", "api", true})},
                           {make("log-certificate-name", 0.6, "Pod metrics-server-1 meets a certificate",
                                 {"pod", "kube-system", "metrics-server-1", true})},
                           Question("Why does api not scale?"));
  EXPECT_EQ(all[0].detector, "log-certificate-name");
}

TEST(Combine, AnObjectOfAnotherNamespaceExplainsNothing) {
  const auto all = combine(
      {make("policy-denies-egress", 0.6, "A policy blocks", {"networkpolicy", "other", "deny", true})},
      {make("log-dns", 0.8, "Pod api cannot resolve", kPod)}, Question("Why?"));
  EXPECT_EQ(all[0].detector, "log-dns");
}

TEST(Combine, WhatKeepsADependencyDownIsTheRootOfTheTimeouts) {
  const Name claim = {"persistentvolumeclaim", "shop", "data-postgres-0", true};
  const auto certain =
      combine({make("claim-class-missing", 0.9, "The class of the claim does not exist", claim)},
              {make("log-timeout", 0.93, "Pod api times out", kPod)}, Question("Why does api restart?"));
  EXPECT_EQ(certain[0].detector, "claim-class-missing");
  EXPECT_EQ(certain[0].lines.size(), 2u);
  // Less certain: a name must tell that the two belong together.
  auto log = make("log-database-unreachable", 0.8, "Pod api cannot connect", kPod);
  const auto unrelated = combine({make("claim-no-volume", 0.7, "No volume", claim)}, {log}, Question("Why?"));
  EXPECT_EQ(unrelated[0].detector, "log-database-unreachable");
  log.lines[0].quote = "dial tcp: postgres.shop.svc:5432: connection refused";
  const auto named = combine({make("claim-no-volume", 0.7, "No volume", claim)}, {log}, Question("Why?"));
  EXPECT_EQ(named[0].detector, "claim-no-volume");
}

TEST(Combine, OnlyMemoryTroubleExplainsAnOutOfMemoryKill) {
  const auto all =
      combine({make("container-out-of-memory", 0.77, "OOMKilled", kPod)},
              {make("log-rate-limited", 0.6, "429", kPod), make("log-memory-leak", 0.55, "leaks", kPod)},
              Question("Why?"));
  EXPECT_EQ(all[0].detector, "log-memory-leak");
}

TEST(Combine, WhatTheQuestionNamesComesFirst) {
  const auto all =
      combine({make("secret-missing", 0.8, "Secret x is missing", {"pod", "billing", "pay-0", true})},
              {make("log-timeout", 0.6, "Pod api times out", kPod)}, Question("Why does api in shop hang?"));
  EXPECT_EQ(all[0].detector, "log-timeout");
}

TEST(Combine, SystemNamespacesAreNoiseUnlessAsked) {
  const std::vector<Observation> objects = {make("a", 0.7, "x", {"pod", "kube-system", "dns-0", true}),
                                            make("b", 0.6, "y", {"pod", "shop", "web-0", true})};
  EXPECT_EQ(combine(objects, {}, Question("Why?"))[0].detector, "b");
  EXPECT_EQ(combine(objects, {}, Question("What is wrong in kube-system?"))[0].detector, "a");
}

TEST(Combine, NoFaultWhereNothingWeighsEnough) {
  const auto all =
      combine({make("health", 0.5, "No fault found", kPod, 1, Verdict::no_fault),
               make("warning-event", 0.2, "an old warning", kPod)},
              {make("log-quiet", 0.4, "quiet", kPod, 1, Verdict::no_fault)}, Question("Is there a fault?"));
  EXPECT_EQ(all[0].verdict, Verdict::no_fault);
  EXPECT_EQ(all[0].lines.size(), 2u);
  const auto faulty = combine({make("health", 0.5, "No fault found", kPod, 1, Verdict::no_fault)},
                              {make("log-error", 0.6, "fails", kPod)}, Question("Is there a fault?"));
  EXPECT_EQ(faulty[0].verdict, Verdict::fault);
}

TEST(Combine, ARootIsOneHoweverLittleTheQuestionSpeaksOfIt) {
  auto evicted =
      make("pod-evicted", 0.82, "Pod bus-0 in namespace shop was evicted", {"pod", "shop", "bus-0", true});
  evicted.weight = 0.4;  // the question is about api
  auto log = make("log-broker-unreachable", 0.8, "Pod api cannot reach its broker", kPod);
  log.lines[0].quote = "broker bus unreachable";
  const auto all = combine({evicted}, {log}, Question("Why does api-5d8f7b9c6-j4k8n not work?"));
  EXPECT_EQ(all[0].detector, "pod-evicted");
}

TEST(Combine, ANodeWithoutMemoryKillsWhoeverIsThere) {
  const auto killed = make("container-out-of-memory", 0.9,
                           "Container api of Pod api-5d8f7b9c6-j4k8n was OOMKilled: it needs more memory",
                           {"container", "shop/api-5d8f7b9c6-j4k8n", "api", true});
  const Name node = {"node", "", "n", true};
  const auto all =
      combine({killed, make("node-event", 0.75, "Node n: SystemOOM, victim process: api, pid: 4", node)}, {},
              Question("Why?"));
  EXPECT_EQ(all[0].detector, "node-event");
  EXPECT_THAT(all[0].cause, HasSubstr("was OOMKilled"));
  const auto other =
      combine({killed, make("node-event", 0.75, "Node n: SystemOOM, victim process: java, pid: 4", node)}, {},
              Question("Why?"));
  EXPECT_EQ(other[0].detector, "container-out-of-memory");
}

TEST(Combine, ASymptomOfTheOneThatIsNamedIsNearerToTheRoot) {
  const Name pricing = {"pod", "shop", "pricing-5f6d7c8b9-bbbb2", true};
  auto log = make("log-upstream-failed", 0.79, "Pod api gets no good answer", kPod);
  log.lines[0].quote = "502 from http://pricing:8080/price";
  const auto probe = make("probe-failing", 0.76, "The probe of Pod pricing-5f6d7c8b9-bbbb2 fails", pricing);
  EXPECT_EQ(combine({probe}, {log}, Question("Why?"))[0].detector, "probe-failing");
  log.lines[0].quote = "502 from http://stock:8080/price";
  EXPECT_EQ(combine({probe}, {log}, Question("Why?"))[0].detector, "log-upstream-failed");
}

TEST(Combine, TheNamespaceThatIsAskedForIsNoNameOfAFault) {
  // "prod-eu" stands in one sentence and not in the other, and tells them apart no more.
  const auto all = combine({make("no-fault", 0.46, "No fault: all pods in namespace prod-eu are ready",
                                 {"namespace", "", "prod-eu", true}, 1, Verdict::no_fault)},
                           {make("log-key", 0.6, "Pod api is refused", {"pod", "prod-eu", "api-0", true})},
                           Question("What is wrong in namespace prod-eu?"));
  EXPECT_EQ(all[0].detector, "log-key");
  EXPECT_DOUBLE_EQ(all[0].weight, 0.6);
}

TEST(Combine, ANodeCountsForWhateverRunsOnIt) {
  const auto all =
      combine({},
              {make("log-timeout", 0.66, "Pod api times out", kPod),
               make("log-connection-table-full", 0.76, "Node n drops packets", {"node", "", "n", true})},
              Question("Why does api-5d8f7b9c6-j4k8n not work?"));
  EXPECT_EQ(all[0].detector, "log-connection-table-full");
}

TEST(Combine, NamesBothWhereSeveralCausesAreAskedFor) {
  const std::vector<Observation> logs = {
      make("log-rate-limited", 0.8, "Pod api-5d8f7b9c6-j4k8n is refused: HTTP 429", kPod),
      make("log-memory-leak", 0.7, "Pod api-5d8f7b9c6-j4k8n leaks memory: " + std::string(400, 'x'), kPod)};
  const auto all = combine({}, logs, Question("What are the causes?"));
  EXPECT_THAT(all[0].cause, HasSubstr("HTTP 429"));
  EXPECT_THAT(all[0].cause, HasSubstr("leaks memory"));
  EXPECT_LE(all[0].cause.size(), limit::sentence);
  EXPECT_EQ(all[0].lines.size(), 2u);
  EXPECT_EQ(combine({}, logs, Question("Why?"))[0].detector, "log-rate-limited");
}

TEST(Combine, TwoDetectorsThatBlameOneObjectTellOfOneFault) {
  const Name missing = {"configmap", "shop", "api-settings", false};
  const std::vector<Observation> objects = {
      make("container-config", 0.92, "Pod api cannot start: ConfigMap api-settings does not exist", kPod),
      make("reference-missing", 0.9, "ConfigMap api-settings does not exist", missing),
      make("container-out-of-memory", 0.88, "Container db of Pod db-0 was OOMKilled",
           {"pod", "shop", "db-0", true})};
  const auto all = combine(objects, {}, Question("Which faults are there, what are the causes?"));
  EXPECT_EQ(all[0].detector, "two-faults");
  EXPECT_THAT(all[0].cause, HasSubstr("db-0"));
}

TEST(Combine, AnErrorThatNamesTheOneThatIsDownIsItsConsequence) {
  auto log = make("log-error", 0.6, "Pod api logs an error", kPod);
  log.lines[0].quote = "cannot publish to bus, kept for later";
  const auto object =
      make("pod-evicted", 0.55, "Pod bus-0 in namespace shop was evicted", {"pod", "shop", "bus-0", true});
  const auto named = combine({object}, {log}, Question("Why does api fail?"));
  EXPECT_EQ(named[0].detector, "pod-evicted");
  EXPECT_EQ(named[0].lines.size(), 2u);
  log.lines[0].quote = "cannot publish to busybody, kept for later";
  EXPECT_EQ(combine({object}, {log}, Question("Why does api fail?"))[0].detector, "log-error");
}

TEST(Combine, ALogOfANodesHostIsTheRootOfItsTrouble) {
  const auto node = make("node-not-ready", 0.85, "Node w-1 is NotReady", {"node", "", "w-1", true});
  auto log = make("log-certificate-expired", 0.6, "The log of kubelet meets an expired certificate", {});
  log.lines[0].at.file = "host-logs/w-1/kubelet.log";
  EXPECT_EQ(combine({node}, {log}, Question("Why?"))[0].detector, "log-certificate-expired");
  log.lines[0].at.file = "host-logs/w-10/kubelet.log";
  EXPECT_EQ(combine({node}, {log}, Question("Why?"))[0].detector, "node-not-ready");
}

TEST(Combine, AQuietLogIsNoHealthWhereAPodIsNotReady) {
  const auto quiet = make("log-quiet", 0.4, "quiet", kPod, 1, Verdict::no_fault);
  const auto unready = make("pod-not-ready", 0.3, "Pod db-0 is not ready", {"pod", "shop", "db-0", true});
  EXPECT_EQ(combine({unready}, {quiet}, Question("Why?"))[0].verdict, Verdict::fault);
  EXPECT_EQ(combine({}, {quiet}, Question("Why?"))[0].verdict, Verdict::insufficient_evidence);
}

TEST(Combine, NothingFromNothing) {
  EXPECT_TRUE(combine({}, {}, Question("Why?")).empty());
}

TEST(Combine, WhoCountsTwoIsToldASecondThatIsCertain) {
  const auto first = [](const char* question, const char* second) {
    return combine({},
                   {make("log-memory-bound", 0.83, "Pod hub is refused its writes",
                         {"pod", "r", "hub-1", true}, 2),
                    make(second, 0.38, "Pod hub gets no new access token", {"pod", "r", "hub-1", true}, 9)},
                   Question(question))[0]
        .detector;
  };
  EXPECT_EQ(first("hub has two complaints at once. What are the root causes?", "log-grant-refused"),
            "two-faults");
  EXPECT_EQ(first("hub has two complaints at once. What are the root causes?", "log-error"),
            "log-memory-bound");
  EXPECT_EQ(first("What are the root causes of this?", "log-grant-refused"), "log-memory-bound");
}

}  // namespace
}  // namespace carrel
