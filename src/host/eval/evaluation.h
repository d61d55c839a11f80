// Evaluation: what came of running a playbook over labelled cases, and how it is kept.
//
// JSON lines (docs/formats/evaluation.md): a head with its version, a line for each finished case, an end.
// While it runs they are a file that is only ever appended to, so that a kill at any moment loses the case
// that was being written and no other. One that has finished is an object of its tenant's ledger, and the
// file goes.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "base/value.h"
#include "host/eval/grade.h"
#include "host/eval/recall.h"
#include "record/report.h"

namespace carrel {

struct EvaluationHead {
  std::string id;  // as a run's: the time of its start, UTC, and three random bytes
  std::string playbook, playbook_sha256;
  std::string engine;  // none, llama, quotes, answers
  std::string model, model_sha256;
  std::string program_sha256;                                 // of carrel and the rooms' roots
  std::vector<std::pair<std::string, std::string>> settings;  // those that shape a report
  std::string cases, cases_sha256;                            // folder; labels

  // Two evaluations with the same key would give the same results for the same case.
  std::string key() const;
  // "no model", or the model's name, and what else tells it from the defaults.
  std::string label() const;
};

struct CaseResult {
  std::string id, case_sha256, bundle_sha256;
  std::string run;        // in the ledger; empty for answers of another program
  std::string kept_from;  // the evaluation that it was taken from
  std::string error;      // why there is no report
  int exit_status = 0;
  double seconds = 0;
  std::string verdict, root_cause;
  double confidence = 0;
  ConfidenceGrounds grounds;
  DraftCounts drafts;
  Grade grade;
  std::vector<std::pair<std::string, Grade>> floors;  // "no model", "quotes": on the same bundle
  std::optional<std::array<bool, recall_budgets.size()>> recall;
};

struct Evaluation {
  EvaluationHead head;
  std::vector<CaseResult> results;  // as they finished
  bool finished = false;            // false: it was interrupted
  const CaseResult* find(const std::string& id) const;
};

// The lines of one that is being made.
class EvaluationFile {
 public:
  // Makes it; one that exists is an Error.
  static Result<EvaluationFile> create(const std::string& path, const EvaluationHead& head);
  Status add(const CaseResult& result);
  // Writes the end and returns all lines.
  Result<std::string> finish();

 private:
  EvaluationFile() = default;
  std::string path_;
  Fd file_;
};

// How sure an answer was (its score) and what that rests on, as reports and evaluations write both; 0 and
// empty where they are something else.
void read_confidence(const Value& score, const Value& grounds, CaseResult* result);

// Reads the lines back. A last one that was cut short is left out; an Error where there is no whole head, or
// another version.
Result<Evaluation> parse_evaluation(std::string_view lines);

// Those of a folder, the newest first; files that cannot be read are told in `notes`.
std::vector<Evaluation> unfinished_evaluations(const std::string& folder, std::vector<std::string>* notes);

}  // namespace carrel
