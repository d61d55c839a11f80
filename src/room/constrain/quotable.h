// The evidence lines as far as an answer may quote them: their bytes, with those that JSON as Carrel writes
// it cannot hold (invalid UTF-8, control characters but line break and tab) in the role of borders.
//
// Immutable after construction. A line has at most limit::quote bytes, so looking for words in it is a search
// from its start and nothing is prepared for it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "room/constrain/byte_set.h"

namespace carrel {

class QuotableLines {
 public:
  static constexpr std::uint32_t none = UINT32_MAX;

  explicit QuotableLines(const std::vector<std::string_view>& lines);

  // Lines are numbered from 1, as ids are.
  std::string_view line(std::uint32_t number) const {
    return {text_.data() + starts_[number - 1], starts_[number] - starts_[number - 1]};
  }
  // The numbers of the lines, in order, that have no `least` code points in a row without a border.
  std::vector<std::uint32_t> too_short(std::uint32_t least) const;

  // Where the line has the `size` bytes at `start` with `byte` behind them, and behind that at least `more`
  // code points up to the next border; `none` where it does not. `start` is the first place of those bytes.
  std::uint32_t find(std::uint32_t number, std::uint32_t start, std::uint32_t size, unsigned char byte,
                     std::uint32_t more) const;
  // Adds the bytes that may stand behind these, and perhaps some that find() refuses.
  void add_next(std::uint32_t number, std::uint32_t start, std::uint32_t size, ByteSet* out) const;
  // The bytes of the next `count` code points from a place.
  std::string_view next(std::uint32_t number, std::uint32_t place, std::uint32_t count) const;
  // The first `count` code points in a row of the line: where they begin.
  std::uint32_t first_run(std::uint32_t number, std::uint32_t count) const;

 private:
  std::string text_;
  std::vector<std::uint32_t> starts_;   // of each line; one more at the end
  std::vector<std::uint32_t> longest_;  // code points without a border, of each line
};

}  // namespace carrel
