#include "base/code_points.h"

#include <algorithm>

#include "base/text.h"

namespace carrel {
namespace {

// The code point of a sequence of this length (utf8_length).
char32_t decoded(std::string_view text, std::size_t length) {
  const auto byte = [&](std::size_t i) { return static_cast<char32_t>(static_cast<unsigned char>(text[i])); };
  if (length == 0) return U'\ufffd';
  if (length == 1) return byte(0);
  char32_t point = byte(0) & (0x7fU >> length);
  for (std::size_t i = 1; i < length; ++i) point = point << 6 | (byte(i) & 0x3f);
  return point;
}

}  // namespace

std::u32string to_code_points(std::string_view text) {
  std::u32string points;
  points.reserve(text.size());
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    points += decoded(text, length);
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return points;
}

bool is_white_space(char32_t point) {
  return (point >= 0x09 && point <= 0x0d) || (point >= 0x1c && point <= 0x20) || point == 0x85 ||
         point == 0xa0 || point == 0x1680 || (point >= 0x2000 && point <= 0x200a) || point == 0x2028 ||
         point == 0x2029 || point == 0x202f || point == 0x205f || point == 0x3000;
}

std::string fold_white_space(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  bool space = false;
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    if (is_white_space(decoded(text, length))) {
      space = true;
    } else {
      if (space && !out.empty()) out += ' ';
      space = false;
      out += length == 0 ? std::string_view("\xef\xbf\xbd") : text.substr(0, length);  // U+FFFD
    }
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return out;
}

}  // namespace carrel
