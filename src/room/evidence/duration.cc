#include "room/evidence/duration.h"

#include <algorithm>
#include <cstdlib>
#include <string>

namespace carrel {
namespace {

bool in_word_or_dot(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
}

}  // namespace

double longest_time(std::string_view text) {
  double longest = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] < '0' || text[at] > '9' || (at > 0 && in_word_or_dot(text[at - 1]))) continue;
    char* end = nullptr;
    const std::string number(text.substr(at, 16));
    const double value = std::strtod(number.c_str(), &end);
    std::string_view unit =
        text.substr(std::min(text.size(), at + static_cast<std::size_t>(end - number.c_str())));
    if (unit.starts_with(' ')) unit.remove_prefix(1);
    const auto is = [&](std::string_view name) {
      return unit.starts_with(name) && (unit.size() == name.size() || !in_word_or_dot(unit[name.size()]));
    };
    if (is("ms")) longest = std::max(longest, value / 1000);
    if (is("s") || is("sec") || is("seconds")) longest = std::max(longest, value);
  }
  return longest;
}

}  // namespace carrel
