// Two evaluations of the same cases, case by case: what became worse, what became better.
#pragma once

#include <string>
#include <vector>

#include "host/eval/evaluation.h"

namespace carrel {

struct Change {
  std::string id;
  std::string what;  // "cause", "evidence", "cause and evidence"
  std::string why;   // of what became worse: the first reason; else empty
};

struct Comparison {
  const Evaluation* earlier = nullptr;
  std::vector<Change> worse, better;  // by whether both cause and evidence are right
  std::size_t same = 0;
  std::size_t not_comparable = 0;  // in one alone, or with another label or bundle
};

Comparison compare(const Evaluation& earlier, const Evaluation& now);

// What is to be compared with: the evaluation with this id, or one whose id begins with it; without an id the
// newest that shares a case and was finished. Null where there is none.
const Evaluation* choose_earlier(const std::vector<Evaluation>& all, const Evaluation& now,
                                 const std::string& id);

// Of the earlier ones, the newest with each key but `now`'s: other models, settings, playbooks and builds. At
// most `most`.
std::vector<const Evaluation*> others(const std::vector<Evaluation>& all, const Evaluation& now,
                                      std::size_t most);

// What tells one evaluation from another that it stands beside: "k8s-triage@2, temperature 0.7".
std::string difference(const EvaluationHead& head, const EvaluationHead& beside);

}  // namespace carrel
