#include "room/engine/plain_tokens.h"

namespace carrel {

std::string bytes_of(const Engine& engine, const Tokens& tokens) {
  std::string text;
  for (Token token : tokens) text += engine.bytes(token);
  return text;
}

std::vector<std::string> all_bytes(const Engine& engine) {
  std::vector<std::string> bytes;
  bytes.reserve(engine.vocabulary());
  for (std::size_t token = 0; token < engine.vocabulary(); ++token) {
    bytes.push_back(engine.bytes(static_cast<Token>(token)));
  }
  return bytes;
}

bool PlainTokens::writes(const Tokens& tokens, std::string_view text) const {
  std::size_t at = 0;
  for (Token token : tokens) {
    const std::string& bytes = engine_.bytes(token);
    if (bytes.empty() || text.substr(at, bytes.size()) != bytes) return false;
    at += bytes.size();
  }
  return at == text.size();
}

bool PlainTokens::spell(std::string_view text, Tokens* out) const {
  const TokenTrie::Part& trie = trie_.all();
  while (!text.empty()) {
    std::uint32_t node = 0;
    std::size_t longest = 0;
    Token found = -1;
    for (std::size_t depth = 0; depth < text.size(); ++depth) {
      const auto byte = static_cast<unsigned char>(text[depth]);
      const std::uint32_t behind = trie.nodes[node].behind;
      std::uint32_t child = node + 1;
      while (child < behind && trie.nodes[child].byte != byte) child = trie.nodes[child].behind;
      if (child == behind) break;
      node = child;
      if (!trie.ends(node).empty()) {
        longest = depth + 1;
        found = static_cast<Token>(trie.ends(node).front());
      }
    }
    if (found < 0) return false;
    out->push_back(found);
    text.remove_prefix(longest);
  }
  return true;
}

Result<Tokens> PlainTokens::of(std::string_view text) const {
  if (text.empty()) return Tokens{};
  Tokens tokens = engine_.tokenise(text, false);
  if (writes(tokens, text)) return tokens;

  // A tokenizer that puts a space before every text: let a line break take it, and cut both off.
  const std::string led = "\n" + std::string(text);
  tokens = engine_.tokenise(led, false);
  for (std::size_t lead = 1; lead <= 4 && lead < tokens.size(); ++lead) {
    const Tokens rest(tokens.begin() + static_cast<std::ptrdiff_t>(lead), tokens.end());
    if (writes(rest, text)) return rest;
  }

  // Tokens that are no text among its own: the stretches between them stay as they are, and these are spelt
  // out.
  tokens = engine_.tokenise(text, false);
  Tokens kept;
  std::size_t at = 0;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const std::string& bytes = engine_.bytes(tokens[i]);
    if (!bytes.empty() && text.substr(at, bytes.size()) == bytes) {
      kept.push_back(tokens[i]);
      at += bytes.size();
      continue;
    }
    // The offender's text reaches to where the next plain token's bytes are found again.
    std::size_t next = i + 1;
    while (next < tokens.size() && engine_.bytes(tokens[next]).empty()) ++next;
    const std::size_t end = next < tokens.size() ? text.find(engine_.bytes(tokens[next]), at) : text.size();
    if (end == std::string_view::npos || !spell(text.substr(at, end - at), &kept)) break;
    at = end;
    i = next - 1;
  }
  if (at == text.size() && writes(kept, text)) return kept;

  Tokens spelt;
  if (spell(text, &spelt)) return spelt;
  return Error{Code::bad_input, "the model's vocabulary cannot write plain text: some bytes have no token",
               "use another model"};
}

}  // namespace carrel
