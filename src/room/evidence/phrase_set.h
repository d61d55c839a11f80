// PhraseSet: which of a fixed set of phrases stand in a text, found in one pass whatever their number.
//
// Phrases are lower case and the text's ASCII case is folded. A phrase that begins with '<' must begin, one
// that ends with '>' must end, at the border of a word (letters, digits, '_'): "<oom>" is not found in "room"
// or "zoom". The automaton is that of Aho and Corasick (Communications of the ACM 18(6), 1975) with all
// transitions filled in.
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

  explicit PhraseSet(const std::vector<std::string>& phrases);

  // Every occurrence, in the order of their ends.
  void find(std::string_view text, std::vector<Match>* matches) const;

 private:
  struct Phrase {
    std::uint32_t length;
    bool at_word_begin;
    bool at_word_end;
  };
  std::vector<Phrase> phrases_;
  std::vector<std::uint8_t> symbols_;             // byte -> column
  std::uint32_t columns_ = 1;                     // column 0: bytes of no phrase
  std::vector<std::uint32_t> next_;               // state * columns_ + column -> state
  std::vector<std::uint32_t> suffix_;             // the longest proper suffix that ends a phrase, 0: none
  std::vector<std::vector<std::uint32_t>> ends_;  // phrases that end in this state
};

}  // namespace carrel
