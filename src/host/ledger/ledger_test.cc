#include "host/ledger/ledger.h"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {
std::vector<std::string> synced_paths;
}

// Stands before the C library's in this program: notes what is synced, and syncs it.
extern "C" int fsync(int descriptor) {
  std::error_code error;
  synced_paths.push_back(std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(descriptor), error));
  return static_cast<int>(::syscall(SYS_fsync, descriptor));
}

namespace carrel {
namespace {

class LedgerTest : public testing::Test {
 protected:
  LedgerTest() {
    std::string pattern = testing::TempDir() + "/ledgerXXXXXX";
    data_ = ::mkdtemp(pattern.data());
  }
  ~LedgerTest() override { std::filesystem::remove_all(data_); }

  Ledger open(const std::string& tenant = "acme") {
    auto ledger = Ledger::open(data_, tenant);
    EXPECT_TRUE(ledger) << ledger.error().what;
    return std::move(*ledger);
  }
  static RunRow row(const std::string& id) {
    RunRow row;
    row.id = id;
    row.playbook = "k8s-triage@1";
    row.input = "a'; DROP TABLE run; --";
    row.settings = "{}";
    row.engine = "none";
    return row;
  }

  std::string data_;
};

TEST_F(LedgerTest, KeepsAFinishedRunWithItsObjects) {
  {
    Ledger ledger = open();
    RunRow run = row("20260101-000000-000001");
    ASSERT_TRUE(ledger.begin(run));
    auto sha = ledger.put("the report");
    ASSERT_TRUE(sha);
    run.state = RunState::finished;
    run.verdict = "fault";
    run.passed = true;
    run.objects = {{"report", *sha}};
    ASSERT_TRUE(ledger.finish(run));
  }
  Ledger ledger = open();
  auto all = ledger.find_all("20260101", 2);
  ASSERT_TRUE(all) << all.error().what;
  ASSERT_EQ(all->size(), 1u);
  const RunRow* found = all->data();
  EXPECT_EQ(found->state, RunState::finished);
  EXPECT_EQ(found->input, "a'; DROP TABLE run; --");
  EXPECT_TRUE(found->passed);
  ASSERT_EQ(found->objects.size(), 1u);
  auto bytes = ledger.get(found->objects[0].second);
  ASSERT_TRUE(bytes);
  EXPECT_EQ(*bytes, "the report");
}

TEST_F(LedgerTest, AKilledRunReadsAsInterrupted) {
  const pid_t child = ::fork();
  if (child == 0) {
    auto ledger = Ledger::open(data_, "acme");
    if (!ledger || !ledger->begin(row("20260101-000000-00000a"))) ::_exit(1);
    ::raise(SIGKILL);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  ASSERT_TRUE(WIFSIGNALED(status));
  Ledger ledger = open();
  auto runs = ledger.runs(10);
  ASSERT_TRUE(runs);
  ASSERT_EQ(runs->size(), 1u);
  EXPECT_EQ(runs->at(0).state, RunState::interrupted);
  EXPECT_TRUE(runs->at(0).objects.empty());
}

TEST_F(LedgerTest, ALiveRunOfAnotherProcessStaysRunning) {
  Ledger mine = open();
  ASSERT_TRUE(mine.begin(row("20260101-000000-00000b")));
  const pid_t child = ::fork();
  if (child == 0) {
    auto theirs = Ledger::open(data_, "acme");
    auto runs = theirs ? theirs->runs(10) : theirs.error();
    ::_exit(runs && runs->size() == 1 && runs->at(0).state == RunState::running ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

TEST_F(LedgerTest, TenantsShareNothing) {
  Ledger a = open("a");
  Ledger b = open("b");
  ASSERT_TRUE(a.begin(row("20260101-000000-00000c")));
  auto sha = a.put("secret of a");
  ASSERT_TRUE(sha);
  EXPECT_FALSE(b.get(*sha));
  EXPECT_TRUE(b.runs(10)->empty());
  EXPECT_EQ(Ledger::tenants(data_), (std::vector<std::string>{"a", "b"}));
}

TEST_F(LedgerTest, AChangedObjectIsRefused) {
  Ledger ledger = open();
  auto sha = ledger.put("as it was");
  ASSERT_TRUE(sha);
  const std::string path = data_ + "/tenants/acme/objects/" + sha->substr(0, 2) + "/" + sha->substr(2);
  std::ofstream(path, std::ios::app) << "!";
  auto bytes = ledger.get(*sha);
  ASSERT_FALSE(bytes);
  EXPECT_EQ(bytes.error().code, Code::machine);
}

TEST_F(LedgerTest, ANewerSchemaIsRefused) {
  { Ledger ledger = open(); }
  sqlite3* database = nullptr;
  ASSERT_EQ(sqlite3_open((data_ + "/tenants/acme/ledger.db").c_str(), &database), SQLITE_OK);
  sqlite3_exec(database, "PRAGMA user_version = 99", nullptr, nullptr, nullptr);
  sqlite3_close(database);
  auto ledger = Ledger::open(data_, "acme");
  ASSERT_FALSE(ledger);
  EXPECT_NE(ledger.error().what.find("99"), std::string::npos);
}

TEST_F(LedgerTest, NamesOfTenants) {
  EXPECT_TRUE(is_tenant_name("acme-1.eu"));
  for (const char* bad : {"", "../x", "Acme", ".hidden", "a/b", "-x"})
    EXPECT_FALSE(is_tenant_name(bad)) << bad;
}

TEST_F(LedgerTest, AShortIdGivesEveryMatchAndAWholeOneItsRun) {
  Ledger ledger = open();
  for (const char* id : {"20260101-000000-0000d1", "20260101-000000-0000d2", "20260101-000000-0000d2b"})
    ASSERT_TRUE(ledger.begin(row(id)));
  EXPECT_EQ(ledger.find_all("20260101", 10)->size(), 3u);
  EXPECT_EQ(ledger.find_all("20260101", 2)->size(), 2u);
  auto exact = ledger.find_all("20260101-000000-0000d2", 10);
  ASSERT_EQ(exact->size(), 1u);
  EXPECT_EQ(exact->front().id, "20260101-000000-0000d2");
  EXPECT_TRUE(ledger.find_all("2027", 10)->empty());
}

TEST_F(LedgerTest, LookingMakesNoTenant) {
  auto ledger = Ledger::open_existing(data_, "typo");
  ASSERT_FALSE(ledger);
  EXPECT_EQ(ledger.error().code, Code::usage);
  EXPECT_NE(ledger.error().what.find("no tenant typo"), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(data_ + "/tenants"));
  { Ledger made = open(); }
  EXPECT_TRUE(Ledger::open_existing(data_, "acme"));
}

TEST_F(LedgerTest, AnObjectsNewFolderIsSyncedToo) {
  Ledger ledger = open();
  synced_paths.clear();
  ASSERT_TRUE(ledger.put("bytes"));
  const std::string objects = std::filesystem::canonical(data_ + "/tenants/acme/objects");
  EXPECT_EQ(std::count(synced_paths.begin(), synced_paths.end(), objects), 1);
}

}  // namespace
}  // namespace carrel
