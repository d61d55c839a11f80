// Guessing ahead on libllama: in exact mode the answers are those of plain decoding, whatever was guessed.
#include <memory>
#include <random>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "record/schema.h"
#include "room/constrain/automaton.h"
#include "room/engine/decode.h"
#include "room/engine/llama/llama_case.h"
#include "room/engine/plain_tokens.h"

namespace carrel {
namespace {

constexpr const char* schemas[] = {
    R"({"type":"object","additionalProperties":false,"required":["evidence","verdict","cause"],"properties":{
      "evidence":{"type":"array","minItems":0,"maxItems":5,"uniqueItems":true,
                  "items":{"type":"string","x-carrel-set":"evidence"}},
      "verdict":{"enum":["fault","no_fault","insufficient_evidence"]},
      "cause":{"type":"string","minLength":8,"maxLength":300}}})",
    R"({"type":"object","additionalProperties":false,"required":["notes"],"properties":{
      "notes":{"type":"array","minItems":1,"maxItems":12,"items":{"type":"string","maxLength":40}}}})",
    R"({"type":"object","additionalProperties":false,"required":["counts","text"],"properties":{
      "counts":{"type":"array","minItems":4,"maxItems":20,"items":{"type":"integer","minimum":0,"maximum":99}},
      "text":{"type":"string","maxLength":200}}})"};

class Drafts : public OnMadeModel {
 protected:
  static Decoded write(const char* schema_text, std::size_t tries, const DecodeSettings& settings) {
    const std::unique_ptr<Engine> engine = load();
    const TokenTrie trie(all_bytes(*engine));
    const PlainTokens plain(*engine, trie);
    const auto schema = parse_schema(schema_text, nullptr);
    EXPECT_TRUE(schema);
    const auto grammar = compile(**schema, 9, {}, {});
    EXPECT_TRUE(grammar);
    std::string evidence;
    for (int i = 0; i < 12; ++i)
      evidence += fmt::format("[E00{}] the volume {} cannot be bound; no provisioner runs\n", i % 10, i * 7);
    std::vector<DecodeTry> starts;
    for (std::size_t i = 0; i < tries; ++i)
      starts.push_back(
          {fmt::format("try {}", i), *plain.of(fmt::format("What is wrong? ({})\n", i)), start(*grammar)});
    EXPECT_TRUE(engine->open({.context = 4096,
                              .sequence = 1024,
                              .sequences = static_cast<std::uint32_t>(tries),
                              .outputs = settings.draft + 1,
                              .batch = 128,
                              .threads = 2,
                              .exact = true}));
    auto decoded = decode(*engine, trie, *plain.of(evidence), std::move(starts), 128, settings,
                          [](const std::string&, std::uint64_t, std::uint64_t) {});
    EXPECT_TRUE(decoded) << decoded.error().what;
    return std::move(*decoded);
  }
};

TEST_F(Drafts, ExactAnswersAreThoseOfPlainDecoding) {
  DraftCounts all;
  for (const char* schema : schemas) {
    for (std::uint64_t seed = 0; seed < 8; ++seed) {
      DecodeSettings settings;
      settings.output_tokens = 240;
      settings.early_stop = true;
      // Greedy once; then at temperatures low enough for a model of random weights to repeat itself.
      if (seed > 0)
        settings.sampling = {.temperature = 0.2 * static_cast<double>(seed), .top_k = 40, .seed = seed};
      for (const std::size_t tries : {std::size_t{1}, std::size_t{3}}) {
        settings.draft = 0;
        const Decoded plain = write(schema, tries, settings);
        for (const std::uint32_t draft : {3U, 8U}) {
          settings.draft = draft;
          const Decoded ahead = write(schema, tries, settings);
          ASSERT_EQ(ahead.tries.size(), plain.tries.size());
          for (std::size_t i = 0; i < plain.tries.size(); ++i) {
            EXPECT_EQ(ahead.tries[i].json, plain.tries[i].json) << "seed " << seed << " draft " << draft;
            EXPECT_EQ(ahead.tries[i].tokens, plain.tries[i].tokens);
            EXPECT_EQ(ahead.tries[i].stop, plain.tries[i].stop);
          }
          all.checks += ahead.drafts.checks;
          all.guessed += ahead.drafts.guessed;
          all.kept += ahead.drafts.kept;
        }
      }
    }
  }
  EXPECT_GT(all.kept, 50U);
  EXPECT_LT(all.kept, all.guessed);
}

}  // namespace
}  // namespace carrel
