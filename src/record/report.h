// The report: what a run gives the person who asked. Made from an answer by looking its ids up; nothing in it
// was written by a model but root_cause, the commands' reasons, and missing.
//
// JSON form (`carrel triage --json`): docs/formats/report.md.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "record/evidence.h"
#include "record/room.h"

namespace carrel {

// A deterministic verdict on a report; no check ever asks a model.
struct Check {
  enum class Verdict : std::uint8_t { pass, warn, fail, count_ };
  std::string name;  // "citations"
  Verdict verdict = Verdict::fail;
  std::string detail;  // "3 of 3 quotes found"
};
const char* to_string(Check::Verdict verdict);

struct ReportEvidence {
  std::string id;
  Address at;
  std::string quote;
  std::string shows;
};

// Another explanation that the detectors found, weaker than the first: the rest of the shortlist.
struct Alternative {
  std::string cause;
  std::string detector;
  double weight = 0;
  std::vector<ReportEvidence> evidence;
};

// What a confidence was looked up by: the detector that decided and its weight, or how many tries agreed and
// what the model said of itself.
struct ConfidenceGrounds {
  std::string detector;
  double weight = 0;
  std::uint32_t agree = 0, tries = 0;
  std::string says;
};

struct Confidence {
  std::string level;  // "low", "medium", "high"
  double score = 0;   // 0 to 1
  std::string basis;  // what the two rest on
  ConfidenceGrounds grounds = {};
};

struct StageTime {
  std::string stage;  // "hash", "read", "think", "check"
  double seconds = 0;
};

struct DeniedCall {
  std::string room;
  std::string call;
  std::uint64_t count = 0;
};

struct ReportStats {
  std::string format;
  std::uint64_t files = 0, lines = 0, bytes = 0, objects = 0;
  std::uint64_t evidence_found = 0, evidence_kept = 0;
  std::vector<LeftOut> left_out;
  std::vector<DeniedCall> denied;
  std::vector<StageTime> stages;
  std::uint64_t peak_memory = 0;  // bytes, of the largest room
  // With a model:
  std::uint32_t prompt_tokens = 0, output_tokens = 0, context = 0, threads = 0;
  // Of the prompt: what all tries share, and of that what was taken from the state of an earlier run.
  std::uint32_t prefix_tokens = 0, reused_tokens = 0;
  std::string kept_state;  // in a sentence: why an earlier state was not used whole, or this one's not kept
  double load_s = 0, state_s = 0, prefill_s = 0, decode_s = 0, first_token_s = 0;
  double prefill_tokens_per_s() const;  // 0: nothing was read
  DraftCounts drafts;
  std::string backend, library;
  std::uint64_t left_out_lines() const;
};

struct TryOutcome {
  std::string variant;
  std::string stop;  // "complete", "token cap", ...
  std::uint32_t tokens = 0;
  bool chosen = false;
  bool agrees = false;
};

// How many tries say a thing of the report.
struct ClaimSupport {
  enum class Kind : std::uint8_t { cause, citation, command, count_ };
  Kind kind = Kind::cause;
  std::string claim;                // the id of a citation, the text of a command; empty of the cause
  std::uint32_t tries = 0, of = 0;  // of those that were written that far
};
const char* to_string(ClaimSupport::Kind kind);

// What a model's tries came to together.
struct Consensus {
  std::string test;                  // which one ended the tries, at what error, and when
  std::uint32_t settled_tokens = 0;  // written by all tries together by then; 0: none was stopped
  std::vector<ClaimSupport> claims;  // the cause first
};

struct Report {
  std::string run;
  std::string tenant;
  std::string playbook;  // "k8s-triage@3"
  std::string input;
  std::string input_sha256;
  std::string question;
  std::string after;   // of a further question: the run that it follows
  std::string engine;  // "none" or "llama"
  std::string model_name, model_sha256, model_quantisation;
  Verdict verdict = Verdict::insufficient_evidence;
  std::string root_cause;
  std::vector<ReportEvidence> evidence;
  std::vector<Searched> searched;  // on which an absence stands
  std::vector<Command> commands;
  std::vector<std::string> missing;
  Confidence confidence;
  std::vector<Alternative> alternatives;
  std::vector<Check> checks;
  std::vector<TryOutcome> tries;
  Consensus consensus;
  ReportStats stats;

  bool passed() const;  // there were checks, and none failed
};

// One JSON object, indented, ending with a newline. Valid UTF-8 whatever the texts hold.
std::string to_json(const Report& report);

// Reads back what to_json wrote. Unknown members are left alone; another version is an Error.
Result<Report> report_from_json(const std::string& json);

}  // namespace carrel
