// A ledger of an older schema becomes today's, with a copy beside it.
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "digest/sha256.h"
#include "host/ledger/made_ledger.h"

namespace carrel {
namespace {

constexpr const char* schema_1 = R"(
PRAGMA journal_mode = WAL;
CREATE TABLE run (
  id TEXT PRIMARY KEY NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('running', 'finished', 'failed', 'interrupted')),
  started_at TEXT NOT NULL, finished_at TEXT NOT NULL,
  playbook TEXT NOT NULL, playbook_sha256 TEXT NOT NULL,
  input TEXT NOT NULL, input_sha256 TEXT NOT NULL, input_bytes INTEGER NOT NULL,
  question TEXT NOT NULL,
  engine TEXT NOT NULL, model TEXT NOT NULL, model_sha256 TEXT NOT NULL, image_sha256 TEXT NOT NULL,
  settings TEXT NOT NULL,
  verdict TEXT NOT NULL, passed INTEGER NOT NULL, error TEXT NOT NULL, exit_status INTEGER NOT NULL
) STRICT;
CREATE TABLE run_object (
  run TEXT NOT NULL REFERENCES run(id) ON DELETE CASCADE,
  role TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  PRIMARY KEY (run, role)
) STRICT;
PRAGMA user_version = 1;
)";

class MigrateTest : public MadeLedger {
 protected:
  MigrateTest() {
    const std::string folder = data_ + "/tenants/acme";
    std::filesystem::create_directories(folder + "/running");
    Report report;
    report.run = "20250101-000000-000001";
    report.question = "what is wrong";
    report.root_cause = "The disk of node-7 is full";
    report.confidence = {"high", 0.9, "a detector"};
    report.evidence = {{"E001", {"node.log", 3, 3, ""}, "No space left on device", "fatal"}};
    const std::string json = to_json(report);
    const std::string sha = sha256_of(json);
    std::filesystem::create_directories(folder + "/objects/" + sha.substr(0, 2));
    std::ofstream(folder + "/objects/" + sha.substr(0, 2) + "/" + sha.substr(2)) << json;
    tamper(std::string(schema_1) +
               "INSERT INTO run VALUES ('20250101-000000-000001', 'finished', '2025-01-01T00:00:00.000Z', "
               "'2025-01-01T00:00:01.000Z', 'k8s-triage@1', 'p', '/b.tar', 'i', 7, 'what is wrong', 'none', "
               "'', '', "
               "'m', '{}', 'fault', 1, '', 0), ('20250101-000000-000002', 'running', "
               "'2025-01-01T00:00:02.000Z', '', "
               "'k8s-triage@1', 'p', '/c.tar', '', 0, 'q', 'none', '', '', '', '{}', '', 0, '', 0);"
               "INSERT INTO run_object VALUES ('20250101-000000-000001', 'report', '" +
               sha + "');",
           data_);
  }
};

TEST_F(MigrateTest, AllIsKeptChainedAndSearchable) {
  {
    Ledger ledger = open();
    auto rows = ledger.runs(10);
    ASSERT_TRUE(rows) << rows.error().what;
    ASSERT_EQ(rows->size(), 2u);
    EXPECT_EQ(rows->at(0).state, RunState::interrupted);
    const RunRow& run = rows->at(1);
    EXPECT_EQ(run.score, 0.9);
    EXPECT_EQ(run.input_bytes, 7u);
    EXPECT_EQ(ledger.detail(run)->claims.at(0).citations.at(0).quote, "No space left on device");
    EXPECT_TRUE(ledger.object(run, "report"));
    EXPECT_EQ(ledger.search("node-7", 5)->size(), 1u);
    finished(ledger, "20260101-000000-000003");
  }
  EXPECT_TRUE(audit(data_).troubles.empty()) << broken(audit(data_));
  EXPECT_TRUE(std::filesystem::exists(data_ + "/tenants/acme/ledger.db.v1.backup"));
}

TEST_F(MigrateTest, ThePurgeTakesTheBackupToo) {
  Ledger ledger = open();
  PurgeWish wish;
  wish.subject = "20250101-000000-000001";
  auto purged = ledger.purge(wish);
  ASSERT_TRUE(purged) << purged.error().what;
  EXPECT_EQ(purged->backups.size(), 1u);
  EXPECT_FALSE(std::filesystem::exists(data_ + "/tenants/acme/ledger.db.v1.backup"));
}

TEST_F(MigrateTest, WhatCannotBeBroughtForwardStaysAsItIs) {
  const std::string folder = data_ + "/tenants/acme";
  tamper("DROP TABLE run_object", data_);  // a ledger that does not have what it should
  auto ledger = Ledger::open(data_, "acme");
  ASSERT_FALSE(ledger);
  sqlite3* database = nullptr;
  ASSERT_EQ(sqlite3_open((folder + "/ledger.db").c_str(), &database), SQLITE_OK);
  EXPECT_EQ(sqlite3_exec(database, "SELECT input FROM run", nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(database);
  EXPECT_TRUE(std::filesystem::exists(folder + "/ledger.db.v1.backup"));
}

// Schema 2 had all but the table `prefix`: keys, chain and rows stay as they are.
class MigrateFrom2 : public MadeLedger {};

TEST_F(MigrateFrom2, OnlyTheTableOfStatesComes) {
  {
    Ledger ledger = open();
    finished(ledger, "20260101-000000-000001");
  }
  const LedgerAudit before = audit(data_);
  tamper("DROP TABLE prefix; PRAGMA user_version = 2", data_);
  {
    Ledger ledger = open();
    const RunRow run = finished(ledger, "20260101-000000-000002");
    EXPECT_TRUE(*ledger.keep_prefix("key", run.id, "state", 4096));
    EXPECT_EQ(*ledger.take_prefix("key"), "state");
  }
  const LedgerAudit after = audit(data_);
  EXPECT_TRUE(after.troubles.empty()) << broken(after);
  EXPECT_EQ(after.chain, before.chain);
  EXPECT_EQ(after.runs, 2u);
  EXPECT_TRUE(std::filesystem::exists(data_ + "/tenants/acme/ledger.db.v2.backup"));
}

TEST_F(MigrateFrom2, OfASealedLedgerItComesWithoutTheKey) {
  {
    Ledger ledger = open("acme", key_from(7));
    finished(ledger, "20260101-000000-000001");
  }
  tamper("DROP TABLE prefix; PRAGMA user_version = 2", data_);
  auto locked = Ledger::open_existing(data_, "acme");
  ASSERT_TRUE(locked) << locked.error().what;
  EXPECT_TRUE(locked->locked());
  EXPECT_TRUE(locked->prefixes()->empty());
  ASSERT_TRUE(locked->unlock(key_from(7)));
  EXPECT_EQ(locked->runs(2)->at(0).input, "a'; DROP TABLE run; --");
  EXPECT_TRUE(audit(data_).sound()) << broken(audit(data_));
}

}  // namespace
}  // namespace carrel
