// Evaluates a playbook: runs it over labelled cases, several at a time, and grades every report by fixed
// rules.
//
//   auto set = load_cases("cases", {});
//   auto evaluation = evaluate({playbook, settings, rooms, data, tenant, program, *set}, wall, {}, stop);
//
// What an earlier evaluation finished is taken from it where the playbook, the settings, the model, the
// programs, the label and the bundle are the same. Each case is a run of the tenant's ledger like any other.
// The host parses no bundle here either: what is cited is looked up in a check room (record/room.h, Lookup).
#pragma once

#include <atomic>
#include <functional>
#include <string>

#include "base/result.h"
#include "host/eval/evaluation.h"
#include "host/ledger/ledger.h"
#include "host/playbook/playbook.h"
#include "host/settings/settings.h"
#include "host/walls/wall.h"

namespace carrel {

struct EvalRequest {
  Playbook playbook;
  Settings settings;    // engine none or llama, as of a run
  std::string rooms;    // folder with the rooms' roots
  std::string data;     // of the ledgers
  std::string tenant;   // whose cases they are
  std::string program;  // path of this program: another build gives other results
  CaseSet cases;
  bool quotes = false;  // the quote dumper is evaluated in the playbook's place
  std::string answers =
      {};               // folder with <id>.json: another program's answers are graded, and nothing is run
  unsigned jobs = 1;    // cases at a time
  bool afresh = false;  // nothing is taken from earlier evaluations
};

struct EvalObserver {
  // A case is done, `done` of `all`. Called on several threads, one at a time.
  std::function<void(const CaseResult&, std::size_t done, std::size_t all)> finished =
      [](const CaseResult&, std::size_t, std::size_t) {};
};

// The evaluations of a tenant, the newest first: those that were interrupted, and at most `most` that
// finished. What cannot be read is told in `notes`.
std::vector<Evaluation> earlier_evaluations(const std::string& data, Ledger& ledger, std::size_t most,
                                            std::vector<std::string>* notes);
inline constexpr std::size_t most_earlier_evaluations = 50;

// The evaluation, its cases in the order of the set. A case whose run failed is graded as no answer and keeps
// the error. An Error means that there is no evaluation; what had finished before it is kept for the next
// one. Setting `stop` ends it with Code::interrupted.
Result<Evaluation> evaluate(const EvalRequest& request, Wall& wall, const EvalObserver& observer,
                            const std::atomic<bool>& stop);

}  // namespace carrel
