// Symptoms that are told with what stands behind them: alerts, webhooks, certificates, nodes, connections.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "record/limits.h"
#include "room/evidence/combine.h"

namespace carrel {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Observation found(const std::string& detector, double weight, const std::string& cause, const Name& culprit,
                  const std::string& quote) {
  Observation made;
  made.detector = detector;
  made.strength = made.weight = weight;
  made.cause = cause;
  made.culprit = culprit;
  made.verdict = Verdict::fault;
  made.lines.push_back({{detector + ".txt", 1, 1, ""}, quote, "", 1, weight});
  return made;
}

TEST(Chain, WhyAnAlertFiresIsToldOfThoseThatItNames) {
  const auto first = [](const std::string& logged, const std::string& question) {
    return combine({found("alert", 0.62, "Alert LagHigh fires: group order-view lags",
                          {"alert", "", "LagHigh", true},
                          "\"description\": \"Consumer group order-view lags 184213 messages behind\"")},
                   {found("log-error", 0.3, "Pod view logs an error: Commit failed",
                          {"pod", "shop", "view-0", true}, logged)},
                   Question(question))[0]
        .detector;
  };
  EXPECT_EQ(first("[Consumer groupId=order-view] Commit failed", "Alert LagHigh fires. Why?"), "log-error");
  EXPECT_EQ(first("[Consumer groupId=billing] Commit failed", "Alert LagHigh fires. Why?"), "alert");
  EXPECT_EQ(first("[Consumer groupId=order-view] Commit failed", "Does alert LagHigh fire?"), "alert");
}

TEST(Chain, WhatSeveralNodesLogAlikeIsToldOnceWithThem) {
  const auto on = [](const std::string& node, const std::string& detector) {
    Observation made = found(detector, 0.8, "Node " + node + " cannot pull an image",
                             {"node", "", node, true}, "no route to host");
    made.lines[0].at.file = node + ".txt";
    return made;
  };
  const auto first = [](std::vector<Observation> logs) {
    return combine({}, std::move(logs), Question("On which nodes do pulls fail, and why?"))[0];
  };
  const Observation three =
      first({on("w-1", "log-registry-unreachable"), on("w-2", "log-dns"),
             on("w-3", "log-registry-unreachable"), on("w-4", "log-registry-unreachable")});
  EXPECT_THAT(three.cause, HasSubstr("Node w-1 cannot pull an image; 3 nodes in all, with w-3, w-4"));
  EXPECT_EQ(three.lines.size(), 3u);
  EXPECT_THAT(first({on("w-1", "log-registry-unreachable"), on("w-2", "log-dns")}).cause,
              Not(HasSubstr("nodes in all")));
  // More than can be cited.
  EXPECT_THAT(first({on("w-1", "log-dns"), on("w-2", "log-dns"), on("w-3", "log-dns"), on("w-4", "log-dns"),
                     on("w-5", "log-dns")})
                  .cause,
              Not(HasSubstr("nodes in all")));
}

TEST(Chain, WhoHoldsALockIsWhyStatementsTimeOut) {
  const auto holder =
      found("session-holds-locks", 0.6, "PostgreSQL session 7 holds a lock that 9 waits for (ALTER TABLE x).",
            {"session", "", "7", true}, " 7 | idle in transaction");
  const auto first = [&](const std::string& detector) {
    return combine({holder},
                   {found(detector, 0.8, "Pod shop has statements that its database ends after too long",
                          {"pod", "shop", "shop-0", true}, "canceling statement due to statement timeout")},
                   Question("Why do writes to shop fail?"))[0];
  };
  EXPECT_EQ(first("log-statement-timeout").detector, "session-holds-locks");
  EXPECT_EQ(first("log-statement-timeout").lines.back().quote,
            "canceling statement due to statement timeout");
  EXPECT_EQ(first("log-dns").detector, "log-dns");
}

TEST(Chain, AWebhookIsToldWithWhatKeepsItsPodFromRunning) {
  const auto webhook =
      found("webhook-failing", 0.9,
            "ReplicaSet web cannot be created because admission webhook in.shop.io cannot be "
            "called: failed to call webhook: no endpoints",
            {"replicaset", "shop", "web", true},
            "failed to call webhook: no endpoints available for service \"injector\"");
  const auto secret = [](const std::string& pod) {
    return found("secret-missing", 0.3, "Pod " + pod + " cannot start: Secret injector-tls does not exist.",
                 {"pod", "tools", pod, true}, "SecretName: injector-tls");
  };
  const auto own = combine({webhook, secret("injector-7c9d5b6f8b-mz4kr")}, {}, Question("Why?"));
  EXPECT_EQ(own[0].detector, "webhook-failing");
  EXPECT_THAT(own[0].cause, HasSubstr("cannot be called; Pod injector-7c9d5b6f8b-mz4kr cannot start: Secret "
                                      "injector-tls does not exist"));
  EXPECT_EQ(own[0].lines[1].quote, "SecretName: injector-tls");
  EXPECT_LE(own[0].cause.size(), limit::sentence);
  const auto other = combine({webhook, secret("mailer-7c9d5b6f8b-mz4kr")}, {}, Question("Why?"));
  EXPECT_EQ(other[0].cause, webhook.cause);
}

TEST(Chain, AWebhookWhoseServiceIsUnknownIsToldWithWhatFailsInItsNamespace) {
  const auto told = [](const std::string& space) {
    return combine(
               {found(
                    "webhook-failing", 0.9,
                    "ReplicaSet web cannot be created because admission webhook v.policy.svc-fail cannot be "
                    "called: failed to call webhook",
                    {"replicaset", "shop", "web", true},
                    "failed to call webhook: Post \"https://policy-svc.policy.svc:443/validate\": no "
                    "endpoints available for service \"policy-svc\""),
                found("container-out-of-memory", 0.3, "Container main of Pod admission-0 was OOMKilled",
                      {"pod", space, "admission-0", true}, "Reason: OOMKilled")},
               {}, Question("Why?"))[0]
        .cause;
  };
  EXPECT_THAT(told("policy"), HasSubstr("cannot be called; Container main of Pod admission-0 was OOMKilled"));
  EXPECT_THAT(told("mail"), Not(HasSubstr("OOMKilled")));
}

TEST(Chain, ABrokerThatTakesNoMoreIsToldWithTheQueueThatNobodyReads) {
  const auto all =
      combine({found("queue-unread", 0.7, "Queue audit has 4127733 messages and no consumer",
                     {"queue", "", "audit", true}, "audit\t4127733\t0")},
              {found("log-resource-alarm", 0.8, "Pod rabbitmq-0 has raised a resource alarm: disk",
                     {"pod", "mq", "rabbitmq-0", true}, "disk resource limit alarm set")},
              Question("Why can nothing be published?"));
  EXPECT_EQ(
      all[0].cause,
      "Pod rabbitmq-0 has raised a resource alarm: disk; Queue audit has 4127733 messages and no consumer");
  EXPECT_EQ(all[0].lines[1].quote, "audit\t4127733\t0");
}

TEST(Chain, APodThatWaitsForItsSchemaWaitsForWhoHoldsTheLock) {
  const auto first = [](const std::string& cause) {
    return combine({found("init-container-stuck", 0.66, cause, {"pod", "shop", "web-0", true}, "Running")},
                   {found("log-idle-in-transaction", 0.45,
                          "Pod pg-0 has a session that sits idle in a transaction",
                          {"pod", "shop", "pg-0", true}, "idle in transaction")},
                   Question("Why does web not get ready?"))[0]
        .detector;
  };
  EXPECT_EQ(first("Pod web-0 stays in Init: its init container wait-for-schema is still running"),
            "log-idle-in-transaction");
  EXPECT_EQ(first("Pod web-0 stays in Init: its init container copy is still running"),
            "init-container-stuck");
}

TEST(Chain, ASecretThatIsNotBroughtUpToDateExplainsWhoIsRefused) {
  const auto all = combine({found("custom-resource", 0.6,
                                  "externalsecret db is not Ready (SecretSyncedError): Secret does not exist",
                                  {"externalsecret", "shop", "db", true}, "Secret does not exist")},
                           {found("log-authentication-failed", 0.89,
                                  "Pod api-0 fails to authenticate: password authentication failed",
                                  {"pod", "shop", "api-0", true}, "password authentication failed")},
                           Question("Why does api not start?"));
  EXPECT_EQ(all[0].culprit.kind, "externalsecret");
}

TEST(Chain, AnEndOfWhichNoLogTellsIsNotExplainedByWarningsOfWhatCameAfter) {
  auto end = found(
      "container-crash", 0.29,
      "Container main of Pod web-0 failed (1 restarts) with exit code 1: the application itself failed.",
      {"pod", "shop", "web-0", true}, "Exit Code: 1");
  end.missing = {"previous log of container main of pod web-0"};
  auto warned = found("log-error", 0.36, "Pod web-0 logs a warning: upstream answered slowly",
                      {"pod", "shop", "web-0", true}, "WARN upstream answered slowly");
  warned.lines[0].reason = "warning level";
  const auto first = [&](const std::string& question) {
    return combine({end}, {warned}, Question(question))[0];
  };
  EXPECT_EQ(first("What made web-0 exit?").verdict, Verdict::insufficient_evidence);
  EXPECT_EQ(
      first("What made web-0 exit?").cause,
      "What made it end cannot be told, as no log of that instance (--previous) says: Container main of Pod "
      "web-0 failed (1 restarts) with exit code 1.");
  EXPECT_NE(first("What is the cause of the trouble?").detector, "end-untold");
  EXPECT_NE(first("What made mail-0 exit?").detector, "end-untold");
  warned.lines[0].reason = "error level";
  EXPECT_EQ(first("What made web-0 exit?").detector, "log-error");
}

TEST(Chain, ASecretThatIsNeverMadeYieldsToTheIssuerOfItsCertificate) {
  auto certificate = found("certificate-not-ready", 0.9, "Certificate web-tls is not Ready",
                           {"certificate", "shop", "web-tls", true}, "Issuing");
  certificate.makes = {"secret", "shop", "web-tls", false};
  const auto all = combine(
      {found("secret-missing", 0.99, "Pod web cannot start: Secret web-tls does not exist",
             {"secret", "shop", "web-tls", false}, "SecretName: web-tls"),
       certificate,
       found("custom-resource", 0.6,
             "certificaterequest web-tls-1 is not Ready: Referenced \"ClusterIssuer\" does not have a Ready "
             "status condition",
             {"certificaterequest", "shop", "web-tls-1", true}, "Referenced \"ClusterIssuer\""),
       found("custom-resource", 0.4, "clusterissuer ca is not Ready: secrets \"root-ca\" not found",
             {"clusterissuer", "", "ca", true}, "secrets \"root-ca\" not found")},
      {}, Question("Why does web not start?"));
  EXPECT_EQ(all[0].culprit.kind, "clusterissuer");
}

TEST(Chain, ANodeWithoutNetworkWaitsForThePodThatSetsItUp) {
  const auto first = [](const std::string& cause) {
    return combine(
               {found("node-not-ready", 0.85, cause, {"node", "", "w-4", true}, "NotReady")},
               {found("log-address-conflict", 0.5, "Pod calico-node-9mwtl finds its address in use",
                      {"pod", "kube-system", "calico-node-9mwtl", true}, "already using the IPv4 address")},
               Question("Why is w-4 NotReady?"))[0]
        .detector;
  };
  EXPECT_EQ(first("Node w-4 is NotReady: NetworkPluginNotReady: cni plugin not initialized"),
            "log-address-conflict");
  EXPECT_EQ(first("Node w-4 is NotReady: Kubelet stopped posting node status."), "node-not-ready");
}

TEST(Chain, WhoGetsNoConnectionIsToldWhoHoldsThem) {
  const auto all = combine(
      {found("holds-most-connections", 0.6, "Most of pg_stat_activity_count comes from exporter: 82",
             {"namespace", "", "data", true}, "\"exporter\"")},
      {found("log-too-many-connections", 0.8, "Pod api has used up its connections: FATAL: remaining slots",
             {"pod", "shop", "api-0", true}, "remaining connection slots are reserved")},
      Question("Why does api answer 500?"));
  EXPECT_EQ(all[0].detector, "log-too-many-connections");
  EXPECT_THAT(all[0].cause, HasSubstr("remaining slots; Most of pg_stat_activity_count comes from exporter"));
  EXPECT_EQ(all[0].lines[1].quote, "\"exporter\"");
}

TEST(Chain, ACronJobThatWaitsForItsLastRunIsToldWithTheLockThatThisWaitsFor) {
  const auto all =
      combine({found("cronjob-blocked", 0.8, "CronJob reval starts no jobs: prior execution is running",
                     {"cronjob", "shop", "reval", true}, "prior execution is running")},
              {found("log-idle-in-transaction", 0.5, "pg-stat-activity says: idle in transaction | select",
                     {"file", "", "", true}, "idle in transaction")},
              Question("Why does reval not run?"));
  EXPECT_EQ(all[0].detector, "cronjob-blocked");
  EXPECT_THAT(all[0].cause, HasSubstr("; pg-stat-activity says: idle in transaction"));
}

TEST(Chain, AnAutoscalerWithoutMetricsIsToldWithThePodsBehindTheirApi) {
  const auto told = [](const std::string& pod) {
    return combine(
               {found("scaler-no-metrics", 0.9, "HorizontalPodAutoscaler api gets no metrics",
                      {"horizontalpodautoscaler", "shop", "api", true},
                      "unable to handle the request (get pods.custom.metrics.k8s.io *)"),
                found("apiservice-unavailable", 0.4,
                      "APIService v1beta1.custom.metrics.k8s.io is unavailable: endpoints for "
                      "service/adapter have no "
                      "addresses",
                      {"apiservice", "", "v1beta1.custom.metrics.k8s.io", true}, "have no addresses"),
                found("container-crash", 0.5, "Container main of Pod " + pod + " crash loops: yaml: line 14",
                      {"pod", "monitoring", pod, true}, "yaml: line 14")},
               {}, Question("Why does api not scale?"))[0]
        .cause;
  };
  EXPECT_THAT(told("adapter-7c9d5b6f8b-mz4kr"),
              HasSubstr("; Container main of Pod adapter-7c9d5b6f8b-mz4kr"));
  EXPECT_THAT(told("other-7c9d5b6f8b-mz4kr"),
              HasSubstr("; APIService v1beta1.custom.metrics.k8s.io is unavailable"));
}

TEST(Chain, ADatabaseWhoseLogFillsItsDiskIsToldWithTheSlotThatKeepsIt) {
  const auto told = [](const std::string& quote) {
    return combine({found("slot-unread", 0.6, "The replication slot feed is inactive",
                          {"slot", "", "feed", true}, "feed | f")},
                   {found("log-disk-full", 0.9, "Pod pg-0 has no space left: could not write",
                          {"pod", "shop", "pg-0", true}, quote)},
                   Question("What filled the disk?"))[0]
        .cause;
  };
  EXPECT_THAT(told("could not write to file \"pg_wal/x\""),
              HasSubstr("; The replication slot feed is inactive"));
  EXPECT_THAT(told("could not write to file \"base/x\""), Not(HasSubstr("slot")));
}

TEST(Chain, WhatResolvesNoNameYieldsToItsNameServer) {
  const auto all =
      combine({},
              {found("log-dns", 0.8, "Pod web cannot resolve a DNS name: api could not be resolved",
                     {"pod", "shop", "web-0", true}, "api could not be resolved"),
               found("log-dns-loop", 0.6, "Pod coredns-1 forwards DNS queries to itself",
                     {"pod", "kube-system", "coredns-1", true}, "Loop detected")},
              Question("Why is no name resolved?"));
  EXPECT_EQ(all[0].detector, "log-dns-loop");
}

TEST(Chain, WhatCannotConnectYieldsToAKernelThatDropsPackets) {
  const auto all =
      combine({},
              {found("log-unreachable", 0.76, "Pod lobby cannot reach what it depends on: i/o timeout",
                     {"pod", "arena", "lobby-1", true}, "i/o timeout"),
               found("log-connection-table-full", 0.34, "Pod node-problem-detector drops packets",
                     {"pod", "kube-system", "node-problem-detector-1", true}, "table full")},
              Question("What is the matter with the node?"));
  EXPECT_EQ(all[0].detector, "log-connection-table-full");
}

TEST(Chain, WhatIsRefusedForItsSizeIsToldWithTheSettingThatBoundsIt) {
  const auto cause = [](const char* setting) {
    const auto change =
        found("changed-setting", 0.3, std::string("A setting was changed (since values-14.yaml): ") + setting,
              {"setting", "", "", true}, "x: 1m");
    const auto log = found("log-message-too-large", 0.5, "Pod proxy sends messages that are too large",
                           {"pod", "shop", "proxy-0", true}, "client intended to send too large body");
    return combine({change}, {log}, Question("Why do uploads fail since Tuesday?"))[0].cause;
  };
  EXPECT_EQ(cause("ingress.proxyBodySize from 64m to 1m."),
            "Pod proxy sends messages that are too large; changed: ingress.proxyBodySize from 64m to 1m");
  EXPECT_EQ(cause("image.tag from 1 to 2."), "Pod proxy sends messages that are too large");
}

}  // namespace
}  // namespace carrel
