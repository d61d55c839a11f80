// From several answers to the same question to the one that most agree with. Both sides of the wall use it:
// the room to end tries that can change nothing any more, the host, which does not take the room's word, to
// choose.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "record/answer.h"

namespace carrel {

// What one try says; no answer where it came to none.
struct Vote {
  std::optional<Answer> answer;
  bool whole = true;  // false: stopped once its vote was known, so it cannot stand for the others
};

struct Agreement {
  std::size_t chosen = 0;    // index of the vote that stands for the others
  std::vector<bool> agrees;  // by vote: has the chosen one's verdict and grounds
  std::size_t count = 0;     // how many agree, the chosen one included; 0: nothing is chosen
  std::size_t voted = 0;     // how many came to an answer
  std::size_t whole = 0;     // and how many of those to its end, commands included
  std::map<std::string, std::size_t> support;   // by evidence id of the chosen one: how many cite it
  std::map<std::string, std::size_t> commands;  // by command of the chosen one: how many have it
};

// Two answers agree where their verdicts are the same and they share cited lines: at least one line, and at
// least a third of all the lines the two cite; without any citations, the verdict alone decides. The chosen
// answer is the whole one that most others agree with, the first of equals. Deterministic.
Agreement agreement_of(const std::vector<Vote>& votes);

// True where a text, the beginning of an answer in JSON, holds all that its vote is made of: the members
// "evidence" and "verdict", both to their end. Whatever follows, the vote stays the same.
bool holds_vote(std::string_view text);

}  // namespace carrel
