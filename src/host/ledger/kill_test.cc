// A process that writes to a ledger is killed at a random moment, again and again. Each time the ledger must
// be sound and hold all that was acknowledged. CARREL_KILLS says how often; `make kills` does it 1,000 times.
#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <map>
#include <random>
#include <set>
#include <sstream>
#include <thread>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "host/ledger/made_ledger.h"

namespace carrel {
namespace {

class KillTest : public MadeLedger {
 protected:
  // What the child says, a line each, once the ledger has answered: "run ID", "review ID", "purge ID"; and
  // "purging ID" before it asks for a purge, which may be done when it is killed.
  void work(int round, int out) {
    auto ledger = Ledger::open(data_, "acme");
    if (!ledger) ::_exit(2);
    std::mt19937 random(static_cast<unsigned>(round));
    const auto say = [out](const std::string& line) {
      if (!write_all(out, line + "\n")) ::_exit(3);
    };
    for (int step = 0;; ++step) {
      const std::string id = fmt::format("{:08}-{:06}-{:06x}", round, step, random() & 0xffffff);
      RunRow run = row(id);
      auto sha = ledger->begin(run) ? ledger->put("the report of " + id) : Result<std::string>(Error{});
      if (!sha) ::_exit(4);
      run.state = RunState::finished;
      run.objects = {{"report", *sha}};
      if (Status finished = ledger->finish(run, detail()); !finished) {
        say("failed: " + finished.error().what);
        ::_exit(5);
      }
      say("run " + id);
      auto rows = ledger->runs(50);
      if (!rows) ::_exit(6);
      const RunRow& any = (*rows)[random() % rows->size()];
      if (any.state == RunState::finished && random() % 2 == 0) {
        ReviewRow review;
        review.reviewer = "jo";
        if (!ledger->add_review(any, &review)) ::_exit(7);
        say("review " + review.id);
      }
      if (random() % 3 == 0) {
        say("purging " + any.id);
        PurgeWish wish;
        wish.subject = any.id;
        if (!ledger->purge(wish)) ::_exit(8);
        say("purge " + any.id);
      }
    }
  }

  void hear(const std::string& said) {
    std::istringstream lines(said);
    for (std::string what, id; lines >> what >> id;) {
      if (what == "run") runs_.insert(id);
      if (what == "review") reviews_.insert(id);
      if (what == "purging") maybe_purged_.insert(id);
      if (what == "purge") purged_.insert(id);
    }
  }

  void expect_all_kept(Ledger& ledger) {
    auto rows = ledger.runs(1'000'000);
    ASSERT_TRUE(rows) << rows.error().what;
    std::map<std::string, const RunRow*> kept;
    for (const RunRow& row : *rows) {
      kept[row.id] = &row;
      EXPECT_NE(row.state, RunState::running);
      EXPECT_FALSE(purged_.contains(row.id)) << row.id;
    }
    for (const std::string& id : runs_) {
      if (maybe_purged_.contains(id) && !kept.contains(id)) continue;
      ASSERT_TRUE(kept.contains(id)) << id << " was acknowledged and is lost";
      auto report = ledger.object(*kept[id], "report");
      ASSERT_TRUE(report) << report.error().what;
      EXPECT_EQ(*report, "the report of " + id);
    }
    for (const std::string& id : reviews_) {
      const auto run = kept.find(id.substr(0, id.find('/')));
      if (run == kept.end()) continue;  // purged with its run, which was looked for above
      auto reviews = ledger.reviews(*run->second);
      ASSERT_TRUE(reviews);
      EXPECT_TRUE(
          std::any_of(reviews->begin(), reviews->end(), [&](const ReviewRow& r) { return r.id == id; }))
          << id << " was acknowledged and is lost";
    }
  }

  std::set<std::string> runs_, reviews_, maybe_purged_, purged_;
};

TEST_F(KillTest, NothingAcknowledgedIsLostAndTheChainHolds) {
  const char* wanted = std::getenv("CARREL_KILLS");
  const int kills = wanted != nullptr ? std::atoi(wanted) : 20;
  std::mt19937 random(20260102);
  std::uniform_int_distribution<int> delay(0, 150'000);
  for (int round = 0; round < kills; ++round) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const pid_t child = ::fork();
    if (child == 0) {
      ::close(ends[0]);
      work(round, ends[1]);
    }
    ::close(ends[1]);
    const Fd said(ends[0]);
    // Every other one is killed while it opens the ledger or soon after, the others once they are at work.
    char first = 0;
    std::string heard;
    if (round % 2 == 1 && *read_some(said.get(), &first, 1) == 1) heard = first;
    std::this_thread::sleep_for(std::chrono::microseconds(delay(random)));
    ::kill(child, SIGKILL);
    auto rest = read_all(said.get(), 64 << 20);
    ASSERT_TRUE(rest);
    heard += *rest;
    int status = 0;
    ::waitpid(child, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status)) << "round " << round << ": the writer failed with "
                                     << WEXITSTATUS(status) << ", having said last\n"
                                     << heard.substr(heard.size() - std::min<std::size_t>(heard.size(), 300));
    // The last line may be cut.
    hear(heard.substr(0, heard.rfind('\n') + 1));
    Ledger ledger = open();
    expect_all_kept(ledger);
    auto found = ledger.verify();
    ASSERT_TRUE(found) << found.error().what;
    ASSERT_EQ(broken(*found), "") << "round " << round;
  }
  EXPECT_GT(runs_.size(), 0u);
}

}  // namespace
}  // namespace carrel
