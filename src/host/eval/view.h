// An evaluation as a person or a program reads it: a table for a terminal, JSON, JUnit's XML, and a page of
// HTML that needs no script. Texts of bundles and of models are escaped in each.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "host/eval/compare.h"
#include "host/eval/score.h"
#include "host/report/terminal.h"

namespace carrel {

struct EvalView {
  const CaseSet* set = nullptr;
  const Evaluation* evaluation = nullptr;
  std::optional<Comparison> comparison;
  std::vector<const Evaluation*> others;
  bool recall = false;  // the table shows recall at budget; the other forms always do
};

std::string to_terminal(const EvalView& view, const TerminalStyle& style);

// docs/formats/evaluation.md describes it.
std::string to_json(const EvalView& view);

// A test case for each case, in a suite for each category: a failure where cause or evidence is wrong, an
// error where its run failed.
std::string to_junit(const EvalView& view);

std::string to_html(const EvalView& view);

// The scores by name, in the order in which they are shown; those that count nothing are left out.
struct NamedShare {
  const char* key;   // in JSON
  const char* name;  // for a person
  Share share;
};
std::vector<NamedShare> named_shares(const Scores& scores);

// The evaluated column's name: "no model", "quotes", a model's name.
std::string column_name(const Evaluation& evaluation);

}  // namespace carrel
