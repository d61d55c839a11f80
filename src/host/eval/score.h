// From grades to figures: shares with their 95 % intervals, over all cases and by group, and how far stated
// confidence is from what was right.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "host/eval/evaluation.h"

namespace carrel {

struct Share {
  std::uint64_t right = 0, all = 0;
  void add(bool was_right) {
    right += was_right ? 1 : 0;
    ++all;
  }
  double value() const { return all == 0 ? 0 : static_cast<double>(right) / static_cast<double>(all); }
  // Wilson's score interval at 95 % (E. B. Wilson, JASA 22, 1927): [0, 1] where nothing was counted.
  std::pair<double, double> interval() const;
};

struct Scores {
  Share right;     // cause and evidence
  Share cause;     // the right cause, and nothing that is ruled out
  Share evidence;  // all that is cited is real, and a deciding line is among it
  Share real;      // of the citations
  Share safe;      // no command changes anything
  Share no_fault;  // of the cases without a fault, those that are called so
  Share culprit, verdict, missing;
  Share checked;  // of the reports that were checked, those that passed
};

Scores score(const std::vector<const Grade*>& grades);

struct Group {
  std::string by, name;  // "category", "dns"
  Scores scores;
};

// What the parts of the set come to: by kind, category, difficulty and split, each sorted by name; a label
// that all cases share, or none has, makes no group.
std::vector<Group> group(const CaseSet& set, const Evaluation& evaluation);

// Grades of one column: empty `floor` for the evaluated engine, else the floor of that name.
std::vector<const Grade*> grades_of(const Evaluation& evaluation, const std::string& floor);

// The floors an evaluation has.
std::vector<std::string> floors_of(const Evaluation& evaluation);

struct Calibrated {
  struct Bin {
    double from = 0, to = 0, stated = 0;  // stated: mean confidence
    Share share;
  };
  std::vector<Bin> bins;  // those with cases
  double error = 0;  // expected calibration error: mean of |stated - right| over the bins, by their cases
  std::uint64_t cases = 0;
};

// Confidence against cause, in ten bins of equal width (Naeini et al., AAAI 2015). Failed runs state none.
Calibrated calibration_of(const Evaluation& evaluation);

struct Recall {
  std::uint32_t tokens = 0;
  Share share;
};
std::vector<Recall> recall_of(const Evaluation& evaluation);

}  // namespace carrel
