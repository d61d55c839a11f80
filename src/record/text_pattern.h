// The patterns that a string of an answer may be held to: a safe part of ECMA 262's regular expressions (the
// ones of JSON Schema), as an automaton without backtracking. No text makes it slow.
//
// Supported: ^ at the start and $ at the end (both must stand there), printable ASCII, escapes of punctuation
// and \d \w, classes with ranges and negated ones, groups ( ) and (?: ), alternatives inside a group, and the
// quantifiers ? * + {n} {n,} {n,m}. Anything else is a mistake with its place: a dot (it means other things
// to other readers: write [^\n]), looking around, back references, lazy quantifiers, letters beyond ASCII. A
// negated class takes every code point that it does not name, but for control characters other than line
// break and tab, which no answer holds. A pattern goes with a smallest and a largest
// length in code points, and every state that is offered can still be completed within them.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace carrel {

// A coarse alphabet, in which sets of characters fit into a number: each ASCII letter and each frequent mark
// of its own, all digits together, other marks together, all code points beyond ASCII together.
using Letters = std::uint64_t;
Letters letter_of(unsigned char byte);

class TextPattern {
 public:
  using State = std::uint16_t;
  static constexpr State none = UINT16_MAX;

  // `least`, `most`: code points. Errors (bad_input) say what is wrong, and where in the pattern.
  static Result<std::shared_ptr<const TextPattern>> make(std::string_view pattern, std::uint32_t least,
                                                         std::uint32_t most);

  // True where the text, valid UTF-8, is of the pattern and has a right length.
  bool holds(std::string_view text) const;

  // Walking: from start(), a code point at a time; `written` counts those that were. The state behind one
  // that is ASCII, or any other; `none` where it is not allowed or nothing could be completed behind it.
  State start() const { return 0; }
  State after(State state, unsigned char ascii, std::uint32_t written) const {
    return checked(next_[state * symbols + ascii], written);
  }
  State after_other(State state, std::uint32_t written) const {
    return checked(next_[state * symbols + other], written);
  }
  bool may_end(State state, std::uint32_t written) const { return accepts_[state] && written >= least_; }
  // All letters of which some state takes a character.
  Letters alphabet() const { return alphabet_; }
  // Every text of at most `steps` code points of these letters may follow.
  struct Run {
    Letters letters = 0;
    std::uint32_t steps = 0;
  };
  // With `ending`, the string may end behind each of these texts too, but for the empty one. For at most
  // `steps`; not always the largest there is.
  Run run(State state, std::uint32_t written, std::uint32_t steps, bool ending) const;
  // The shortest JSON text (in bytes) of the rest, without the closing quote.
  std::string rest(State state, std::uint32_t written) const;

 private:
  // The alphabet: ASCII, and one symbol for all other code points, which no pattern tells apart.
  static constexpr std::size_t other = 128, symbols = 129;
  static constexpr std::uint32_t impossible = UINT32_MAX;

  State checked(State state, std::uint32_t written) const {
    return state == none || written >= most_ || cost(state, written + 1) == impossible ? none : state;
  }
  // Bytes of the shortest rest behind so many code points.
  std::uint32_t cost(State state, std::uint32_t written) const {
    return costs_[state * (std::size_t{most_} + 1) + written];
  }
  void find_costs();
  void find_ways();

  std::uint32_t least_ = 0, most_ = 0;
  std::vector<State> next_;  // [state * symbols + symbol]
  std::vector<bool> accepts_;
  std::vector<std::uint32_t> costs_;  // [state * (most + 1) + written]
  // By state, for run(): where it leads and by which letters, and the letters of which every character leads
  // somewhere.
  struct Way {
    State to;
    Letters by;
  };
  std::vector<std::vector<Way>> ways_;
  std::vector<Letters> whole_;
  Letters alphabet_ = 0;

  friend class PatternBuilder;
};

}  // namespace carrel
