#include "host/review/word_diff.h"

#include <algorithm>
#include <string_view>

namespace carrel {
namespace {

constexpr std::size_t most_compared_words = 1000;

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  while (!text.empty()) {
    const auto end = std::min(text.find_first_of(" \t\n"), text.size());
    if (end > 0) words.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

// Lengths of the longest common subsequence of the words from i and from j on, a row for each i.
std::vector<std::vector<std::uint16_t>> common_lengths(const std::vector<std::string_view>& a,
                                                       const std::vector<std::string_view>& b) {
  std::vector<std::vector<std::uint16_t>> length(a.size() + 1, std::vector<std::uint16_t>(b.size() + 1, 0));
  for (std::size_t i = a.size(); i-- > 0;) {
    for (std::size_t j = b.size(); j-- > 0;) {
      length[i][j] = a[i] == b[j] ? static_cast<std::uint16_t>(length[i + 1][j + 1] + 1)
                                  : std::max(length[i + 1][j], length[i][j + 1]);
    }
  }
  return length;
}

void add(std::vector<WordPiece>* pieces, WordPiece::Kind kind, std::string_view word) {
  if (pieces->empty() || pieces->back().kind != kind) {
    pieces->push_back({kind, std::string(word)});
  } else {
    pieces->back().text += ' ';
    pieces->back().text += word;
  }
}

}  // namespace

std::vector<WordPiece> word_diff(const std::string& before, const std::string& after) {
  using Kind = WordPiece::Kind;
  std::vector<WordPiece> pieces;
  const auto a = words_of(before), b = words_of(after);
  if (a.size() > most_compared_words || b.size() > most_compared_words) {
    if (before == after) return {{Kind::same, before}};
    return {{Kind::removed, before}, {Kind::added, after}};
  }
  const auto length = common_lengths(a, b);
  std::size_t i = 0, j = 0;
  while (i < a.size() || j < b.size()) {
    if (i < a.size() && j < b.size() && a[i] == b[j]) {
      add(&pieces, Kind::same, a[i]);
      ++i, ++j;
      continue;
    }
    // All that goes until the next common word, then all that comes.
    std::vector<std::string_view> added;
    while (i < a.size() || j < b.size()) {
      if (i < a.size() && j < b.size() && a[i] == b[j]) break;
      if (j >= b.size() || (i < a.size() && length[i + 1][j] >= length[i][j + 1])) {
        add(&pieces, Kind::removed, a[i++]);
      } else {
        added.push_back(b[j++]);
      }
    }
    for (const std::string_view word : added) add(&pieces, Kind::added, word);
  }
  return pieces;
}

double likeness(const std::string& before, const std::string& after) {
  const auto a = words_of(before), b = words_of(after);
  if (a.empty() && b.empty()) return 1;
  if (a.size() > most_compared_words || b.size() > most_compared_words) return before == after ? 1 : 0;
  const std::size_t common = common_lengths(a, b)[0][0];
  return 2.0 * static_cast<double>(common) / static_cast<double>(a.size() + b.size());
}

}  // namespace carrel
