#include "base/brief.h"

#include "base/ascii.h"
#include "base/text.h"

namespace carrel {
namespace {

constexpr std::size_t long_word = 24;
constexpr std::size_t longest_word = 64;  // of a host, say

bool inside_word(char c) {
  return is_letter(c) || is_digit(c) || c == '_' || c == '-' || c == '.' ||
         (static_cast<unsigned char>(c) & 0x80) != 0;
}

}  // namespace

std::string_view cut_words(std::string_view text, std::size_t limit) {
  const std::string_view cut = cut_utf8(text, limit);
  if (cut.size() == text.size()) return cut;
  std::size_t end = cut.size();
  while (end > 0 && end + long_word > cut.size() && inside_word(text[end - 1]) && inside_word(text[end]))
    --end;
  return end == 0 || end + long_word <= cut.size() ? cut : cut.substr(0, end);
}

std::string brief(std::string_view text, std::size_t limit) {
  std::string line;
  for (const char c : trim(text)) {
    const bool blank = c == '\n' || c == '\t' || c == '\r' || c == ' ';
    if (blank && (line.empty() || line.back() == ' ')) continue;
    line += blank ? ' ' : c;
  }
  if (line.size() <= limit) return line;
  if (limit < 4) return std::string(cut_utf8(line, limit));
  constexpr std::string_view gap = "...";
  // A wrapped error tells its cause last.
  const std::size_t tail = limit < 80 ? 0 : (limit - 2 * gap.size()) * 3 / 5;
  std::string cut(cut_utf8(line, limit - gap.size() - (tail > 0 ? tail + gap.size() : 0)));
  const auto word = cut.rfind(' ');
  if (word != std::string::npos && word + long_word > cut.size()) cut.resize(word + (tail > 0 ? 1 : 0));
  cut += gap;
  if (tail == 0) return cut;
  std::size_t from = cut_utf8(line, line.size() - tail).size();
  const auto begin = line.find(' ', from);
  if (begin != std::string::npos && begin < from + long_word) {
    from = begin;
  } else {
    // Not with the end of a word, which nobody has written.
    std::size_t behind = from;
    while (behind < line.size() && behind < from + longest_word && inside_word(line[behind])) ++behind;
    if (behind < from + longest_word) from = behind;
  }
  return cut.append(line, from);
}

}  // namespace carrel
