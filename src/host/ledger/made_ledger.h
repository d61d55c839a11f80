// A ledger with something in it, in a folder of the test's own.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>

#include <gtest/gtest.h>
#include <sqlite3.h>

#include "host/ledger/ledger.h"

namespace carrel {

class MadeLedger : public testing::Test {
 protected:
  MadeLedger() {
    std::string pattern = testing::TempDir() + "/ledgerXXXXXX";
    data_ = ::mkdtemp(pattern.data());
    std::filesystem::create_directories(data_);
  }
  ~MadeLedger() override { std::filesystem::remove_all(data_); }

  Ledger open(const std::string& tenant = "acme", const KeySource& key = {}) {
    auto ledger = Ledger::open(data_, tenant, key);
    EXPECT_TRUE(ledger) << ledger.error().what;
    return std::move(*ledger);
  }

  // A tenant's key whose bytes are all the same.
  static KeySource key_from(unsigned char byte) {
    return [byte](KeyUse, const Salt&) -> Result<std::optional<SecretKey>> {
      SecretKey key;
      std::fill(key.data(), key.data() + SecretKey::size(), byte);
      return std::optional(std::move(key));
    };
  }

  static RunRow row(const std::string& id) {
    RunRow row;
    row.id = id;
    row.playbook = "k8s-triage@1";
    row.input = "a'; DROP TABLE run; --";
    row.question = "why is the shop down";
    row.settings = R"({"tries":{"value":"2","source":"default"}})";
    row.engine = "none";
    return row;
  }

  static RunDetail detail() {
    RunDetail detail;
    detail.tries = {{"plain", "complete", 120, true, true}};
    detail.notes = {{"read", 0.25, "taken for a support bundle"}};
    ClaimRow cause;
    cause.text = "The StorageClass fast-ssd does not exist";
    cause.basis = "the detector claim-class-missing";
    cause.citations = {
        {"E001", {"pvcs/platform.json", 28, 28, "/items/0"}, "storageClassName: fast-ssd", "named"}};
    ClaimRow command;
    command.kind = ClaimRow::Kind::command;
    command.text = "kubectl get storageclass";
    detail.claims = {cause, command};
    detail.checks = {{"citations", Check::Verdict::pass, "1 of 1 quotes found"}};
    detail.denials = {{"read", "socket", 2}};
    return detail;
  }

  // A finished run with a report object and details.
  RunRow finished(Ledger& ledger, const std::string& id, const std::string& report = "the report") {
    RunRow run = row(id);
    EXPECT_TRUE(ledger.begin(run));
    auto sha = ledger.put(report + " of " + id);
    EXPECT_TRUE(sha);
    run.state = RunState::finished;
    run.verdict = "fault";
    run.level = "high";
    run.score = 0.96;
    run.passed = true;
    run.objects = {{"report", *sha}};
    const Status done = ledger.finish(run, detail());
    EXPECT_TRUE(done) << (done ? "" : done.error().what);
    auto rows = ledger.find_all(id, 1);
    EXPECT_EQ(rows->size(), 1u);
    return rows->front();
  }

  // Runs SQL on a tenant's database as somebody from outside would.
  void tamper(const std::string& sql, const std::string& data, const std::string& tenant = "acme") {
    sqlite3* database = nullptr;
    ASSERT_EQ(sqlite3_open((data + "/tenants/" + tenant + "/ledger.db").c_str(), &database), SQLITE_OK);
    char* message = nullptr;
    EXPECT_EQ(sqlite3_exec(database, sql.c_str(), nullptr, nullptr, &message), SQLITE_OK)
        << sql << ": " << (message != nullptr ? message : "");
    sqlite3_free(message);
    sqlite3_close(database);
  }

  LedgerAudit audit(const std::string& data, const std::string& tenant = "acme") {
    auto ledger = Ledger::open_existing(data, tenant);
    EXPECT_TRUE(ledger) << ledger.error().what;
    auto audit = ledger->verify();
    EXPECT_TRUE(audit) << audit.error().what;
    return std::move(*audit);
  }

  // What is broken, a line each.
  static std::string broken(const LedgerAudit& audit) {
    std::string all;
    for (const LedgerTrouble& trouble : audit.troubles) {
      if (trouble.broken) all += std::to_string(trouble.entry) + " " + trouble.what + "\n";
    }
    return all;
  }

  std::string data_;
};

}  // namespace carrel
