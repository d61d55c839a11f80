#include "base/phrase_set.h"

#include <utility>

namespace carrel {
namespace {

std::uint8_t folded(char c) {
  return static_cast<std::uint8_t>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

bool in_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

}  // namespace

PhraseSet::PhraseSet(const std::vector<std::string>& phrases) : symbols_(256, 0) {
  std::vector<std::string> bare;
  for (const std::string& phrase : phrases) {
    std::string_view text = phrase;
    const bool begin = text.size() > 1 && text.front() == '<';
    const bool end = text.size() > 1 && text.back() == '>';
    if (begin) text.remove_prefix(1);
    if (end) text.remove_suffix(1);
    phrases_.push_back({static_cast<std::uint32_t>(text.size()), begin, end});
    bare.emplace_back(text);
    for (char c : text) {
      std::uint8_t& symbol = symbols_[folded(c)];
      if (symbol == 0) symbol = static_cast<std::uint8_t>(columns_++);
    }
  }
  for (int c = 'A'; c <= 'Z'; ++c) symbols_[c] = symbols_[c - 'A' + 'a'];

  next_.assign(columns_, 0);
  ends_.resize(1);
  for (std::uint32_t index = 0; index < bare.size(); ++index) {
    std::uint32_t state = 0;
    for (char c : bare[index]) {
      const std::size_t at = std::size_t{state} * columns_ + symbols_[folded(c)];
      if (next_[at] == 0) {
        next_[at] = static_cast<std::uint32_t>(ends_.size());
        ends_.emplace_back();
        next_.resize(ends_.size() * columns_, 0);
      }
      state = next_[at];
    }
    if (state != 0) ends_[state].push_back(index);
  }

  // Breadth first: a state's missing transitions are those of its longest proper suffix.
  std::vector<std::uint32_t> fail(ends_.size(), 0);
  suffix_.assign(ends_.size(), 0);
  std::vector<std::uint32_t> queue;
  for (std::uint32_t column = 1; column < columns_; ++column) {
    if (next_[column] != 0) queue.push_back(next_[column]);
  }
  for (std::size_t head = 0; head < queue.size(); ++head) {
    const std::uint32_t state = queue[head];
    suffix_[state] = ends_[fail[state]].empty() ? suffix_[fail[state]] : fail[state];
    for (std::uint32_t column = 1; column < columns_; ++column) {
      std::uint32_t& child = next_[std::size_t{state} * columns_ + column];
      const std::uint32_t other = next_[std::size_t{fail[state]} * columns_ + column];
      if (child == 0) {
        child = other;
      } else {
        fail[child] = other;
        queue.push_back(child);
      }
    }
  }

  // Numbered anew breadth first: the few states near the start, where texts are most of the time, then stand
  // together in memory. A row instead of a number saves a multiplication for each byte of every text.
  std::vector<std::uint32_t> rank(ends_.size(), 0);
  for (std::size_t i = 0; i < queue.size(); ++i) rank[queue[i]] = static_cast<std::uint32_t>(i + 1);
  std::vector<State> rows(next_.size());
  std::vector<std::uint32_t> suffixes(suffix_.size());
  std::vector<std::vector<std::uint32_t>> endings(ends_.size());
  const auto ends_phrase = [this](std::size_t state) { return !ends_[state].empty() || suffix_[state] != 0; };
  for (std::size_t state = 0; state < ends_.size(); ++state) {
    for (std::size_t column = 0; column < columns_; ++column) {
      const std::uint32_t to = next_[state * columns_ + column];
      rows[rank[state] * columns_ + column] = rank[to] * columns_ | (ends_phrase(to) ? ends_here : 0);
    }
    suffixes[rank[state]] = rank[suffix_[state]];
    endings[rank[state]] = ends_[state];
  }
  next_ = std::move(rows);
  suffix_ = std::move(suffixes);
  ends_ = std::move(endings);
}

std::size_t PhraseSet::advance(std::string_view text, std::size_t at, std::size_t to, State* state,
                               bool* ends) const {
  const State* const next = next_.data();
  const std::uint8_t* const symbols = symbols_.data();
  State row = *state;
  State cell = 0;
  while (at < to) {
    cell = next[row + symbols[static_cast<std::uint8_t>(text[at])]];
    row = cell & ~ends_here;
    ++at;
    if ((cell & ends_here) != 0) break;
  }
  *state = row;
  *ends = (cell & ends_here) != 0;
  return at;
}

void PhraseSet::ended(State state, std::vector<std::uint32_t>* phrases) const {
  phrases->clear();
  for (std::uint32_t ending = state / columns_; ending != 0; ending = suffix_[ending]) {
    phrases->insert(phrases->end(), ends_[ending].begin(), ends_[ending].end());
  }
}

void PhraseSet::find(std::string_view text, std::vector<Match>* matches) const {
  matches->clear();
  State state = start;
  for (std::size_t at = 0; at < text.size();) {
    bool ends = false;
    at = advance(text, at, text.size(), &state, &ends);
    if (!ends) break;
    for (std::uint32_t ending = state / columns_; ending != 0; ending = suffix_[ending]) {
      for (std::uint32_t index : ends_[ending]) {
        const Phrase& phrase = phrases_[index];
        const std::size_t begin = at - phrase.length;
        if (phrase.at_word_begin && begin > 0 && in_word(text[begin - 1])) continue;
        if (phrase.at_word_end && at < text.size() && in_word(text[at])) continue;
        matches->push_back({index, static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(at)});
      }
    }
  }
}

bool PhraseSet::found_in(std::string_view text) const {
  std::vector<Match> matches;
  find(text, &matches);
  return !matches.empty();
}

}  // namespace carrel
