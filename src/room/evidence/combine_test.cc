#include "room/evidence/combine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "record/limits.h"

namespace carrel {
namespace {

using ::testing::HasSubstr;

Observation make(const std::string& detector, double weight, const std::string& cause, const Name& culprit,
                 std::uint32_t line = 1, Verdict verdict = Verdict::fault) {
  Observation made;
  made.detector = detector;
  made.weight = weight;
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

TEST(Combine, NothingFromNothing) {
  EXPECT_TRUE(combine({}, {}, Question("Why?")).empty());
}

}  // namespace
}  // namespace carrel
