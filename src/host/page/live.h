// Runs that were started from the page: a thread each, and what they tell as server-sent events. Thread-safe.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "base/result.h"
#include "host/flow/run.h"
#include "host/ledger/ledger.h"

namespace carrel {

// One event as it is sent: "event: stage\ndata: {...}\n\n".
std::string state_event(const RunRow& run);

class LiveRuns {
 public:
  static constexpr std::size_t most = 2;  // at a time

  ~LiveRuns();  // stops what goes on, and waits for it

  // Starts it and waits until its ledger has it; its id. The ledger is the run's own, opened by `open` on its
  // thread. Errors: those of a run that does not come so far; Code::does_not_fit where as many go on already.
  using OpenLedger = std::function<Result<Ledger>()>;
  Result<std::string> start(RunRequest request, OpenLedger open);

  // False where no run of this id goes on here.
  bool stop(const std::string& run);

  // What a run that goes on here has told and tells on: parts as HttpAnswer::next gives them. An empty
  // function where no such run goes on here.
  std::function<std::optional<std::string>()> follow(const std::string& run);

 private:
  struct Live;
  static void work(const std::shared_ptr<Live>& live, const RunRequest& request, const OpenLedger& open);
  std::shared_ptr<Live> find(const std::string& run);
  void reap();

  std::mutex mutex_;
  std::vector<std::shared_ptr<Live>> runs_;
};

}  // namespace carrel
