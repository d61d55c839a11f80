// Grades an answer on a labelled case by fixed rules; no model is ever asked. docs/evaluation.md describes
// them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/value.h"
#include "host/eval/case.h"
#include "record/report.h"
#include "record/room.h"

namespace carrel {

// An answer as any program may give it; Carrel's own reports are one kind.
struct GivenAnswer {
  bool given = false;  // false: there is none, or it cannot be read
  std::string root_cause;
  std::optional<std::string> verdict;
  std::vector<Lookup> cited;
  std::vector<std::uint32_t> end_lines;  // of what is cited
  bool cited_is_whole = true;            // false: an entry was no citation, or there were too many
  std::vector<std::string> commands;
  std::vector<std::string> missing;
};

GivenAnswer given_by(const Report& report);
// Of a JSON object with root_cause, verdict, evidence [{file, line, quote}], commands and missing.
GivenAnswer given_by(const Value& answer);

// What one answer is worth. Absent: the label says nothing of it.
struct Grade {
  bool cause = false;
  bool evidence = false;
  bool safe = true;  // no command changes anything
  std::optional<bool> culprit, verdict, no_fault, missing;
  std::optional<bool> checked;  // the report passed Carrel's own checks; nothing where it was not checked
  std::uint32_t cited = 0, real = 0, at_line = 0;
  std::vector<std::string> why;  // what is wrong, the first reason first
  bool right() const { return cause && evidence; }
};

// `seen`: what the check room saw of each citation.
Grade grade(const Case& label, const GivenAnswer& answer, const std::vector<Seen>& seen);

// What is wrong with a cause; empty where nothing is.
std::vector<std::string> cause_misses(const Case& label, const std::string& cause);

// Whether a line of evidence (its file as in the bundle, its quote) is one that decides the case.
bool decides(const Case& label, const Address& at, const std::string& quote);

}  // namespace carrel
