// PhraseSet: which of a fixed set of phrases stand in a text, found in one pass whatever their number.
//
// Phrases are lower case and the text's ASCII case is folded. A phrase that begins with '<' must begin, one
// that ends with '>' must end, at the border of a word (letters, digits, '_'): "<oom>" is not found in "room"
// or "zoom". The automaton is that of Aho and Corasick (Communications of the ACM 18(6), 1975) with all
// transitions filled in. Thread-safe once made.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace carrel {

class PhraseSet {
 public:
  struct Match {
    std::uint32_t phrase;  // index of the phrase as given
    std::uint32_t begin;   // bytes
    std::uint32_t end;
  };
  // Where a reading of a stream stands: between two bytes, with what came before.
  using State = std::uint32_t;
  static constexpr State start = 0;

  explicit PhraseSet(const std::vector<std::string>& phrases);

  // Every occurrence, in the order of their ends.
  void find(std::string_view text, std::vector<Match>* matches) const;

  // True where one of them does.
  bool found_in(std::string_view text) const;

  // For a text that comes in pieces: reads `text` from `at` on and stops behind the first byte that ends a
  // phrase, or at `to`. Returns where it stopped; `*ends` says whether a phrase does. Borders of words are
  // the caller's to look at.
  std::size_t advance(std::string_view text, std::size_t at, std::size_t to, State* state, bool* ends) const;
  // The phrases that end in this state, the longest first.
  void ended(State state, std::vector<std::uint32_t>* phrases) const;

 private:
  static constexpr State ends_here = 1U << 31;

  struct Phrase {
    std::uint32_t length;
    bool at_word_begin;
    bool at_word_end;
  };
  std::vector<Phrase> phrases_;
  std::vector<std::uint8_t> symbols_;             // byte -> column
  std::uint32_t columns_ = 1;                     // column 0: bytes of no phrase
  std::vector<State> next_;                       // of row `state` and column: the next row, and ends_here
  std::vector<std::uint32_t> suffix_;             // the longest proper suffix that ends a phrase, 0: none
  std::vector<std::vector<std::uint32_t>> ends_;  // phrases that end in this state
};

}  // namespace carrel
