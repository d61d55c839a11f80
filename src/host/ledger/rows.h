// What a ledger holds and tells, as plain records. Times are UTC, ISO 8601 with milliseconds.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace carrel {

enum class RunState : std::uint8_t { running, finished, failed, interrupted };
const char* to_string(RunState state);

struct RunRow {
  std::int64_t number = 0;  // the row's own, of a run that was read
  std::string id;
  std::string tenant;
  RunState state = RunState::running;
  std::string started_at, finished_at;
  std::string playbook, playbook_sha256;
  std::string input, input_sha256;
  std::uint64_t input_bytes = 0;
  std::string question;
  std::string engine, model, model_sha256;
  std::string image_sha256;  // of the room image
  std::string settings;      // JSON: each setting with its value and source
  std::string verdict;       // of the finished report
  std::string level;         // its confidence: "low", "medium", "high"
  double score = 0;          // the same, 0 to 1
  bool passed = false;
  std::string error;  // why it failed
  int exit_status = 0;
  std::vector<std::pair<std::string, std::string>> objects;  // role ("report", "evidence") and SHA-256
};

// Where a run stands in a list: by its start, and by its id among those that began in one moment. So the runs
// of several tenants have one order, whatever their ids were drawn as.
struct RunPlace {
  std::string started_at, id;
  auto operator<=>(const RunPlace&) const = default;
};
inline RunPlace place_of(const RunRow& run) {
  return {run.started_at, run.id};
}

// A person's decision on a report, or on one claim of it.
struct ReviewRow {
  enum class Decision : std::uint8_t { accept, edit, reject, count_ };
  static constexpr std::int64_t whole_report = -1;
  std::string id;  // "20260102-030405-9f3a61/r1"
  std::string at;
  std::string reviewer;
  Decision decision = Decision::accept;
  std::int64_t claim = whole_report;  // the claim's place in RunDetail::claims
  std::string reason;                 // an edit and a rejection have one
  std::string text;                   // of an edit: what the claim should say
};
const char* to_string(ReviewRow::Decision decision);

// A run that waits for a person, or that one has decided on.
struct QueueRow {
  RunRow run;
  std::string cause;
  std::string failed_checks;  // names, with commas between
  std::string decision;       // of the newest review of the whole report; empty: none yet
};

struct QueueFilter {
  bool decided = false;      // true: those with a decision too
  bool failed_only = false;  // a check failed
  double most_score = 1;     // confidence at most this
  std::string before;        // finished before this time; empty: any
  RunPlace after;            // runs behind this one, for the next page; empty: from the first
  std::size_t most = 100;
};

// Which runs to list, the newest first.
struct RunFilter {
  std::optional<RunState> state;
  RunPlace below;  // runs before this one, for the next page; empty: from the newest
  std::size_t most = 100;
};

// A logged, consented use of a cloud model.
struct ExceptionRow {
  std::string id;  // "20260102-030405-9f3a61/x1"
  std::string at, consented_by, provider, model, purpose;
  std::string sent_sha256;  // of the bytes that left
  std::uint64_t sent_bytes = 0;
};

struct EvaluationRow {
  std::string id;  // of the caller's making, unique in the ledger
  std::string at;  // filled in where it is empty
  std::string playbook, playbook_sha256;
  std::string engine, model, model_sha256;
  std::string cases_sha256;
  std::string summary;  // JSON, small: what a list or a plot shows
  std::string sha256;   // the object with all of it
};

// A state of a think room, kept for a next one (host/flow/prefix.h).
struct PrefixRow {
  std::string key;
  std::string run;          // whose room made it
  std::string sha256;       // of the object
  std::uint64_t bytes = 0;  // of the file
  std::string used_at;
};

// A claim of a run that cites a line.
struct CitingClaim {
  std::string run, finished_at;
  std::int64_t claim = 0;  // its place in RunDetail::claims
  std::string kind, text;
  std::string id, file;  // of the citation
  std::uint32_t line = 0, end_line = 0;
  std::string quote, reason;
};

struct FoundRun {
  RunRow run;
  std::string excerpt;  // the text, of those of the run, that holds most of the words
};

// What is wrong with a ledger, or worth knowing.
struct LedgerTrouble {
  bool broken = true;      // false: a note, which a clock or a kill explains
  std::int64_t entry = 0;  // of the chain; 0: none
  std::string what;
};

struct LedgerAudit {
  std::string chain;  // its opaque id
  std::string head;   // hash of the last entry
  std::uint64_t entries = 0, runs = 0, purged = 0, objects = 0, object_bytes = 0;
  bool sealed = false;
  std::vector<LedgerTrouble> troubles;
  bool sound() const;
};

// What to purge: one run or evaluation by its whole id, or all that began before a time, or all.
struct PurgeWish {
  std::string subject;  // empty: all
  std::string before;   // UTC, ISO 8601; empty: at any time
  std::string reason;   // kept in the chain: "--older-than 30d"
};

struct Purged {
  std::vector<std::string> subjects;     // ids of runs and evaluations
  std::uint64_t objects = 0, bytes = 0;  // files, those that interrupted runs had left among them
  std::vector<std::string> backups;      // files that were made when an older schema was brought forward
  bool tenant_removed = false;           // a throw-away one, which had no other run
};

}  // namespace carrel
