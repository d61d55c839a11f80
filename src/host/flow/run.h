// One run: a playbook over one input, from opening the bundle to the checked, recorded report.
#pragma once

#include <atomic>
#include <functional>
#include <string>

#include "base/result.h"
#include "host/ledger/ledger.h"
#include "host/playbook/playbook.h"
#include "host/settings/settings.h"
#include "host/walls/wall.h"
#include "record/report.h"

namespace carrel {

struct RunRequest {
  Playbook playbook;
  std::string input;     // path of an archive, a file or a folder
  std::string question;  // empty: the playbook's own
  Settings settings;     // flags, environment and files; playbook and model file are added by the run
  std::string rooms;     // folder with the rooms' roots
  std::string tenant;    // whose ledger it is
  std::string model_sha256 = {};  // of a listed model: what its file must still be
  std::string key = {};           // opens a sealed bundle, in the rooms alone; empty where there is none
  // Whether the tenant has a next run, for which the ledger keeps what the engine knew after the evidence,
  // and `carrel serve` the think room.
  bool keeps_states = false;
};

// What a run tells while it works. Called on the thread of the run.
struct RunObserver {
  std::function<void(const std::string& stage)> stage = [](const std::string&) {};
  // `done` and `total` in the stage's own unit, total 0 where it is not known
  std::function<void(std::uint64_t done, std::uint64_t total)> progress = [](std::uint64_t, std::uint64_t) {};
  // what a room told, just before progress() gets its `done` and `total`
  std::function<void(const Progress&)> room = [](const Progress&) {};
  // the ledger has the run from here on
  std::function<void(const std::string& run)> begun = [](const std::string&) {};
};

// Runs it. The ledger has the run whatever happens: finished, failed with the error, or, where this process
// dies, interrupted. An Error means that there is no report; a report may still have failed its checks
// (Report::passed). Setting `stop` ends it with Code::interrupted and nothing left running.
Result<Report> run_playbook(const RunRequest& request, Wall& wall, Ledger& ledger,
                            const RunObserver& observer, const std::atomic<bool>& stop);

}  // namespace carrel
