#include <algorithm>
#include <numeric>

#include "base/text.h"
#include "room/constrain/mask.h"

namespace carrel {
namespace {

// The code points of a token that any place inside a JSON string takes as it is: whole code points, no quote,
// no backslash, no control character. 0 for all other tokens.
std::uint32_t plain_code_points(std::string_view bytes) {
  std::uint32_t count = 0;
  for (std::size_t i = 0; i < bytes.size(); ++count) {
    const auto byte = static_cast<unsigned char>(bytes[i]);
    const std::size_t length = utf8_length(bytes.substr(i));
    if (length == 0 || byte < 0x20 || byte == '"' || byte == '\\') return 0;
    i += length;
  }
  return count;
}

}  // namespace

TokenTrie::TokenTrie(const std::vector<std::string>& bytes) : vocabulary_(bytes.size()) {
  std::vector<std::uint32_t> sorted;
  for (std::uint32_t token = 0; token < bytes.size(); ++token) {
    if (!bytes[token].empty()) sorted.push_back(token);
  }
  std::sort(sorted.begin(), sorted.end(), [&](std::uint32_t a, std::uint32_t b) {
    return bytes[a] != bytes[b] ? bytes[a] < bytes[b] : a < b;
  });
  all_ = build(bytes, sorted);

  std::vector<std::uint32_t> other, plain_tokens;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> plain;  // code points, token
  for (const std::uint32_t token : sorted) {
    const std::uint32_t count = plain_code_points(bytes[token]);
    if (count == 0) {
      other.push_back(token);
    } else {
      plain.emplace_back(count, token);
      plain_tokens.push_back(token);
    }
  }
  other_ = build(bytes, other);
  plain_part_ = build(bytes, plain_tokens);
  std::sort(plain.begin(), plain.end());
  plain_.assign(1, std::vector<bool>(vocabulary_, false));
  for (const auto& [count, token] : plain) {
    while (plain_.size() <= count) plain_.push_back(plain_.back());
    plain_[count][token] = true;
  }
}

TokenTrie::Part TokenTrie::build(const std::vector<std::string>& bytes,
                                 const std::vector<std::uint32_t>& sorted) {
  Part part;
  part.tokens = sorted;
  part.nodes.emplace_back();
  // Level by level, so that the children of a node are consecutive. A node stands for the range of sorted
  // tokens that begin with its bytes.
  struct Range {
    std::uint32_t begin, end;
  };
  std::vector<Range> ranges = {{0, static_cast<std::uint32_t>(sorted.size())}};
  std::size_t depth = 0;
  for (std::size_t level = 0, level_end = 1; level < part.nodes.size();
       ++depth, level_end = part.nodes.size()) {
    for (; level < level_end; ++level) {
      auto [at, end] = ranges[level];
      part.nodes[level].first_token = at;
      while (at < end && bytes[sorted[at]].size() == depth) ++at;
      part.nodes[level].ends = at - part.nodes[level].first_token;
      part.nodes[level].first_child = static_cast<std::uint32_t>(part.nodes.size());
      while (at < end) {
        const char byte = bytes[sorted[at]][depth];
        Range range = {at, at};
        while (range.end < end && bytes[sorted[range.end]][depth] == byte) ++range.end;
        Node child;
        child.byte = static_cast<unsigned char>(byte);
        part.nodes.push_back(child);
        ranges.push_back(range);
        at = range.end;
      }
      part.nodes[level].children =
          static_cast<std::uint32_t>(part.nodes.size()) - part.nodes[level].first_child;
    }
  }
  return part;
}

void TokenTrie::set_plain(std::uint32_t code_points, std::vector<bool>* mask) const {
  const std::size_t size = mask->size();
  *mask = plain_[std::min(code_points, longest_plain())];
  mask->resize(size, false);
}

}  // namespace carrel
