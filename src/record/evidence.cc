#include "record/evidence.h"

#include <charconv>

#include <fmt/format.h>

namespace carrel {

std::string evidence_id(std::size_t index, std::size_t count) {
  const int width = count < 1000 ? 3 : 4;
  static_assert(limit::evidence_lines < 10'000, "four digits number every line");
  return fmt::format("E{:0{}}", index + 1, width);
}

std::size_t evidence_index(const std::string& id, std::size_t count) {
  std::size_t number = 0;
  const char* end = id.data() + id.size();
  if (id.size() < 2 || id[0] != 'E') return count;
  const auto [rest, error] = std::from_chars(id.data() + 1, end, number);
  if (error != std::errc() || rest != end || number == 0 || number > count) return count;
  return evidence_id(number - 1, count) == id ? number - 1 : count;
}

std::string text_of(const Address& at) {
  std::string text = fmt::format("{}:{}", at.file, at.line);
  if (at.end_line > at.line) text += fmt::format("-{}", at.end_line);
  return text;
}

}  // namespace carrel
