// A ledger with a key: nothing private on the disk, and nothing to be had without the key but what is no
// secret.
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "base/fd.h"
#include "host/ledger/made_ledger.h"

namespace carrel {
namespace {

using SealedTest = MadeLedger;

TEST_F(SealedTest, NothingPrivateStandsOnTheDisk) {
  RunRow run;
  {
    Ledger ledger = open("acme", key_from(7));
    EXPECT_TRUE(ledger.sealed());
    run = finished(ledger, "20260101-000000-000001", "an object of bytes");
    ReviewRow review;
    review.reviewer = "jo";
    review.reason = "agreed upon";
    ASSERT_TRUE(ledger.add_review(run, &review));
    EXPECT_EQ(*ledger.get(run.objects[0].second), "an object of bytes of 20260101-000000-000001");
    EXPECT_EQ(run.question, "why is the shop down");
    EXPECT_EQ(ledger.detail(run)->claims[0].citations[0].quote, "storageClassName: fast-ssd");
    EXPECT_EQ(ledger.search("fast-ssd agreed", 5)->size(), 1u);
    EXPECT_TRUE(ledger.search("slow-ssd", 5)->empty());
    EXPECT_EQ(ledger.citing("pvcs/platform.json", 28, 5)->size(), 1u);
  }
  for (const auto& entry : std::filesystem::recursive_directory_iterator(data_)) {
    if (!entry.is_regular_file()) continue;
    auto bytes = read_file(entry.path(), 64 << 20);
    ASSERT_TRUE(bytes);
    for (const char* word : {"DROP TABLE", "shop down", "fast-ssd", "platform.json", "an object of", "agreed",
                             "\"tries\"", "carrel-signing-key", "quotes found", "support bundle"}) {
      EXPECT_EQ(bytes->find(word), std::string::npos) << word << " in " << entry.path();
    }
  }
}

TEST_F(SealedTest, WithoutTheKeyItTellsWhatIsNoSecret) {
  {
    Ledger ledger = open("acme", key_from(7));
    finished(ledger, "20260101-000000-000001");
  }
  auto ledger = Ledger::open_existing(data_, "acme");
  ASSERT_TRUE(ledger);
  EXPECT_TRUE(ledger->locked());
  auto rows = ledger->runs(5);
  ASSERT_TRUE(rows);
  ASSERT_EQ(rows->size(), 1u);
  EXPECT_EQ(rows->at(0).question, "(sealed)");
  EXPECT_EQ(rows->at(0).verdict, "fault");
  EXPECT_FALSE(ledger->get(rows->at(0).objects[0].second));
  EXPECT_FALSE(ledger->search("shop", 5));
  EXPECT_FALSE(ledger->citing("platform.json", 28, 5));
  EXPECT_FALSE(ledger->put("bytes"));
  EXPECT_FALSE(ledger->begin(row("20260101-000000-000002")));
  EXPECT_FALSE(ledger->purge({}));
  EXPECT_EQ(broken(audit(data_)), "");  // that needs no key
  EXPECT_FALSE(Ledger::open(data_, "acme"));
  auto wrong = Ledger::open(data_, "acme", key_from(8));
  ASSERT_FALSE(wrong);
  EXPECT_NE(wrong.error().what.find("not the key"), std::string::npos);
  EXPECT_TRUE(ledger->unlock(key_from(7)));
  EXPECT_EQ(ledger->runs(5)->at(0).question, "why is the shop down");
}

TEST_F(SealedTest, AKilledRunOfASealedLedgerReadsAsInterruptedWithoutTheKeyToo) {
  Ledger ledger = open("acme", key_from(7));
  ASSERT_TRUE(ledger.begin(row("20260101-000000-000001")));
  std::filesystem::remove(data_ + "/tenants/acme/running/20260101-000000-000001");
  auto locked = Ledger::open_existing(data_, "acme");
  EXPECT_EQ(locked->runs(5)->at(0).state, RunState::interrupted);
  EXPECT_EQ(ledger.runs(5)->at(0).state, RunState::interrupted);
  EXPECT_EQ(broken(audit(data_)), "");
}

TEST_F(SealedTest, ALedgerWithoutAKeyStaysWithoutOne) {
  { Ledger ledger = open(); }
  Ledger again = open("acme", key_from(7));
  EXPECT_FALSE(again.sealed());
}

TEST_F(SealedTest, WhatWasPurgedIsGoneOfASealedLedgerToo) {
  Ledger ledger = open("acme", key_from(7));
  finished(ledger, "20260101-000000-000001");
  auto purged = ledger.purge({});
  ASSERT_TRUE(purged) << purged.error().what;
  EXPECT_EQ(purged->objects, 1u);
  EXPECT_TRUE(audit(data_).troubles.empty());
}

}  // namespace
}  // namespace carrel
