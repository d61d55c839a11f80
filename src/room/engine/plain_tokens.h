// Text as tokens that can only be read as text.
//
// A tokenizer may turn what a log line holds into tokens that mean something to the model: user-defined ones
// match even when special tokens are not asked for, and some tokenizers put a space before. Here a text
// always comes out as its own bytes, in tokens that write bytes and do nothing else.
#pragma once

#include <string_view>

#include "base/result.h"
#include "room/constrain/mask.h"
#include "room/engine/engine.h"

namespace carrel {

class PlainTokens {
 public:
  // Both must outlive this. `trie` is over the bytes of the engine's tokens.
  PlainTokens(const Engine& engine, const TokenTrie& trie) : engine_(engine), trie_(trie) {}

  // Tokens that write exactly `text`: the tokenizer's own where they do, else its own with what offends spelt
  // out, else all of it spelt out. An Error (bad_input) where the vocabulary cannot write it.
  Result<Tokens> of(std::string_view text) const;

 private:
  bool writes(const Tokens& tokens, std::string_view text) const;
  // Greedy: the longest token that fits, again and again.
  bool spell(std::string_view text, Tokens* out) const;

  const Engine& engine_;
  const TokenTrie& trie_;
};

// What the tokens write, joined.
std::string bytes_of(const Engine& engine, const Tokens& tokens);

// The bytes of every token, for a TokenTrie.
std::vector<std::string> all_bytes(const Engine& engine);

}  // namespace carrel
