#include "host/ledger/ledger.h"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/ledger/made_ledger.h"

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

using LedgerTest = MadeLedger;

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

TEST_F(LedgerTest, OpenedFirstByManyAtOnceIsOpenedByAll) {
  constexpr int kRounds = 30, kOpeners = 6;
  for (int round = 0; round < kRounds; ++round) {
    const std::string tenant = "acme-" + std::to_string(round);
    int start[2];
    ASSERT_EQ(::pipe(start), 0);
    std::vector<pid_t> openers;
    for (int i = 0; i < kOpeners; ++i) {
      openers.push_back(::fork());
      if (openers.back() != 0) continue;
      ::close(start[1]);
      char none = 0;
      (void)!::read(start[0], &none, 1);  // until the last end is closed
      ::_exit(Ledger::open(data_, tenant) ? 0 : 1);
    }
    ::close(start[0]);
    ::close(start[1]);
    for (const pid_t opener : openers) {
      int status = -1;
      ASSERT_EQ(::waitpid(opener, &status, 0), opener);
      EXPECT_EQ(status, 0) << tenant;
    }
  }
}

TEST_F(LedgerTest, KeepsTheDetailsOfARun) {
  Ledger ledger = open();
  const RunRow run = finished(ledger, "20260101-000000-000001");
  EXPECT_EQ(run.score, 0.96);
  auto held = ledger.detail(run);
  ASSERT_TRUE(held) << held.error().what;
  ASSERT_EQ(held->claims.size(), 2u);
  EXPECT_EQ(held->claims[1].kind, ClaimRow::Kind::command);
  ASSERT_EQ(held->claims[0].citations.size(), 1u);
  EXPECT_EQ(held->claims[0].citations[0].at.line, 28u);
  EXPECT_EQ(held->claims[0].citations[0].reason, "named");
  EXPECT_EQ(held->tries.at(0).tokens, 120u);
  EXPECT_EQ(held->notes.at(0).text, "taken for a support bundle");
  EXPECT_EQ(held->checks.at(0).verdict, Check::Verdict::pass);
  EXPECT_EQ(held->denials.at(0).count, 2u);
  auto citing = ledger.citing("platform.json", 28, 10);
  ASSERT_TRUE(citing);
  ASSERT_EQ(citing->size(), 1u);
  EXPECT_EQ(citing->at(0).run, run.id);
  EXPECT_EQ(ledger.citing("pvcs/platform.json", 28, 10)->size(), 1u);
  EXPECT_TRUE(ledger.citing("form.json", 28, 10)->empty());
  EXPECT_TRUE(ledger.citing("pvcs/platform.json", 29, 10)->empty());
}

TEST_F(LedgerTest, ARunEndsOnce) {
  Ledger ledger = open();
  RunRow run = finished(ledger, "20260101-000000-000001");
  run.state = RunState::failed;
  EXPECT_FALSE(ledger.finish(run));
  EXPECT_EQ(ledger.runs(1)->at(0).state, RunState::finished);
  EXPECT_EQ(broken(audit(data_)), "");
}

TEST_F(LedgerTest, FindsRunsByTheirWords) {
  Ledger ledger = open();
  finished(ledger, "20260101-000000-000001");
  RunRow other = row("20260101-000000-000002");
  other.question = "is the café open";
  ASSERT_TRUE(ledger.begin(other));
  other.state = RunState::failed;
  ASSERT_TRUE(ledger.finish(other));
  const auto ids = [&](const std::string& words) {
    std::string all;
    auto found = ledger.search(words, 10);
    EXPECT_TRUE(found) << found.error().what;
    for (const FoundRun& run : *found) all += run.run.id.substr(21);
    return all;
  };
  EXPECT_EQ(ids("fast-ssd"), "1");
  EXPECT_EQ(ids("the"), "21");  // the newest first
  EXPECT_EQ(ids("cafe"), "2");
  EXPECT_EQ(ids("fast-ss*"), "1");
  EXPECT_EQ(ids("fast-ssd OR cafe"), "");  // a person's words are no operators
  EXPECT_EQ(ids("\"NEAR( AND * ^ -"), "");
  EXPECT_FALSE(ledger.search("  ", 10));
  EXPECT_EQ(ledger.search("fast-ssd", 1)->at(0).excerpt, "The StorageClass fast-ssd does not exist");
  EXPECT_EQ(ledger.search("the", 1)->size(), 1u);
}

TEST_F(LedgerTest, KeepsWhatPeopleDecide) {
  Ledger ledger = open();
  const RunRow run = finished(ledger, "20260101-000000-000001");
  const RunRow second = finished(ledger, "20260101-000000-000002");
  EXPECT_EQ(ledger.queue({})->size(), 2u);
  ReviewRow review;
  review.reviewer = "jo";
  review.decision = ReviewRow::Decision::edit;
  review.claim = 0;
  EXPECT_FALSE(ledger.add_review(run, &review));  // no reason
  review.reason = "the class was renamed";
  EXPECT_FALSE(ledger.add_review(run, &review));  // no text
  review.text = "The StorageClass is called premium-ssd now";
  review.claim = 7;
  EXPECT_FALSE(ledger.add_review(run, &review));  // no such claim
  review.claim = 0;
  ASSERT_TRUE(ledger.add_review(run, &review));
  EXPECT_EQ(review.id, run.id + "/r1");
  EXPECT_EQ(ledger.queue({})->size(), 2u);  // one claim is not the report
  ReviewRow whole;
  whole.reviewer = "jo";
  ASSERT_TRUE(ledger.add_review(run, &whole));
  ASSERT_EQ(ledger.queue({})->size(), 1u);
  EXPECT_EQ(ledger.queue({})->at(0).run.id, second.id);
  EXPECT_EQ(ledger.queue({})->at(0).cause, "The StorageClass fast-ssd does not exist");
  QueueFilter all;
  all.decided = true;
  EXPECT_EQ(ledger.queue(all)->at(0).decision, "accept");
  QueueFilter unsure;
  unsure.most_score = 0.5;
  EXPECT_TRUE(ledger.queue(unsure)->empty());
  auto held = ledger.reviews(run);
  ASSERT_EQ(held->size(), 2u);
  EXPECT_EQ(held->at(0).text, review.text);
  // The reply is searched, and the words from before are still there once.
  EXPECT_EQ(ledger.search("premium-ssd renamed", 10)->size(), 1u);
  EXPECT_EQ(ledger.search("fast-ssd", 10)->size(), 2u);
  ReviewRow nobody;
  EXPECT_FALSE(ledger.add_review(run, &nobody));
  EXPECT_EQ(broken(audit(data_)), "");
}

TEST_F(LedgerTest, ListsGoOnAfterTheLastOfAPage) {
  Ledger ledger = open();
  const RunRow first = finished(ledger, "20260101-000000-000001");
  const RunRow second = finished(ledger, "20260101-000000-000002");
  const RunRow third = finished(ledger, "20260101-000000-000003");
  QueueFilter queue;
  queue.after = place_of(first);
  queue.most = 1;
  ASSERT_EQ(ledger.queue(queue)->size(), 1u);
  EXPECT_EQ(ledger.queue(queue)->front().run.id, second.id);
  EXPECT_EQ(*ledger.queue_length(queue), 2u);
  queue.after = place_of(third);
  EXPECT_TRUE(ledger.queue(queue)->empty());
  EXPECT_EQ(*ledger.queue_length(queue), 0u);
  RunFilter filter;
  filter.below = place_of(third);
  ASSERT_EQ(ledger.runs(filter)->size(), 2u);
  EXPECT_EQ(ledger.runs(filter)->front().id, second.id);
  filter.state = RunState::finished;
  EXPECT_EQ(ledger.runs(filter)->size(), 2u);
  filter.state = RunState::running;
  EXPECT_TRUE(ledger.runs(filter)->empty());
}

// Ids of one second are drawn in any order; what was begun later is newer all the same.
TEST_F(LedgerTest, ListsAreInTheOrderOfTheStartsNotOfTheIds) {
  Ledger ledger = open();
  const RunRow first = finished(ledger, "20260101-000000-00000f");
  std::this_thread::sleep_for(std::chrono::milliseconds(2));
  const RunRow second = finished(ledger, "20260101-000000-000001");
  EXPECT_EQ(ledger.runs(10)->front().id, second.id);
  EXPECT_EQ(ledger.runs(RunFilter{})->front().id, second.id);
  EXPECT_EQ(ledger.queue({})->front().run.id, first.id);
  RunFilter older;
  older.below = place_of(second);
  ASSERT_EQ(ledger.runs(older)->size(), 1u);
  EXPECT_EQ(ledger.runs(older)->front().id, first.id);
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

TEST_F(LedgerTest, ARunWhoseLockCannotBeOpenedIsNotTakenForDead) {
  Ledger mine = open();
  ASSERT_TRUE(mine.begin(row("20260101-000000-00000d")));
  Ledger theirs = open();
  ASSERT_TRUE(theirs.runs(10));  // SQLite has its files open
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const Fd next(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  rlimit none = before;
  none.rlim_cur = static_cast<rlim_t>(next.get());  // no further file can be opened
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  const auto refused = theirs.runs(10);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_FALSE(refused);
  ASSERT_TRUE(theirs.runs(10));
  EXPECT_EQ(theirs.runs(10)->at(0).state, RunState::running);
}

TEST_F(LedgerTest, TenantsShareNothing) {
  Ledger a = open("a");
  Ledger b = open("b");
  ASSERT_TRUE(a.begin(row("20260101-000000-00000c")));
  auto sha = a.put("secret of a");
  ASSERT_TRUE(sha);
  EXPECT_FALSE(b.get(*sha));
  EXPECT_TRUE(b.runs(10)->empty());
  EXPECT_EQ(*Ledger::tenants(data_), (std::vector<std::string>{"a", "b"}));
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
  tamper("PRAGMA user_version = 99", data_);
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
