// What a purge takes, what it leaves, and that nothing of what it took stays on the disk.
#include <algorithm>
#include <filesystem>

#include <gtest/gtest.h>

#include "base/fd.h"
#include "host/ledger/home_index.h"
#include "host/ledger/made_ledger.h"

namespace carrel {
namespace {

class PurgeTest : public MadeLedger {
 protected:
  // A run that is found by "xylophone".
  void finish_with_words(Ledger& ledger) {
    RunRow run = row("20260101-000000-000001");
    run.question = "xylophone of the first tenant";
    ASSERT_TRUE(ledger.begin(run));
    run.state = RunState::finished;
    ASSERT_TRUE(ledger.finish(run));
  }
  // How many files below the home hold these bytes.
  int holding(const std::string& bytes) {
    int count = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(data_)) {
      if (!entry.is_regular_file()) continue;
      auto held = read_file(entry.path(), 64 << 20);
      EXPECT_TRUE(held);
      if (held->find(bytes) != std::string::npos) ++count;
    }
    return count;
  }
};

// Of a run whose process died: its words are found, and go with it.
TEST_F(PurgeTest, AnInterruptedRunGoesToo) {
  {
    Ledger dying = open();
    RunRow run = row("20260101-000000-000001");
    run.question = "xylophone of the first tenant";
    ASSERT_TRUE(dying.begin(run));
  }
  Ledger ledger = open();
  finished(ledger, "20260101-000000-000002");
  ASSERT_EQ(ledger.runs(10)->size(), 2u);
  ASSERT_EQ(ledger.search("xylophone", 5)->size(), 1u);
  PurgeWish all;
  all.reason = "--all";
  const auto purged = ledger.purge(all);
  ASSERT_TRUE(purged) << purged.error().what;
  EXPECT_EQ(purged->subjects.size(), 2u);
  EXPECT_TRUE(ledger.search("xylophone", 5)->empty());
  EXPECT_TRUE(ledger.verify()->sound());
}

// SQLite takes an index of more than 2,000 levels for damaged, and each merge of all of it makes one.
TEST_F(PurgeTest, ThousandsOfPurgesLeaveAnIndexThatIsRead) {
  {
    Ledger ledger = open();
    finish_with_words(ledger);
    finished(ledger, "20260101-000000-000002");
  }
  std::string merges = "BEGIN;";
  for (int i = 0; i < 2200; ++i)
    merges += "INSERT INTO words (rowid, text) VALUES (" + std::to_string(1000 + i) +
              ", 'word');INSERT INTO words (words) VALUES ('optimize');";
  tamper(merges + "COMMIT;", data_);
  for (int i = 3; i < 253; ++i) {
    Ledger ledger = open();
    const std::string id = "20260101-000000-000" + std::to_string(100 + i);
    finished(ledger, id);
    PurgeWish wish;
    wish.subject = id;
    const auto purged = ledger.purge(wish);
    ASSERT_TRUE(purged) << i << ": " << purged.error().what;
  }
  Ledger ledger = open();
  EXPECT_EQ(ledger.search("xylophone", 5)->size(), 1u);
  EXPECT_TRUE(ledger.verify()->sound());
}

// As ledgers were made before: the words of an interrupted run are not in the index.
TEST_F(PurgeTest, ARunWhoseWordsWereNeverIndexedGoesToo) {
  Ledger ledger = open();
  finish_with_words(ledger);
  tamper("INSERT INTO words (words) VALUES ('delete-all')", data_);
  PurgeWish all;
  all.reason = "--all";
  const auto purged = ledger.purge(all);
  EXPECT_TRUE(purged) << purged.error().what;
}

TEST_F(PurgeTest, ARunGoesWithAllThatIsItsOwn) {
  {
    Ledger ledger = open();
    RunRow run = row("20260101-000000-000001");
    run.question = "xylophone of the first tenant";
    ASSERT_TRUE(ledger.begin(run));
    run.state = RunState::finished;
    run.objects = {{"report", *ledger.put("a quagmire of bytes")}};
    RunDetail held = detail();
    held.claims[0].citations[0].quote = "zeppelin in the evidence";
    ASSERT_TRUE(ledger.finish(run, held));
    const RunRow other = finished(ledger, "20260101-000000-000002");
    ReviewRow review;
    review.reviewer = "jo";
    review.reason = "yodelling";
    ASSERT_TRUE(ledger.add_review(ledger.find_all(run.id, 1)->front(), &review));

    PurgeWish wish;
    wish.subject = run.id;
    wish.reason = "--run";
    auto purged = ledger.purge(wish);
    ASSERT_TRUE(purged) << purged.error().what;
    EXPECT_EQ(purged->subjects, std::vector<std::string>{run.id});
    EXPECT_EQ(purged->objects, 1u);
    EXPECT_EQ(purged->bytes, 19u);
    EXPECT_EQ(ledger.runs(10)->size(), 1u);
    EXPECT_TRUE(ledger.search("xylophone", 5)->empty());
    EXPECT_EQ(ledger.search("fast-ssd", 5)->size(), 1u);
    EXPECT_TRUE(ledger.get(other.objects[0].second));
    EXPECT_FALSE(ledger.purge(wish));  // it is gone
  }
  for (const char* word : {"xylophone", "quagmire", "zeppelin", "yodelling"})
    EXPECT_EQ(holding(word), 0) << word;
  const LedgerAudit found = audit(data_);
  EXPECT_TRUE(found.troubles.empty()) << broken(found);
  EXPECT_EQ(found.purged, 1u);
  EXPECT_EQ(found.runs, 1u);
}

TEST_F(PurgeTest, WhatWasPurgedCannotComeBackUnseen) {
  {
    Ledger ledger = open();
    finished(ledger, "20260101-000000-000001");
  }
  std::filesystem::copy(data_ + "/tenants/acme/ledger.db", data_ + "/before.db");
  {
    Ledger ledger = open();
    PurgeWish wish;
    ASSERT_TRUE(ledger.purge(wish));
  }
  EXPECT_TRUE(audit(data_).sound());
  tamper("ATTACH '" + data_ + "/before.db' AS before; INSERT INTO run SELECT * FROM before.run", data_);
  EXPECT_NE(broken(audit(data_)).find("was purged and is here again"), std::string::npos);
}

TEST_F(PurgeTest, ByAgeAndWhole) {
  Ledger ledger = open();
  finished(ledger, "20260101-000000-000001");
  PurgeWish old;
  old.before = "2020-01-01T00:00:00.000Z";
  EXPECT_TRUE(ledger.purge(old)->subjects.empty());
  old.before = "2999-01-01T00:00:00.000Z";
  EXPECT_EQ(ledger.purge(old)->subjects.size(), 1u);
  finished(ledger, "20260101-000000-000002");
  finished(ledger, "20260101-000000-000003");
  EvaluationRow evaluation;
  evaluation.id = "eval-1";
  evaluation.sha256 = *ledger.put("the evaluation");
  ASSERT_TRUE(ledger.add_evaluation(evaluation));
  EXPECT_EQ(ledger.purge({})->subjects.size(), 3u);
  EXPECT_TRUE(ledger.runs(5)->empty());
  EXPECT_TRUE(ledger.evaluations(5)->empty());
  const LedgerAudit found = audit(data_);
  EXPECT_TRUE(found.troubles.empty()) << broken(found);
  EXPECT_EQ(found.objects, 0u);
}

TEST_F(PurgeTest, ARunThatGoesOnKeepsItsTenant) {
  Ledger theirs = open();
  ASSERT_TRUE(theirs.begin(row("20260101-000000-000001")));
  Ledger mine = open();
  auto purged = mine.purge({});
  ASSERT_FALSE(purged);
  EXPECT_EQ(purged.error().code, Code::usage);
  RunRow run = row("20260101-000000-000001");
  run.state = RunState::failed;
  ASSERT_TRUE(theirs.finish(run));
}

TEST_F(PurgeTest, AnObjectOfTwoRunsStaysUntilTheSecondGoes) {
  Ledger ledger = open();
  for (const char* id : {"20260101-000000-000001", "20260101-000000-000002"}) {
    RunRow run = row(id);
    ASSERT_TRUE(ledger.begin(run));
    run.state = RunState::finished;
    run.objects = {{"report", *ledger.put("the same")}};
    ASSERT_TRUE(ledger.finish(run));
  }
  PurgeWish first;
  first.subject = "20260101-000000-000001";
  EXPECT_EQ(ledger.purge(first)->objects, 0u);
  EXPECT_TRUE(audit(data_).sound());
  PurgeWish second;
  second.subject = "20260101-000000-000002";
  EXPECT_EQ(ledger.purge(second)->objects, 1u);
}

TEST_F(PurgeTest, AThrowAwayTenantGoesWithItsLastRun) {
  const std::string name = std::string(throw_away_tenants) + "20260101-000000-00000a";
  Ledger ledger = open(name);
  Ledger kept = open("acme");
  finished(ledger, "20260101-000000-000001");
  finished(ledger, "20260101-000000-000002");
  finished(kept, "20260101-000000-000003");
  PurgeWish one;
  one.subject = "20260101-000000-000001";
  EXPECT_EQ(ledger.to_purge(one)->size(), 1u);
  EXPECT_FALSE(ledger.purge(one)->tenant_removed);
  EXPECT_EQ(ledger.to_purge({})->size(), 1u);
  EXPECT_TRUE(ledger.purge({})->tenant_removed);
  EXPECT_FALSE(kept.purge({})->tenant_removed);
  EXPECT_EQ(*Ledger::tenants(data_), std::vector<std::string>{"acme"});
  EXPECT_FALSE(std::filesystem::exists(data_ + "/tenants/" + name));
  EXPECT_EQ(indexed_chains(data_)->size(), 1u);
  EXPECT_TRUE(kept.verify()->sound());
}

}  // namespace
}  // namespace carrel
