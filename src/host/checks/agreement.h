// From several answers to the same question to the one that most agree with.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "record/answer.h"

namespace carrel {

struct Agreement {
  std::size_t chosen = 0;                       // index of the answer that stands for the others
  std::vector<bool> agrees;                     // by answer: has the chosen one's verdict and grounds
  std::size_t count = 0;                        // how many agree, the chosen one included
  std::map<std::string, std::size_t> support;   // by evidence id of the chosen one: how many answers cite it
  std::map<std::string, std::size_t> commands;  // by command of the chosen one: how many answers have it
};

// Two answers agree where their verdicts are the same and they share cited lines: at least one line, and at
// least a third of all the lines the two cite; without any citations, the verdict alone decides. The chosen
// answer is the one that most others agree with, the first of equals. Of no answers nothing is chosen
// (`count` 0). Deterministic.
Agreement agreement_of(const std::vector<Answer>& answers);

// The same of answers that may be missing: null where a try came to no answer. They agree with nothing.
Agreement agreement_of(const std::vector<const Answer*>& answers);

}  // namespace carrel
