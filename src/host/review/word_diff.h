// The difference of two texts in words, for a person to read.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace carrel {

// Of two texts that are one, reworded; of texts that are less alike the common words are chance, and each is
// told whole.
constexpr double least_likeness = 0.4;

struct WordPiece {
  enum class Kind : std::uint8_t { same, removed, added };
  Kind kind = Kind::same;
  std::string text;  // words with blanks between
  bool operator==(const WordPiece&) const = default;
};

// The pieces in reading order, what was removed before what was added in its place. Texts of more than 1,000
// words are told as removed and added whole.
std::vector<WordPiece> word_diff(const std::string& before, const std::string& after);

// The share of words that both have, in order: 1 for the same text, 0 for nothing in common.
double likeness(const std::string& before, const std::string& after);

}  // namespace carrel
