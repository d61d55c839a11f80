// A folder of labelled cases: cases.json, and <id>.tar.gz beside it for each case. docs/evaluation.md
// describes the labels; members that are not known are left alone, so that other programs may keep theirs
// there.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "host/eval/pattern.h"
#include "record/evidence.h"

namespace carrel {

struct Case {
  struct Evidence {
    Pattern file, quote;
  };
  std::string id;
  std::string category, difficulty, kind, split;  // empty where the label has none
  std::string question, reference;
  std::vector<std::vector<Pattern>> cause;  // each group needs one match
  std::vector<Pattern> forbidden;
  std::vector<Evidence> evidence;  // one is enough
  std::vector<Address> deciding;   // or one of these
  std::vector<Pattern> missing;    // one is enough
  std::optional<Verdict> verdict;
  Name culprit;        // kind, space and name; empty where the label has none
  std::string bundle;  // path
  std::string sha256;  // of the label
  bool no_fault() const { return category == "no-fault" || verdict == Verdict::no_fault; }
};

struct CaseSet {
  std::string folder;
  std::string sha256;  // of the chosen cases' labels
  std::vector<Case> cases;
  std::vector<std::string> notes;  // labels whose own examples they grade wrongly
};

struct CaseChoice {
  std::vector<std::string> ids;  // empty: all
  std::string split;             // empty: all
};

// Reads the labels and chooses. An Error lists every mistake, a line each; a choice that leaves no case is
// one, too.
Result<CaseSet> load_cases(const std::string& folder, const CaseChoice& choice);

}  // namespace carrel
