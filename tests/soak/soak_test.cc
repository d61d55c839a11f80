// Random hostile bundles, killed rooms and killed hosts, many times: nothing may be left of any of them.
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <set>
#include <sstream>
#include <thread>

#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/ledger/ledger.h"
#include "host/playbook/playbook.h"
#include "tests/soak/one_run.h"

namespace carrel::soak {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr int batch_size = 20;
constexpr const char* tenants[] = {"acme", "bolt", "crane"};

// A process that does some runs, one after the other, and tells of each by a line. It may be killed.
struct Batch {
  pid_t process = -1;
  Fd told;
  std::string text;
  Clock::time_point kill_at = Clock::time_point::max();
  bool killed = false;
};

class Soak : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "/carrel-soak-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    for (const char* const below : {"data", "bundles", "tmp"}) fs::create_directory(folder_ + "/" + below);
    auto playbook = load_playbook(CARREL_SOURCE_DIR "/playbooks/k8s-triage");
    ASSERT_TRUE(playbook) << playbook.error().what;
    playbook_ = std::move(*playbook);
    // Rooms whose host was killed become children of this process: it sees that they end.
    ASSERT_EQ(::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0);
  }
  // What failed stays, to be looked at.
  void TearDown() override {
    if (HasFailure()) {
      fmt::print("soak: the ledgers are in {}\n", folder_);
    } else {
      fs::remove_all(folder_);
    }
  }

  // In the child. The lines: "wrong SENTENCE", "count N WHAT".
  [[noreturn]] void work(int first, int count, int to) {
    ::setenv("TMPDIR", (folder_ + "/tmp").c_str(), 1);
    auto ledger = Ledger::open(folder_ + "/data", tenants[first / batch_size % std::size(tenants)]);
    if (!ledger) ::_exit(2);
    for (int i = 0; i < count; ++i) {
      Tally tally;
      std::string lines;
      const std::string wrong =
          one_run(static_cast<std::uint32_t>(first + i), playbook_, folder_ + "/bundles", *ledger, &tally);
      if (!wrong.empty()) lines += "wrong " + wrong + "\n";
      for (const auto& [what, number] : tally) lines += fmt::format("count {} {}\n", number, what);
      if (!write_all(to, lines + "count 1 runs\n")) ::_exit(3);
    }
    ::_exit(0);
  }

  Batch start(int first, int count, bool to_be_killed) {
    int ends[2];
    EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    Batch batch;
    batch.told = Fd(ends[0]);
    const Fd writing(ends[1]);
    batch.process = ::fork();
    if (batch.process == 0) work(first, count, writing.get());
    if (to_be_killed)
      batch.kill_at = Clock::now() + milliseconds(std::uniform_int_distribution(0, 1000)(random_));
    return batch;
  }

  // Reads what the batches tell and kills those whose time has come; true when one of them is over.
  bool attend(std::vector<Batch>* batches) {
    std::vector<pollfd> fds;
    for (const Batch& batch : *batches) fds.push_back({batch.told.get(), POLLIN, 0});
    EXPECT_GE(::poll(fds.data(), fds.size(), 20), 0);
    for (std::size_t i = 0; i < batches->size(); ++i) {
      Batch& batch = (*batches)[i];
      if (!batch.killed && Clock::now() >= batch.kill_at) {
        batch.killed = true;
        ::kill(batch.process, SIGKILL);
      }
      if (fds[i].revents == 0) continue;
      char bytes[4096];
      const auto size = read_some(batch.told.get(), bytes, sizeof bytes);
      if (size && *size > 0) {
        batch.text.append(bytes, *size);
        continue;
      }
      finish(batch);
      batches->erase(batches->begin() + static_cast<std::ptrdiff_t>(i));
      return true;
    }
    return false;
  }

  void finish(const Batch& batch) {
    int status = 0;
    EXPECT_EQ(::waitpid(batch.process, &status, 0), batch.process);
    EXPECT_TRUE(batch.killed || (WIFEXITED(status) && WEXITSTATUS(status) == 0)) << status;
    // The last line of one that was killed may be cut.
    std::istringstream lines(batch.text.substr(0, batch.text.rfind('\n') + 1));
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with("wrong ")) ADD_FAILURE() << line;
      std::istringstream words(line);
      std::string word, what;
      int number = 0;
      if (words >> word >> number && word == "count" && std::getline(words >> std::ws, what))
        tally_[what] += number;
    }
    if (batch.killed) ++tally_["hosts killed"];
  }

  // Every process that was ever started for the soak has ended.
  static void expect_no_process() {
    const auto end = Clock::now() + std::chrono::seconds(10);
    pid_t one = 0;
    while ((one = ::waitpid(-1, nullptr, WNOHANG)) >= 0 && Clock::now() < end) {
      if (one == 0) std::this_thread::sleep_for(milliseconds(10));
    }
    EXPECT_EQ(one, -1) << "a process outlived its host";
  }

  // Of those whose hosts were killed, the next host of the machine takes them away.
  static void expect_no_cgroup(const std::set<pid_t>& hosts, const fs::path& below = "/sys/fs/cgroup") {
    std::error_code gone;  // while this looks, rooms of others end and take theirs along
    for (fs::directory_iterator at(below, gone); !gone && at != fs::directory_iterator();
         at.increment(gone)) {
      std::error_code unknown;
      if (at->symlink_status(unknown).type() != fs::file_type::directory) continue;
      expect_no_cgroup(hosts, at->path());
      const std::string name = at->path().filename();
      if (!name.starts_with("carrel-") || name.find('-') == name.rfind('-')) continue;
      const std::string host = name.substr(name.find('-', 7) + 1);
      EXPECT_FALSE(hosts.contains(std::atoi(host.c_str()))) << at->path();
    }
  }

  void expect_sound_ledgers() {
    std::size_t runs = 0;
    for (const char* const tenant : tenants) {
      auto ledger = Ledger::open(folder_ + "/data", tenant);
      ASSERT_TRUE(ledger) << ledger.error().what;
      auto rows = ledger->runs(1'000'000);
      ASSERT_TRUE(rows) << rows.error().what;
      runs += rows->size();
      for (const RunRow& row : *rows) EXPECT_NE(row.state, RunState::running) << row.id;
      const auto audit = ledger->verify();
      ASSERT_TRUE(audit) << audit.error().what;
      EXPECT_TRUE(audit->sound()) << (audit->troubles.empty() ? "" : audit->troubles[0].what);
      // What killed hosts left among the objects goes with a purge, and then nothing is left.
      PurgeWish all;
      all.reason = "the soak is over";
      const auto purged = ledger->purge(all);
      ASSERT_TRUE(purged) << purged.error().what;
      const auto empty = ledger->verify();
      ASSERT_TRUE(empty) << empty.error().what;
      EXPECT_TRUE(empty->sound());
      EXPECT_EQ(empty->objects, 0U);
    }
    EXPECT_GE(runs, static_cast<std::size_t>(tally_["runs"])) << "a run that was told is in no ledger";
  }

  std::string folder_;
  Playbook playbook_;
  std::mt19937 random_{20260103};
  Tally tally_;
};

TEST_F(Soak, NothingIsLeftOfHostileBundlesAndKilledRooms) {
  const char* const wanted = std::getenv("CARREL_SOAK");
  const int runs = wanted != nullptr ? std::atoi(wanted) : 80;
  const unsigned at_once = std::max(4U, std::thread::hardware_concurrency());
  std::vector<Batch> batches;
  std::set<pid_t> hosts;
  const auto before = Clock::now();
  for (int next = 0; tally_["runs"] < runs || !batches.empty();) {
    while (batches.size() < at_once &&
           tally_["runs"] + static_cast<int>(batches.size()) * batch_size < runs) {
      batches.push_back(start(next, batch_size, next / batch_size % 4 == 3));
      hosts.insert(batches.back().process);
      next += batch_size;
    }
    attend(&batches);
  }
  expect_no_process();
  // One more host, which takes away the cgroups of those before it.
  batches.push_back(start(0, 1, false));
  while (!attend(&batches)) {
  }
  expect_no_process();
  expect_no_cgroup(hosts);
  EXPECT_TRUE(fs::is_empty(folder_ + "/tmp"));
  for (const char* const outside : {"/tmp/carrel-soak-climbed", "/tmp/carrel-soak-absolute"})
    EXPECT_FALSE(fs::exists(outside)) << outside;
  expect_sound_ledgers();
  for (const auto& [what, number] : tally_) fmt::print("soak: {:>6} {}\n", number, what);
  fmt::print("soak: {:.0f} s\n", std::chrono::duration<double>(Clock::now() - before).count());
}

}  // namespace
}  // namespace carrel::soak
