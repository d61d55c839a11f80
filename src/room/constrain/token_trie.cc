#include <algorithm>
#include <map>
#include <utility>

#include "base/text.h"
#include "room/constrain/mask.h"

namespace carrel {
namespace {

// The first bytes of a text that any place inside a JSON string takes as they are: whole code points, no
// quote, no backslash, no control character.
struct Plain {
  std::size_t bytes = 0;
  std::uint32_t code_points = 0;
};

Plain plain_beginning(std::string_view text) {
  Plain plain;
  while (plain.bytes < text.size()) {
    const auto byte = static_cast<unsigned char>(text[plain.bytes]);
    const std::size_t length = utf8_length(text.substr(plain.bytes));
    if (length == 0 || byte < 0x20 || byte == '"' || byte == '\\') break;
    plain.bytes += length;
    ++plain.code_points;
  }
  return plain;
}

using Entry = std::pair<std::string_view, std::uint32_t>;  // a text, and what ends with it

TokenTrie::Part build(const std::vector<Entry>& sorted) {
  TokenTrie::Part part;
  part.nodes.emplace_back();
  std::vector<std::uint32_t> open = {0};  // the root, and the nodes of the last text's bytes
  const auto close_to = [&](std::size_t depth) {
    for (; open.size() > depth + 1; open.pop_back())
      part.nodes[open.back()].behind = static_cast<std::uint32_t>(part.nodes.size());
  };
  std::string_view last;
  for (const auto& [text, token] : sorted) {
    const auto unlike = std::mismatch(text.begin(), text.end(), last.begin(), last.end()).first;
    const auto same = static_cast<std::size_t>(unlike - text.begin());
    close_to(same);
    for (std::size_t depth = same; depth < text.size(); ++depth) {
      open.push_back(static_cast<std::uint32_t>(part.nodes.size()));
      part.nodes.push_back(
          {0, static_cast<std::uint32_t>(part.tokens.size()), static_cast<unsigned char>(text[depth])});
    }
    part.tokens.push_back(token);
    last = text;
  }
  close_to(0);
  const auto end = static_cast<std::uint32_t>(part.nodes.size());
  part.nodes.front().behind = end;
  part.nodes.push_back({end, static_cast<std::uint32_t>(part.tokens.size()), 0});
  return part;
}

void find_letters(const std::vector<Entry>& sorted, TokenTrie::Part* part) {
  for (const auto& [text, token] : sorted) {
    TokenTrie::Part::Text& counted = part->texts.emplace_back();
    for (const char c : text) {
      counted.letters |= letter_of(static_cast<unsigned char>(c));
      counted.code_points += (c & 0xc0) != 0x80 ? 1 : 0;
    }
  }
  const std::vector<TokenTrie::Node>& nodes = part->nodes;
  part->below.resize(nodes.size());
  for (auto at = static_cast<std::uint32_t>(nodes.size()) - 1; at-- > 0;) {
    TokenTrie::Part::Below& below = part->below[at];
    for (std::uint32_t child = at + 1; child < nodes[at].behind; child = nodes[child].behind) {
      below.letters |= part->below[child].letters | letter_of(nodes[child].byte);
      below.height = std::max(below.height, part->below[child].height + 1);
    }
  }
}

}  // namespace

TokenTrie::TokenTrie(const std::vector<std::string>& bytes) : vocabulary_(bytes.size()) {
  std::vector<Entry> all, plain, heads, rest;
  for (std::uint32_t token = 0; token < bytes.size(); ++token) {
    if (!bytes[token].empty()) all.emplace_back(bytes[token], token);
  }
  std::sort(all.begin(), all.end());
  all_ = build(all);

  std::vector<std::pair<std::uint32_t, std::uint32_t>> counted;  // code points, token
  std::map<std::string_view, std::uint32_t> tails;
  for (const auto& [text, token] : all) {
    const Plain beginning = plain_beginning(text);
    if (beginning.bytes == text.size()) {
      counted.emplace_back(beginning.code_points, token);
      plain.emplace_back(text, token);
    } else if (text[beginning.bytes] == '"') {
      const auto fresh = static_cast<std::uint32_t>(tails.size());
      const std::uint32_t tail = tails.try_emplace(text.substr(beginning.bytes), fresh).first->second;
      heads.emplace_back(text.substr(0, beginning.bytes), static_cast<std::uint32_t>(endings_.size()));
      endings_.push_back({token, tail, beginning.code_points});
    } else {
      rest.emplace_back(text, token);
    }
  }
  std::sort(heads.begin(), heads.end());  // the quote was part of the order
  tails_.resize(tails.size());
  for (const auto& [text, number] : tails) tails_[number] = text;
  plain_part_ = build(plain);
  heads_ = build(heads);
  rest_ = build(rest);
  find_letters(plain, &plain_part_);
  find_letters(heads, &heads_);
  std::sort(counted.begin(), counted.end());
  plain_.assign(1, std::vector<bool>(vocabulary_, false));
  for (const auto& [count, token] : counted) {
    while (plain_.size() <= count) plain_.push_back(plain_.back());
    plain_[count][token] = true;
  }
}

void TokenTrie::set_plain(std::uint32_t code_points, std::vector<bool>* mask) const {
  const std::size_t size = mask->size();
  *mask = plain_[std::min(code_points, longest_plain())];
  mask->resize(size, false);
}

}  // namespace carrel
