#include "tests/soak/one_run.h"

#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <random>
#include <thread>

#include <fmt/format.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/flow/run.h"
#include "host/walls/namespace_wall.h"
#include "tests/soak/hostile_bundle.h"

namespace carrel::soak {
namespace {

namespace fs = std::filesystem;
using std::chrono::microseconds;
using std::chrono::milliseconds;

// What befalls the rooms of a run.
enum class Fate {
  left_alone,
  killed,
  stopped,
  interrupted,
  little_memory,
  little_time,
  little_output,
  count
};

// Sends the signal to every child of this process, but to no other process: a number may be another's by
// then.
void signal_children(int signal) {
  std::error_code gone;
  for (const auto& thread : fs::directory_iterator("/proc/self/task", gone)) {
    std::ifstream children(thread.path() / "children");
    for (pid_t child = 0; children >> child;) {
      const Fd process(static_cast<int>(::syscall(SYS_pidfd_open, child, 0)));
      std::ifstream stat(fmt::format("/proc/{}/stat", child));
      std::string id, name, state;
      pid_t parent = 0;
      stat >> id >> name >> state >> parent;
      if (process.valid() && parent == ::getpid())
        ::syscall(SYS_pidfd_send_signal, process.get(), signal, nullptr, 0);
    }
  }
}

// Makes every room with its fate, and keeps how each ended.
class FatefulWall final : public Wall {
 public:
  FatefulWall(Fate fate, std::mt19937& random, std::atomic<bool>& stop)
      : fate_(fate), random_(random), stop_(stop) {}

  RoomOutcome run(RoomSpec spec, const std::function<void(const Progress&)>& progress,
                  const std::atomic<bool>& stop) override {
    const auto draw = [&](int least, int most) {
      return std::uniform_int_distribution(least, most)(random_);
    };
    if (fate_ == Fate::little_memory) spec.caps.memory = static_cast<std::uint64_t>(draw(1, 64)) << 20;
    if (fate_ == Fate::little_time) spec.caps.wall_clock = milliseconds(draw(1, 60));
    if (fate_ == Fate::little_output) spec.caps.output_bytes = static_cast<std::uint64_t>(draw(1, 20'000));
    if (fate_ == Fate::stopped) spec.caps.wall_clock = milliseconds(300);
    const auto after = microseconds(draw(0, 50'000));
    std::atomic<bool> over = false;
    std::thread hand([&] {
      for (auto waited = microseconds(0); waited < after && !over; waited += microseconds(500))
        std::this_thread::sleep_for(microseconds(500));
      if (fate_ == Fate::killed) signal_children(SIGKILL);
      if (fate_ == Fate::stopped) signal_children(SIGSTOP);
      if (fate_ == Fate::interrupted) stop_ = true;
    });
    RoomOutcome outcome = NamespaceWall().run(std::move(spec), progress, stop);
    over = true;
    hand.join();
    if (!fits(outcome.ending))
      wrong_ += fmt::format("a room ended as {}: {}; ", to_string(outcome.ending), outcome.detail);
    if (outcome.survivors != 0) wrong_ += "a room had survivors; ";
    ++endings_[to_string(outcome.ending)];
    return outcome;
  }

  const std::string& wrong() const { return wrong_; }
  const std::map<std::string, int>& endings() const { return endings_; }

 private:
  bool fits(Ending ending) const {
    if (ending == Ending::ok) return true;
    switch (fate_) {
      case Fate::left_alone:
        return false;
      case Fate::killed:
        // Killed before its program was there, it could not be made.
        return ending == Ending::killed || ending == Ending::setup_error;
      case Fate::stopped:
      case Fate::little_time:
        return ending == Ending::time;
      case Fate::interrupted:
        return ending == Ending::interrupted;
      case Fate::little_memory:
        // With next to none it does not come as far as to say so.
        return ending == Ending::memory || ending == Ending::killed || ending == Ending::setup_error;
      case Fate::little_output:
        return ending == Ending::output_cap;
      case Fate::count:
        break;
    }
    return false;
  }

  const Fate fate_;
  std::mt19937& random_;
  std::atomic<bool>& stop_;
  std::string wrong_;
  std::map<std::string, int> endings_;
};

std::size_t open_descriptors() {
  const auto all = fs::directory_iterator("/proc/self/fd");
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

}  // namespace

std::string one_run(std::uint32_t number, const Playbook& playbook, const std::string& folder, Ledger& ledger,
                    Tally* tally) {
  std::mt19937 random(number);
  const std::string bundle = fmt::format("{}/bundle-{}", folder, number);
  if (const std::string bytes = hostile_bundle(random); !write_file_durably(bundle, bytes))
    return "the bundle cannot be written";
  // Half of the runs are left alone.
  const int drawn = std::uniform_int_distribution(0, 2 * static_cast<int>(Fate::count) - 1)(random);
  const Fate fate = drawn < static_cast<int>(Fate::count) ? static_cast<Fate>(drawn) : Fate::left_alone;

  std::atomic<bool> stop = false;
  FatefulWall wall(fate, random, stop);
  const RunRequest request{playbook, bundle, "", Settings(), CARREL_ROOMS, ledger.tenant()};
  const auto report = run_playbook(request, wall, ledger, {}, stop);
  fs::remove(bundle);

  std::string wrong = wall.wrong();
  // The first run opens what a ledger keeps open.
  const std::size_t descriptors = open_descriptors();
  static const std::size_t of_the_first = descriptors;
  if (descriptors != of_the_first) wrong += "a descriptor was left open; ";
  if (::waitpid(-1, nullptr, WNOHANG) != -1 || errno != ECHILD) wrong += "a process was left; ";
  if (!report && (report.error().code == Code::internal || report.error().what.empty()))
    wrong += "the run failed without its reason: " + report.error().what + "; ";
  for (const auto& [ending, count] : wall.endings()) (*tally)["room: " + ending] += count;
  ++(*tally)[report ? "run: a report" : "run: an error"];
  return wrong.empty() ? "" : fmt::format("run {}, fate {}: {}", number, static_cast<int>(fate), wrong);
}

}  // namespace carrel::soak
