// What somebody could do to a ledger from outside, and what verify() says to it.
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "host/ledger/home_index.h"
#include "host/ledger/made_ledger.h"

namespace carrel {
namespace {

using testing::HasSubstr;

class VerifyTest : public MadeLedger {
 protected:
  // Two finished runs, one that failed, a review, an exception and an evaluation: 11 entries.
  void fill() {
    Ledger ledger = open();
    const RunRow run = finished(ledger, "20260101-000000-000001");
    finished(ledger, "20260101-000000-000002");
    RunRow failed = row("20260101-000000-000003");
    ASSERT_TRUE(ledger.begin(failed));
    failed.state = RunState::failed;
    failed.error = "cut short";
    ASSERT_TRUE(ledger.finish(failed));
    ReviewRow review;
    review.reviewer = "jo";
    ASSERT_TRUE(ledger.add_review(run, &review));
    ExceptionRow exception;
    exception.consented_by = "jo";
    ASSERT_TRUE(ledger.add_exception(run, &exception));
    EvaluationRow evaluation;
    evaluation.id = "eval-1";
    evaluation.sha256 = *ledger.put("the evaluation");
    ASSERT_TRUE(ledger.add_evaluation(evaluation));
  }
  // A copy of the whole home, to be harmed.
  std::string copy() {
    const std::string path = data_ + "-copy";
    std::filesystem::remove_all(path);
    std::filesystem::copy(data_, path, std::filesystem::copy_options::recursive);
    return path;
  }
  ~VerifyTest() override { std::filesystem::remove_all(data_ + "-copy"); }
};

TEST_F(VerifyTest, ALedgerAsItWasWrittenIsSound) {
  fill();
  const LedgerAudit found = audit(data_);
  EXPECT_TRUE(found.troubles.empty()) << broken(found);
  EXPECT_EQ(found.entries, 10u);
  EXPECT_EQ(found.runs, 3u);
  EXPECT_EQ(found.objects, 3u);
  EXPECT_EQ(Ledger::open_existing(data_, "acme")->evaluations(5)->size(), 1u);
}

TEST_F(VerifyTest, EveryColumnOfEveryRowIsHeld) {
  fill();
  const struct {
    const char* sql;
    const char* part;
  } harms[] = {
      {"UPDATE run SET question = 'x' WHERE number = 1", "run 20260101-000000-000001, which was changed"},
      {"UPDATE run SET passed = 0 WHERE number = 2", "end 20260101-000000-000002, which was changed"},
      {"UPDATE run SET score = 0.97 WHERE number = 2", "which was changed"},
      {"UPDATE run SET error = '' WHERE number = 3", "end 20260101-000000-000003, which was changed"},
      {"UPDATE run SET state = 'running' WHERE number = 3", "its state was changed"},
      {"UPDATE claim SET text = 'all is well' WHERE run = 1 AND position = 0", "which was changed"},
      {"UPDATE citation SET line = 29 WHERE run = 2", "which was changed"},
      {"UPDATE verdict SET verdict = 'fail' WHERE run = 2", "which was changed"},
      {"UPDATE note SET seconds = 0.5 WHERE run = 2", "which was changed"},
      {"UPDATE try SET chosen = 0", "which was changed"},
      {"DELETE FROM denial WHERE run = 2", "which was changed"},
      {"INSERT INTO denial VALUES (3, 0, 'read', 'socket', 1)", "which was changed"},
      {"UPDATE run_object SET role = 'tries' WHERE run = 1", "which was changed"},
      {"UPDATE review SET decision = 'reject'", "review 20260101-000000-000001/r1, which was changed"},
      {"UPDATE review SET reviewer = 'sam'", "which was changed"},
      {"DELETE FROM review", "which was taken away"},
      {"INSERT INTO review SELECT id || '0', run, 2, at, reviewer, decision, claim, reason, text FROM review",
       "is in no entry"},
      {"UPDATE exception SET provider = 'nobody'", "which was changed"},
      {"DELETE FROM exception", "which was taken away"},
      {"UPDATE evaluation SET summary = '{}'", "which was changed"},
      {"PRAGMA foreign_keys = ON; DELETE FROM run WHERE number = 2", "which was taken away"},
      {"INSERT INTO run SELECT 9, id || '9', 'failed', started_at, finished_at, playbook, playbook_sha256, "
       "input, "
       "input_sha256, input_bytes, question, engine, model, model_sha256, image_sha256, settings, verdict, "
       "level, "
       "score, passed, error, exit_status FROM run WHERE number = 3",
       "is in no entry"},
      {"INSERT INTO purge VALUES ('20260101-000000-000002', '', '', 0, 0)", "is in no entry"},
      {"DELETE FROM entry WHERE seq = 4", "4 is missing"},
      {"DELETE FROM entry WHERE seq IN (4, 5)", "4 and all up to 5 are missing"},
      {"DELETE FROM entry WHERE seq >= 9", "the newest were taken away"},
      {"UPDATE entry SET at = '2020-01-01T00:00:00.000Z' WHERE seq = 5", "5 does not follow"},
      {"UPDATE entry SET signature = zeroblob(64) WHERE seq = 6", "6 is not signed"},
      {"UPDATE entry SET seq = -1 WHERE seq = 3; UPDATE entry SET seq = 3 WHERE seq = 4; "
       "UPDATE entry SET seq = 4 WHERE seq = -1",
       "3 does not follow"},
      {"UPDATE meta SET value = (SELECT replace(value, substr(value, 30, 1), 'A') FROM meta WHERE name = "
       "'signing_key') WHERE name = 'nothing'; UPDATE entry SET kind = 'other' WHERE seq = 7",
       "unknown kind"},
  };
  for (const auto& harm : harms) {
    const std::string harmed = copy();
    tamper(harm.sql, harmed);
    const LedgerAudit found = audit(harmed);
    EXPECT_FALSE(found.sound()) << harm.sql;
    EXPECT_THAT(broken(found), HasSubstr(harm.part)) << harm.sql;
  }
}

TEST_F(VerifyTest, AnOlderCopyOfTheWholeDatabaseIsSeen) {
  fill();
  const std::string older = copy();
  {
    Ledger ledger = open();
    finished(ledger, "20260101-000000-000004");
  }
  std::filesystem::copy(older + "/tenants/acme/ledger.db", data_ + "/tenants/acme/ledger.db",
                        std::filesystem::copy_options::overwrite_existing);
  EXPECT_THAT(broken(audit(data_)), HasSubstr("knows 12 entries and the ledger has 10"));
}

TEST_F(VerifyTest, AnotherLedgerInItsPlaceIsSeen) {
  fill();
  {
    Ledger other = open("other");
    finished(other, "20260101-000000-000009");
  }
  const std::string harmed = copy();
  // The rows of another chain under this one's key.
  tamper("ATTACH '" + harmed +
             "/tenants/other/ledger.db' AS other; DELETE FROM entry; "
             "INSERT INTO entry SELECT * FROM other.entry",
         harmed);
  EXPECT_THAT(broken(audit(harmed)), HasSubstr("is of another ledger"));
}

TEST_F(VerifyTest, ObjectsAreReadAgain) {
  fill();
  Ledger ledger = open();
  const std::string sha = ledger.runs(3)->back().objects.at(0).second;
  const std::string harmed = copy();
  const std::string path = harmed + "/tenants/acme/objects/" + sha.substr(0, 2) + "/" + sha.substr(2);
  std::ofstream(path, std::ios::app) << "!";
  EXPECT_THAT(broken(audit(harmed)), HasSubstr("was changed"));
  std::filesystem::remove(path);
  EXPECT_THAT(broken(audit(harmed)), HasSubstr("No such file"));
}

TEST_F(VerifyTest, ADamagedPageIsTold) {
  fill();
  const std::string path = data_ + "/tenants/acme/ledger.db";
  const auto size = std::filesystem::file_size(path);
  unsigned told = 0;
  // Every page but the first, without which nothing opens, is overwritten in turn.
  for (std::uintmax_t page = 1; page < size / 4096; ++page) {
    const std::string harmed = copy();
    {
      std::fstream file(harmed + "/tenants/acme/ledger.db", std::ios::in | std::ios::out | std::ios::binary);
      file.seekp(static_cast<std::streamoff>(page * 4096));
      file << std::string(4096, '\x5a');
    }
    auto ledger = Ledger::open_existing(harmed, "acme");
    if (!ledger) {
      EXPECT_EQ(ledger.error().code, Code::machine);
      EXPECT_THAT(ledger.error().remedy + ledger.error().what, HasSubstr("backup")) << ledger.error().what;
      ++told;
      continue;
    }
    auto found = ledger->verify();
    ASSERT_TRUE(found) << found.error().what;
    EXPECT_FALSE(found->sound()) << "page " << page + 1;
    ++told;
  }
  EXPECT_GT(told, 10u);
}

TEST_F(VerifyTest, AClockThatWasSetBackIsANote) {
  Ledger ledger = open();
  finished(ledger, "20260101-000000-000001");
  // As a clock that was ahead would have dated it, chained and signed as it should be.
  tamper("UPDATE entry SET at = '2999' || substr(at, 5) WHERE seq = 3", data_);
  LedgerAudit found = audit(data_);
  EXPECT_THAT(broken(found), HasSubstr("3 does not follow"));
  finished(ledger, "20260101-000000-000002");
  found = audit(data_);
  bool noted = false;
  for (const LedgerTrouble& trouble : found.troubles)
    noted = noted || (!trouble.broken && trouble.what.find("the clock was set back") != std::string::npos);
  EXPECT_TRUE(noted);
}

TEST_F(VerifyTest, AnObjectWithoutARunIsANoteAndGoesWithTheNextPurge) {
  Ledger ledger = open();
  finished(ledger, "20260101-000000-000001");
  ASSERT_TRUE(ledger.put("left by a kill"));
  const LedgerAudit found = audit(data_);
  EXPECT_TRUE(found.sound());
  ASSERT_EQ(found.troubles.size(), 1u);
  EXPECT_THAT(found.troubles[0].what, HasSubstr("1 objects belong to no run"));
  PurgeWish wish;
  wish.before = "2000-01-01T00:00:00.000Z";
  auto purged = ledger.purge(wish);
  ASSERT_TRUE(purged) << purged.error().what;
  EXPECT_TRUE(purged->subjects.empty());
  EXPECT_EQ(purged->objects, 1u);
  EXPECT_TRUE(audit(data_).troubles.empty());
}

TEST_F(VerifyTest, AChainThatTheHomeIndexDoesNotKnowIsNotProven) {
  { Ledger ledger = open("new"); }
  EXPECT_EQ(indexed_chains(data_)->size(), 1u);  // from its making on
  fill();
  EXPECT_EQ(indexed_chains(data_)->size(), 2u);
  std::filesystem::remove(data_ + "/home.db");
  EXPECT_TRUE(indexed_chains(data_)->empty());
  EXPECT_THAT(broken(audit(data_)), HasSubstr("the home index (home.db) does not know this chain"));
  EXPECT_TRUE(audit(data_, "new").sound());  // it has no end that could be missing
  {
    Ledger ledger = open();
    finished(ledger, "20260101-000000-000009");
  }
  EXPECT_EQ(broken(audit(data_)), "");
}

}  // namespace
}  // namespace carrel
