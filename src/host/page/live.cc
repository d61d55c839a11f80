#include "host/page/live.h"

#include <chrono>
#include <condition_variable>
#include <vector>

#include "base/json_writer.h"
#include "host/flow/choose_wall.h"
#include "record/answer.h"

namespace carrel {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds patience{500};       // of a follower, for the next event
constexpr std::chrono::milliseconds between_steps{100};  // of progress

std::string event(const char* name, JsonLine& json) {
  return std::string("event: ") + name + "\ndata: " + json.finish() + "\n";
}

std::string state_event(const std::string& state, const std::string& verdict, bool passed,
                        const std::string& error) {
  JsonLine json;
  json.text("state", state);
  json.text("verdict", verdict);
  json.flag("passed", passed);
  json.text("error", error);
  return event("state", json);
}

}  // namespace

std::string state_event(const RunRow& run) {
  return state_event(to_string(run.state), run.verdict, run.passed, run.error);
}

struct LiveRuns::Live {
  std::mutex mutex;
  std::condition_variable changed;
  std::string id;                  // empty until its ledger has it
  std::optional<Error> failed;     // before that
  std::vector<std::string> marks;  // states and stages, all of them
  std::string progress;            // the newest step of the last stage
  std::uint64_t steps = 0;         // how many there were
  bool ended = false;
  std::atomic<bool> stop{false};
  std::thread thread;

  void mark(std::string text, bool last = false) {
    const std::lock_guard lock(mutex);
    marks.push_back(std::move(text));
    progress.clear();
    ended = last;
    changed.notify_all();
  }
};

LiveRuns::~LiveRuns() {
  for (const auto& live : runs_) live->stop = true;
  for (const auto& live : runs_) live->thread.join();
}

void LiveRuns::reap() {
  std::erase_if(runs_, [](const std::shared_ptr<Live>& live) {
    {
      const std::lock_guard lock(live->mutex);
      if (!live->ended) return false;
    }
    live->thread.join();
    return true;
  });
}

void LiveRuns::work(const std::shared_ptr<Live>& live, const RunRequest& request, const OpenLedger& open) {
  RunObserver observer;
  observer.begun = [&](const std::string& run) {
    {
      const std::lock_guard lock(live->mutex);
      live->id = run;
    }
    live->mark(state_event("running", "", false, ""));
  };
  observer.stage = [&](const std::string& stage) {
    JsonLine json;
    json.text("stage", stage);
    live->mark(event("stage", json));
  };
  Clock::time_point told{};
  observer.progress = [&](std::uint64_t done, std::uint64_t total) {
    if (done != total && Clock::now() - told < between_steps) return;
    told = Clock::now();
    JsonLine json;
    json.count("done", done);
    json.count("total", total);
    const std::lock_guard lock(live->mutex);
    live->progress = event("progress", json);
    ++live->steps;
    live->changed.notify_all();
  };
  auto ledger = open();
  auto wall = ledger ? choose_wall(request.settings, request.rooms) : ledger.error();
  auto report = wall ? run_playbook(request, **wall, *ledger, observer, live->stop) : wall.error();
  if (report) {
    live->mark(state_event("finished", to_string(report->verdict), report->passed(), ""), true);
    return;
  }
  {
    const std::lock_guard lock(live->mutex);
    live->failed = report.error();
  }
  const bool interrupted = report.error().code == Code::interrupted;
  live->mark(state_event(interrupted ? "interrupted" : "failed", "", false, report.error().what), true);
}

Result<std::string> LiveRuns::start(RunRequest request, OpenLedger open) {
  auto live = std::make_shared<Live>();
  {
    const std::lock_guard lock(mutex_);
    reap();
    if (runs_.size() >= most)
      return Error{Code::does_not_fit, "as many runs of this page go on as may at a time", "wait for one"};
    live->thread = std::thread(
        [live, request = std::move(request), open = std::move(open)] { work(live, request, open); });
    runs_.push_back(live);
  }
  std::unique_lock lock(live->mutex);
  live->changed.wait(lock, [&] { return !live->id.empty() || live->ended; });
  if (live->id.empty()) return *live->failed;
  return live->id;
}

std::shared_ptr<LiveRuns::Live> LiveRuns::find(const std::string& run) {
  const std::lock_guard lock(mutex_);
  for (const auto& live : runs_) {
    const std::lock_guard held(live->mutex);
    if (live->id == run) return live;
  }
  return nullptr;
}

bool LiveRuns::stop(const std::string& run) {
  const auto live = find(run);
  if (!live) return false;
  const std::lock_guard lock(live->mutex);
  if (live->ended) return false;
  live->stop = true;
  return true;
}

std::function<std::optional<std::string>()> LiveRuns::follow(const std::string& run) {
  const auto live = find(run);
  if (!live) return {};
  return [live, marks = std::size_t{0}, steps = std::uint64_t{0}]() mutable -> std::optional<std::string> {
    std::unique_lock lock(live->mutex);
    const auto news = [&] { return marks < live->marks.size() || live->steps != steps || live->ended; };
    if (!live->changed.wait_for(lock, patience, news)) return "";
    if (live->ended && marks == live->marks.size()) return std::nullopt;
    std::string part;
    while (marks < live->marks.size()) part += live->marks[marks++];
    steps = live->steps;
    return part + live->progress;
  };
}

}  // namespace carrel
