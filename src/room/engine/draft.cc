#include "room/engine/draft.h"

#include <algorithm>

namespace carrel {
namespace {

constexpr std::size_t longest_match = 4;  // tokens
constexpr std::size_t shortest_match = 2;

}  // namespace

Tokens look_up(std::span<const Token> tail, const std::vector<std::span<const Token>>& sources,
               std::size_t most) {
  for (std::size_t size = std::min(longest_match, tail.size()); size >= shortest_match; --size) {
    const std::span<const Token> wanted = tail.last(size);
    for (const std::span<const Token> source : sources) {
      // Something must follow, so the last token is no part of a match.
      if (source.size() <= size) continue;
      const auto found = std::find_end(source.begin(), source.end() - 1, wanted.begin(), wanted.end());
      if (found == source.end() - 1) continue;
      const auto follows = found + static_cast<std::ptrdiff_t>(size);
      const auto count = std::min<std::ptrdiff_t>(source.end() - follows, static_cast<std::ptrdiff_t>(most));
      return Tokens(follows, follows + count);
    }
  }
  return {};
}

Tokens allowed_of(const Tokens& tokens, const Engine& engine, const Constraint& constraint) {
  const std::unique_ptr<Constraint> ahead = constraint.clone();
  std::size_t count = 0;
  while (count < tokens.size() && ahead->accept(engine.bytes(tokens[count])) && !ahead->finished()) ++count;
  return Tokens(tokens.begin(), tokens.begin() + static_cast<std::ptrdiff_t>(count));
}

}  // namespace carrel
