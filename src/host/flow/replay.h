// Replay: a run is done again from its record. Whatever cannot be the same any more is done with what is
// here, and the difference is told by comparing the two runs (host/review/diff.h).
#pragma once

#include <string>

#include "base/result.h"
#include "host/flow/run.h"

namespace carrel {

struct ReplayWish {
  std::string input;             // where the bundle is now; empty: where it was
  std::string model;             // likewise
  std::string place = "replay";  // where its settings are said to come from: "replay of RUN"
};

// The request that repeats a run: its input, question and settings. Those that only say where things are
// (data, rooms, tenant, keys) come from `here`. Every other setting has the recorded value, from the flag
// "replay of RUN". Error: Code::bad_input where the record's settings cannot be read or are no settings of
// this carrel.
Result<RunRequest> replay_request(const RunRow& run, Playbook playbook, const Settings& here,
                                  const std::string& rooms, const ReplayWish& wish);

}  // namespace carrel
