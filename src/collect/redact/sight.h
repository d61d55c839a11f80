// What the finders of secrets look at, and what they answer.
//
// A finder is called with an anchor (a phrase that was found) and the text around it: at most `sight_behind`
// bytes before the anchor's end and `sight_ahead` behind it. It may use nothing else, so that what it decides
// does not depend on how the stream was cut into pieces. Positions are bytes within `Sight::text`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace carrel {

inline constexpr std::size_t sight_behind = 4 << 10;
inline constexpr std::size_t sight_ahead = 64 << 10;

struct Span {
  std::size_t begin = 0;
  std::size_t end = 0;
  bool empty() const { return begin >= end; }
  std::size_t size() const { return end - begin; }
};

inline std::string_view piece(std::string_view text, Span span) {
  return text.substr(span.begin, span.size());
}

// Where a value ends that goes on beyond what can be seen.
enum class Until : std::uint8_t {
  seen,   // it was seen to its end
  quote,  // at its closing quote, or at the end of the line
  word,   // at white space, a quote or a comma
  line,   // at the end of the line
  block,  // at the first line that is indented less
  key,    // at the first line that cannot belong to a private key
};

struct Sight {
  std::string_view text;
  Span anchor;
  bool to_end = false;  // the text's end is the input's
};

struct Mask {
  Span span;
  std::string_view label;  // which class of secret it is: part of the pseudonym
  std::string value;       // what it stands for, where that is not the bytes as they are
  Until until = Until::seen;
  unsigned depth = 0;  // backslashes before the quote, or the least indentation of the block
  bool whole = true;   // false: where a part is masked already, the rest is no secret
};

using Masks = std::vector<Mask>;

}  // namespace carrel
