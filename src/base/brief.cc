#include "base/brief.h"

#include "base/text.h"

namespace carrel {

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
  constexpr std::size_t long_word = 24;
  // A wrapped error tells its cause last.
  const std::size_t tail = limit < 80 ? 0 : (limit - 2 * gap.size()) * 3 / 5;
  std::string cut(cut_utf8(line, limit - gap.size() - (tail > 0 ? tail + gap.size() : 0)));
  const auto word = cut.rfind(' ');
  if (word != std::string::npos && word + long_word > cut.size()) cut.resize(word + (tail > 0 ? 1 : 0));
  cut += gap;
  if (tail == 0) return cut;
  std::size_t from = cut_utf8(line, line.size() - tail).size();
  const auto begin = line.find(' ', from);
  if (begin != std::string::npos && begin < from + long_word) from = begin;
  return cut.append(line, from);
}

}  // namespace carrel
