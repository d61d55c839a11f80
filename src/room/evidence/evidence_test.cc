#include "room/evidence/evidence.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "room/evidence/detector_case.h"

namespace carrel {
namespace {

void mine(LogMiner* miner, const std::string& path, const std::string& text) {
  miner->begin({path, TextFile::Kind::log, "shop", "api-0", "api"});
  miner->add(text);
  miner->end();
}

TEST(MakeEvidence, RanksLinesAndPointsFindingsAtThem) {
  LogMiner miner("Why?");
  mine(&miner, "a.log", "INFO up\nERROR no space left on device\nWARN disk is filling\n");
  const EvidenceList list = make_evidence(Inventory(), miner, "Why?");
  ASSERT_FALSE(list.findings.empty());
  EXPECT_EQ(list.findings[0].detector, "log-disk-full");
  ASSERT_FALSE(list.findings[0].evidence.empty());
  EXPECT_EQ(list.lines[list.findings[0].evidence[0]].at.line, 2u);
  for (std::size_t i = 1; i < list.lines.size(); ++i) EXPECT_GE(list.lines[i - 1].score, list.lines[i].score);
  EXPECT_EQ(list.lines_read, 3u);
}

TEST(MakeEvidence, APodThatDidItsWorkHasOvercomeWhatItWarnedOf) {
  const auto weight = [](const std::string& phase) {
    Inventory inventory;
    add_yaml(&inventory, "pods.yaml",
             "apiVersion: v1\nkind: Pod\nmetadata: {name: api-0, namespace: shop}\nstatus: {phase: " + phase +
                 "}\n");
    LogMiner miner("What is broken?");
    mine(&miner, "a.log", "WARN retrying connection to sftp (1/3): timed out\n");
    const EvidenceList list = make_evidence(inventory, miner, "What is broken?");
    const auto found = std::ranges::find(list.findings, "log-timeout", &Finding::detector);
    return found == list.findings.end() ? 0.0 : found->weight;
  };
  EXPECT_GT(weight("Running"), 0.0);
  EXPECT_LT(weight("Succeeded"), weight("Running"));
}

TEST(MakeEvidence, WhatAPodThatIsGoneLoggedIsOverToWhoAsksWhether) {
  const auto weight = [](const std::string& pod, const std::string& question) {
    Inventory inventory;
    add_yaml(
        &inventory, "pods.yaml",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: " + pod +
            ", namespace: shop}\nspec: {containers: [{name: main}]}\nstatus: {phase: Running, conditions: "
            "[{type: Ready, status: 'True'}], containerStatuses: [{name: main, ready: true, restartCount: 0, "
            "state: {running: {}}}]}\n");
    LogMiner miner(question);
    miner.begin({"a.log", TextFile::Kind::log, "shop", "web-6d5f7c9b8-x2k4q", "main"});
    miner.add("ERROR leader election lost\n");
    miner.end();
    const EvidenceList list = make_evidence(inventory, miner, question);
    const auto found = std::ranges::find(list.findings, "log-leader-election", &Finding::detector);
    return found == list.findings.end() ? 0.0 : found->weight;
  };
  EXPECT_LT(weight("web-5c6d7f8b9-q8vzt", "Is there a fault?"),
            weight("web-6d5f7c9b8-x2k4q", "Is there a fault?"));
  EXPECT_EQ(weight("web-5c6d7f8b9-q8vzt", "Why does web fail?"),
            weight("web-6d5f7c9b8-x2k4q", "Why does web fail?"));
}

TEST(MakeEvidence, WhatAPodLoggedBeforeARestartSinceWhichItIsWellIsOver) {
  const auto weight = [](const std::string& ready, const std::string& question) {
    Inventory inventory;
    add_yaml(
        &inventory, "pods.yaml",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: web-0, namespace: shop}\nspec: {containers: [{name: "
        "main}]}\nstatus: {phase: Running, conditions: [{type: Ready, status: '" +
            ready + "'}], containerStatuses: [{name: main, ready: " + (ready == "True" ? "true" : "false") +
            ", restartCount: 2, state: {running: {}}}]}\n");
    LogMiner miner(question);
    miner.begin({"a-previous.log", TextFile::Kind::previous_log, "shop", "web-0", "main"});
    miner.add("ERROR dial tcp 10.0.0.1:443: connection refused\n");
    miner.end();
    const EvidenceList list = make_evidence(inventory, miner, question);
    const auto found = std::ranges::find(list.findings, "log-connection-refused", &Finding::detector);
    return found == list.findings.end() ? 0.0 : found->weight;
  };
  const std::string open = "What is the likely root cause of the trouble in this bundle?";
  EXPECT_LT(weight("True", open), 0.4);
  EXPECT_GT(weight("False", open), 0.4);
  EXPECT_GT(weight("True", "Why does web-0 fail?"), 0.4);
}

TEST(MakeEvidence, WhatClientsDoIsNoFaultOfAServerThatIsWell) {
  const auto weight = [](const char* question, const char* line, const char* ready = "true") {
    Inventory inventory;
    add_yaml(
        &inventory, "pods.yaml",
        std::string("apiVersion: v1\nkind: Pod\nmetadata: {name: api-0, namespace: shop}\nspec: {containers: "
                    "[{name: main}]}\nstatus: {phase: Running, conditions: [{type: Ready, status: '") +
            (ready == std::string("true") ? "True" : "False") +
            "'}], containerStatuses: [{name: main, ready: " + ready +
            ", restartCount: 0, state: {running: {}}}]}\n");
    LogMiner miner(question);
    mine(&miner, "a.log", line);
    const EvidenceList list = make_evidence(inventory, miner, question);
    const auto found = std::ranges::find(list.findings, Verdict::fault, &Finding::verdict);
    return found == list.findings.end() ? 0.0 : found->weight;
  };
  const char* const row = "ERROR:  duplicate key value violates unique constraint \"orders_pkey\"\n";
  const char* const password = "ERROR Authentication failed: Invalid credentials\n";
  const char* const open = "What is the likely root cause of the trouble in this bundle?";
  for (const char* const line : {row, password}) {
    EXPECT_LT(weight("Is there a problem with the database?", line), 0.45) << line;
    EXPECT_GT(weight("Why does the import fail?", line), 0.45) << line;
    EXPECT_GT(weight(open, line, "false"), 0.4) << line;
  }
  EXPECT_LT(weight(open, row), 0.4);
  EXPECT_GT(weight(open, password), 0.4) << "it may be the program's own";
}

TEST(MakeEvidence, WhyWhatIsOutOfSightDoesNotAnswerCannotBeDetermined) {
  const auto first = [](const std::string& url, const std::string& question) {
    LogMiner miner(question);
    mine(&miner, "a.log", "ERROR score failed: request timed out: POST " + url + "\n");
    return make_evidence(Inventory(), miner, question).findings.at(0);
  };
  const std::string why = "Why do checkouts fail?";
  const Finding far = first("https://engine.risk.svc.cluster.local:8443/score", why);
  EXPECT_EQ(far.verdict, Verdict::insufficient_evidence);
  EXPECT_NE(far.cause.find(
                "why engine does not answer cannot be determined, as the bundle has nothing of namespace "
                "risk"),
            std::string::npos)
      << far.cause;
  ASSERT_FALSE(far.missing.empty());
  // One that is in the bundle, one outside of the cluster, and who does not ask why.
  EXPECT_EQ(first("https://engine.shop.svc:8443/score", why).verdict, Verdict::fault);
  EXPECT_EQ(first("https://engine.example.com/score", why).verdict, Verdict::fault);
  EXPECT_EQ(first("https://engine.risk.svc/score", "Is there a fault?").verdict, Verdict::fault);
}

TEST(MakeEvidence, EachLineIsThereOnce) {
  LogMiner miner("What are the causes?");
  mine(&miner, "a.log",
       "ERROR no space left on device\nERROR too many open files\nERROR connection refused\n");
  const EvidenceList list = make_evidence(Inventory(), miner, "What are the causes?");
  std::set<std::pair<std::string, std::uint32_t>> places;
  for (const EvidenceLine& line : list.lines) {
    EXPECT_TRUE(places.insert({line.at.file, line.at.line}).second) << line.at.line;
  }
  for (const Finding& finding : list.findings) {
    EXPECT_GE(finding.evidence.size(), 1u);
    EXPECT_LE(finding.evidence.size(), limit::citations);
  }
}

TEST(MakeEvidence, HoldsItsLimitsAndCountsTheRest) {
  LogMiner miner("");
  for (int file = 0; file < 40; ++file) {
    std::string text;
    for (int i = 0; i < 400; ++i) {
      std::string word;
      for (int n = i + 1; n > 0; n /= 26) word.push_back(static_cast<char>('a' + n % 26));
      text += fmt::format("ERROR {} failed {}\n", word, std::string(300, 'x'));
    }
    mine(&miner, fmt::format("f{}.log", file), text);
  }
  const EvidenceList list = make_evidence(Inventory(), miner, "");
  std::size_t bytes = 0;
  for (const EvidenceLine& line : list.lines) bytes += line.quote.size() + line.at.file.size();
  EXPECT_LE(bytes, limit::evidence_bytes);
  EXPECT_LE(list.lines.size(), limit::evidence_lines);
  std::uint64_t left = 0;
  for (const LeftOut& each : list.left_out) left += each.lines;
  EXPECT_EQ(left + list.lines.size(), 40u * 400u);
}

TEST(MakeEvidence, OfVeryManyFindingsTheHeaviestAreCompared) {
  std::string yaml;
  for (int i = 0; i < 1500; ++i)
    yaml += event_about("Pod", fmt::format("batch-{}", i), "Preempted", "Preempted by a pod on node w-1");
  yaml += object_head("v1", "Pod", "web-0") +
          "spec: {containers: [{name: main, image: 'x/y:1'}]}\nstatus: {phase: Pending, containerStatuses: "
          "[{name: main, "
          "ready: false, restartCount: 0, state: {waiting: {reason: ErrImagePull, message: 'x/y:1: not "
          "found'}}}]}\n";
  Inventory inventory;
  add_yaml(&inventory, "events.yaml", yaml);
  const EvidenceList list = make_evidence(inventory, LogMiner("Why?"), "What is wrong?");
  ASSERT_EQ(list.findings.size(), limit::findings);
  EXPECT_NE(list.findings[0].cause.find("web-0"), std::string::npos) << list.findings[0].cause;
  std::uint64_t left = 0;
  for (const LeftOut& each : list.left_out) {
    if (each.reason == "findings beyond the limit") left += each.lines;
  }
  EXPECT_GE(left + limit::findings, 1501u);
}

TEST(MakeEvidence, NothingCanBeToldFromNothing) {
  LogMiner miner("Why?");
  const EvidenceList list = make_evidence(Inventory(), miner, "Why?");
  EXPECT_TRUE(list.lines.empty());
  EXPECT_TRUE(list.findings.empty());
}

}  // namespace
}  // namespace carrel
