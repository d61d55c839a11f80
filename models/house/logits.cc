// What libllama computes of a model file, for models/house/check.py to compare with what it was trained as.
// links: room/engine/llama room/constrain
//
//   logits MODEL.gguf < examples.jsonl
//
// Of each example (house-corpus writes them), its pieces tokenised as for a run, and with "answer" behind
// them where it has one: {"tokens":[...],"logits":[...]}, the logits those behind the last token.
#include <cstdio>
#include <iostream>
#include <memory>
#include <string>

#include <fmt/format.h>

#include "base/fd.h"
#include "base/read_value.h"
#include "room/engine/llama/llama_engine.h"
#include "room/engine/plain_tokens.h"

namespace {

using namespace carrel;

constexpr std::uint32_t batch = 512;  // tokens

Result<Tokens> tokens_of(const Value& example, const Engine& engine, const PlainTokens& plain) {
  Tokens tokens = engine.begin();
  const auto append = [&](const Tokens& more) { tokens.insert(tokens.end(), more.begin(), more.end()); };
  for (const Value& piece : example["pieces"].items) {
    if (piece[0].integer() == 1) {
      append(engine.tokenise(piece[1].text(), true));
      continue;
    }
    const auto text = plain.of(piece[1].text());
    if (!text) return text.error();
    append(*text);
  }
  const auto answer = plain.of(example["answer"].text());
  if (!answer) return answer.error();
  append(*answer);
  return tokens;
}

Status tell(const Tokens& tokens, Engine& engine) {
  const std::span<const Token> all(tokens);
  for (std::size_t done = 0; done < all.size(); done += batch) {
    const std::size_t size = std::min<std::size_t>(batch, all.size() - done);
    const Extension piece{0, all.subspan(done, size), done + size == all.size()};
    if (auto extended = engine.extend({&piece, 1}); !extended) return extended.error();
  }
  fmt::print("{{\"tokens\":[{}],\"logits\":[{}]}}\n", fmt::join(tokens, ","),
             fmt::join(engine.logits(0), ","));
  engine.truncate(0, 0);
  return {};
}

Status run(const std::string& path) {
  if (Status loaded = load_backends(CARREL_BACKENDS); !loaded) return loaded;
  auto file = open_read(path);
  if (!file) return file.error();
  auto model = load_model(std::move(*file), path, false);
  if (!model) return model.error();
  auto engine = make_llama_engine(std::move(*model), path);
  if (!engine) return engine.error();
  const std::uint32_t context = (*engine)->trained_context();
  const auto opened = (*engine)->open(
      {.context = context, .sequence = context, .sequences = 1, .batch = batch, .threads = 1, .exact = true});
  if (!opened) return opened.error();
  const TokenTrie trie(all_bytes(**engine));
  const PlainTokens plain(**engine, trie);
  for (std::string line; std::getline(std::cin, line);) {
    const auto example = read_json(line);
    if (!example) return example.error();
    const auto tokens = tokens_of(*example, **engine, plain);
    if (!tokens) return tokens.error();
    if (Status told = tell(*tokens, **engine); !told) return told;
  }
  return {};
}

}  // namespace

int main(int count, char** words) {
  if (count != 2) {
    fmt::print(stderr, "usage: logits MODEL.gguf < examples.jsonl\n");
    return 2;
  }
  const Status done = run(words[1]);
  if (done) return 0;
  fmt::print(stderr, "logits: {}\n", done.error().what);
  return 1;
}
