#include "room/evidence/log_cascade.h"

#include <gtest/gtest.h>

#include "record/limits.h"

namespace carrel {
namespace {

Observation finding(const std::string& detector, const std::string& pod, const std::string& quote,
                    double weight, const std::string& space = "shop") {
  Observation out;
  out.detector = detector;
  out.verdict = Verdict::fault;
  out.cause = quote;
  out.weight = weight;
  out.culprit = {"pod", space, pod, true};
  out.lines.push_back({{pod + ".log", 1, 1, ""}, quote, "", 1, weight});
  return out;
}

std::size_t first_of(std::vector<Observation>* logs) {
  std::vector<double> relevances(logs->size(), 0.7);
  relevances[0] = 1;
  lift_roots(logs, &relevances);
  std::size_t best = 0;
  for (std::size_t i = 0; i < logs->size(); ++i) {
    if ((*logs)[i].weight * relevances[i] > (*logs)[best].weight * relevances[best]) best = i;
  }
  return best;
}

TEST(LogCascade, EndsAtWhatFailedByItself) {
  std::vector<Observation> logs = {
      finding("log-upstream-failed", "front-66c7d8f9b-aaaa1", "503 from http://pricing:8080/price", 0.8),
      finding("log-timeout", "pricing-5f6d7c8b9-bbbb2", "GET http://inventory:8080/stock: timeout", 0.7),
      finding("log-disk-full", "inventory-7c8d9f6b5-cccc3", "no space left on device", 0.6)};
  EXPECT_EQ(first_of(&logs), 2u);
  EXPECT_EQ(logs[2].lines.size(), 3u);
}

TEST(LogCascade, ABrokersAlarmIsWhyNothingCanBePublished) {
  std::vector<Observation> logs = {
      finding("log-publish-blocked", "relay-5f6d7c8b9-bbbb2", "no publisher confirm within 30000 ms", 0.75),
      finding("log-error", "rabbitmq-0", "operation queue.declare caused a channel exception", 0.6, "mq"),
      finding("log-resource-alarm", "rabbitmq-0", "disk resource limit alarm set", 0.5, "mq")};
  EXPECT_EQ(first_of(&logs), 2u);
}

TEST(LogCascade, ASessionsListTellsWhatALockWaitWaitsFor) {
  std::vector<Observation> logs = {
      finding("log-deadlock", "web-5f6d7c8b9-bbbb2", "Lock wait timeout exceeded", 0.85),
      finding("log-metadata-lock", "", "ALTER TABLE orders: Waiting for table metadata lock", 0.6, "")};
  EXPECT_EQ(first_of(&logs), 1u);
}

TEST(LogCascade, KnowsWhichKindOfServiceIsMissed) {
  std::vector<Observation> logs = {
      finding("log-dns", "api-6f6f6f6f6-ap111", "cannot resolve db", 0.8),
      finding("log-timeout", "coredns-5dd5756b68-k2k2k", "plugin/errors: i/o timeout", 0.5, "kube-system")};
  EXPECT_EQ(first_of(&logs), 1u);
}

TEST(LogCascade, WhoRefusedACertificateKnowsWhy) {
  std::vector<Observation> logs = {
      finding("log-tls-failed", "ledger-0", "TLS handshake error: remote error: tls: bad certificate", 0.85),
      finding("log-certificate-untrusted", "billing-5f6d7c8b9-bbbb2",
              "Post https://ledger: x509: certificate signed by unknown authority", 0.6, "billing")};
  EXPECT_EQ(first_of(&logs), 1u);
}

TEST(LogCascade, APoolIsUsedUpByTheLockThatAllOfItWaitsFor) {
  std::vector<Observation> logs = {
      finding("log-route-timeout", "gateway-6f6f6f6f6-ap111", "POST /orders 504 UT http://profile:8080/",
              0.85),
      finding("log-too-many-connections", "profile-5d7b9c8f66-sv9mw", "HikariPool-1: request timed out",
              0.84),
      finding("log-lock-wait", "profile-db-0", "still waiting for AccessShareLock on relation 16733", 0.6)};
  EXPECT_EQ(first_of(&logs), 2u);
}

TEST(LogCascade, AMeshThatWantsMutualTlsResetsThoseWithout) {
  std::vector<Observation> logs = {
      finding("log-connection-lost", "import-0", "SocketException: Connection reset", 0.8, "legacy"),
      finding("log-plaintext-refused", "price-5d7b9c8f66-sv9mw", "0 NR filter_chain_not_found", 0.5)};
  EXPECT_EQ(first_of(&logs), 1u);
}

TEST(LogCascade, AWholeTableReadIsWhyAQueryIsSlow) {
  std::vector<Observation> logs = {
      finding("log-slow", "api-6f6f6f6f6-ap111", "Slow query took 6872 ms", 0.74),
      finding("log-sequential-scan", "", "Seq Scan on parcels, Rows Removed by Filter: 30711204", 0.4)};
  EXPECT_EQ(first_of(&logs), 1u);
}

TEST(LogCascade, WithoutANameOnlyAFailureOfItsOwnWillDo) {
  const auto front =
      finding("log-upstream-failed", "web-001122334-wb111", "upstream 10.96.3.4:8080 refused", 0.8);
  std::vector<Observation> own = {front, finding("log-authentication-failed", "api-001122335-ai111",
                                                 "password authentication failed", 0.6)};
  EXPECT_EQ(first_of(&own), 1u);
  std::vector<Observation> vague = {front, finding("log-error", "jobs-001122335-ai111", "failed", 0.6)};
  EXPECT_EQ(first_of(&vague), 0u);
  std::vector<Observation> elsewhere = {front,
                                        finding("log-disk-full", "x-0", "no space left", 0.6, "other")};
  EXPECT_EQ(first_of(&elsewhere), 0u);
}

TEST(LogCascade, AClientRepeatsWhatTheControlPlaneAnswered) {
  std::vector<Observation> logs = {
      finding("log-timeout", "api-6f6f6f6f6-ap111", "etcdserver: request timed out", 0.8),
      finding("log-slow-disk", "etcd-cp1", "slow fdatasync took 3s", 0.5, "kube-system")};
  EXPECT_EQ(first_of(&logs), 1u);
  logs[0].cause = "request timed out";
  logs[0].weight = 0.8, logs[1].weight = 0.5;
  EXPECT_EQ(first_of(&logs), 0u);
}

TEST(LogCascade, ASessionThatHoldsItsLocksEndsTheStatementsOfOthers) {
  std::vector<Observation> logs = {
      finding("log-statement-timeout", "orders-1", "canceling statement due to statement timeout", 0.7),
      finding("log-idle-in-transaction", "", "30871 | idle in transaction | LOCK TABLE orders", 0.65, "")};
  EXPECT_EQ(first_of(&logs), 1u);
}

TEST(LogCascade, ASaturatedDiskSlowsWhatRunsOnIt) {
  std::vector<Observation> logs = {finding("log-slow", "api-6f6f6f6f6-ap111", "query took 6543 ms", 0.7),
                                   finding("log-disk-saturated", "node-1", "sda util 100%", 0.4, "")};
  EXPECT_EQ(first_of(&logs), 1u);
}

TEST(LogCascade, APathIsNoHost) {
  std::vector<Observation> logs = {finding("log-timeout", "web-0", "GET /orders/v1 timed out", 0.8),
                                   finding("log-error", "orders-0", "failed", 0.6)};
  EXPECT_EQ(first_of(&logs), 0u);
}

TEST(LogCascade, TwoThatComplainOfEachOtherStay) {
  std::vector<Observation> logs = {finding("log-timeout", "alpha-0", "http://bravo:80 timed out", 0.8),
                                   finding("log-timeout", "bravo-0", "http://alpha:80 timed out", 0.7)};
  EXPECT_EQ(first_of(&logs), 0u);
  EXPECT_EQ(logs[0].weight, 0.8);
}

TEST(LogCascade, CitesNoMoreThanItMay) {
  std::vector<Observation> logs = {finding("log-disk-full", "store-0", "no space left", 0.6)};
  for (int i = 0; i < 9; ++i) {
    logs.push_back(finding("log-timeout", std::string(1, static_cast<char>('a' + i)) + "-svc",
                           "http://store:80 timed out", 0.7));
  }
  first_of(&logs);
  EXPECT_EQ(logs[0].lines.size(), limit::citations);
  EXPECT_EQ(logs[0].lines[0].quote, "no space left");
}

TEST(LogCascade, DoesNotEndAtAMereWarning) {
  std::vector<Observation> logs = {
      finding("log-timeout", "quoter-66c7d8f9b-aaaa1", "Post http://geoindex:9191/lookup: i/o timeout", 0.8),
      finding("log-error", "geoindex-0", "gc: pause 48ms", 0.5)};
  logs[1].lines[0].reason = "warning level";
  EXPECT_EQ(first_of(&logs), 0u);
  logs[1].lines[0].reason = "error level";
  EXPECT_EQ(first_of(&logs), 1u);
}

}  // namespace
}  // namespace carrel
