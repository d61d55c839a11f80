// The automaton against its reference: the same bytes allowed at every step of random walks over random
// schemas, the same masks over random vocabularies, only whole answers at the end, and the same verdict on
// random strings: whole answers, cut ones, and ones with bytes changed.
#include <cstdlib>
#include <random>

#include <gtest/gtest.h>

#include "room/constrain/automaton.h"
#include "room/constrain/random_schema.h"
#include "room/constrain/reference.h"

namespace carrel {
namespace {

class Walk {
 public:
  explicit Walk(unsigned seed)
      : random_(seed),
        language_(random_language([this](std::size_t count) { return below(count); })),
        reference_(*language_.schema, language_.evidence_count, language_.patterns, language_.names,
                   language_.lines) {
    auto grammar = compile(*language_.schema, language_.evidence_count, language_.patterns, language_.names,
                           {language_.lines.begin(), language_.lines.end()});
    EXPECT_EQ(static_cast<bool>(grammar), reference_.possible());
    if (grammar) grammar_ = *grammar;
  }

  // Steps taken; 0 where the language is empty.
  std::size_t run() {
    if (!grammar_) return 0;
    const ReferenceLanguage& reference = reference_;
    auto constraint = start(grammar_);
    std::string text;
    std::size_t steps = 0;
    while (!constraint->finished()) {
      compare_bytes(*constraint, reference, text, steps % 16 == 0);
      compare_close(*constraint, reference, text);
      if (steps % 8 == 0) compare_masks(*constraint, reference, text);
      if (testing::Test::HasFailure() || steps == 400) return steps;
      const std::string close = constraint->shortest_close();
      char next = close.front();
      if (below(3) > 0) next = any_allowed(*constraint);
      EXPECT_TRUE(constraint->accept(std::string(1, next)));
      text += next;
      ++steps;
    }
    EXPECT_TRUE(reference.holds(text)) << text;
    EXPECT_EQ(constraint->shortest_close(), "");
    EXPECT_EQ(constraint->forced(10), "");
    return steps;
  }

  // Judges random strings by both; how many.
  std::size_t judge_strings(std::size_t count) {
    if (!grammar_) return 0;
    for (std::size_t i = 0; i < count; ++i) {
      const std::string text = random_string();
      const auto constraint = start(grammar_);
      const bool begins = constraint->accept(text);
      EXPECT_EQ(begins, reference_.begins(text)) << text;
      EXPECT_EQ(begins && constraint->finished(), reference_.holds(text)) << text;
      if (testing::Test::HasFailure()) break;
    }
    return count;
  }

 private:
  std::size_t below(std::size_t count) {
    return std::uniform_int_distribution<std::size_t>(0, count - 1)(random_);
  }

  char any_allowed(const Constraint& constraint) {
    std::string allowed;
    for (int byte = 0; byte < 256; ++byte) {
      if (constraint.allows(std::string(1, static_cast<char>(byte)))) allowed += static_cast<char>(byte);
    }
    return allowed[below(allowed.size())];
  }

  // An answer that goes astray for some bytes before it is closed, cut or not, with up to three bytes taken
  // out, put in or changed. Never empty.
  std::string random_string() {
    const auto constraint = start(grammar_);
    std::string text;
    for (std::size_t steps = below(24); steps > 0 && !constraint->finished(); --steps) {
      const char next = below(2) == 0 ? constraint->shortest_close().front() : any_allowed(*constraint);
      constraint->accept(std::string(1, next));
      text += next;
    }
    text += constraint->shortest_close();
    if (below(4) == 0) text.resize(1 + below(text.size()));
    for (std::size_t changes = below(4); changes > 0; --changes) {
      const std::size_t at = below(text.size());
      const char byte = below(2) == 0 ? text[below(text.size())] : static_cast<char>(below(256));
      switch (below(3)) {
        case 0:
          text[at] = byte;
          break;
        case 1:
          text.insert(at, 1, byte);
          break;
        default:
          if (text.size() > 1) text.erase(at, 1);
      }
    }
    return text;
  }

  void compare_bytes(const Constraint& constraint, const ReferenceLanguage& reference,
                     const std::string& text, bool all) {
    for (int byte = 0; byte < 256; ++byte) {
      const std::string one(1, static_cast<char>(byte));
      const bool allowed = constraint.allows(one);
      if (!all && !allowed && below(8) != 0 && !std::ispunct(byte)) continue;
      if (!all && allowed && std::isalnum(byte) && below(4) != 0) continue;
      ASSERT_EQ(allowed, reference.begins(text + one)) << text << " then byte " << byte;
    }
    const std::string forced = constraint.forced(64);
    if (forced.empty()) return;
    ASSERT_TRUE(reference.begins(text + forced)) << text << " forced " << forced;
    for (int byte = 32; byte < 127; ++byte) {
      if (byte != forced[0]) {
        ASSERT_FALSE(reference.begins(text + static_cast<char>(byte))) << text << " not only " << forced;
      }
    }
  }

  void compare_close(const Constraint& constraint, const ReferenceLanguage& reference,
                     const std::string& text) {
    const std::string close = constraint.shortest_close();
    ASSERT_TRUE(reference.holds(text + close)) << text << " closed by " << close;
    ASSERT_TRUE(constraint.allows(close)) << text << " closed by " << close;
    ASSERT_FALSE(reference.holds(text)) << text << " is whole, and the automaton says it is not";
  }

  void compare_masks(const Constraint& constraint, const ReferenceLanguage& reference,
                     const std::string& text) {
    static constexpr const char* pieces[] = {"a", "b",  "ab",   "{",    "}",        "[",        "]",    ",",
                                             ":", "\"", "\":",  "\\",   "1",        "2",        "E",    "0",
                                             "-", " ",  "\xc3", "\xa9", "é",        "k",        "pod",  "n",
                                             "t", "x",  ".",    "\n",   "\xf0\x9f", "\x98\x80", "\",\""};
    std::vector<std::string> vocabulary = {""};
    const std::string close = constraint.shortest_close();
    for (std::size_t at = 0; at < close.size() && at < 20; ++at)
      vocabulary.push_back(close.substr(0, at + 1));
    while (vocabulary.size() < 120) {
      std::string token;
      for (std::size_t count = 1 + below(4); count > 0; --count) token += pieces[below(std::size(pieces))];
      vocabulary.push_back(token);
    }
    const TokenTrie trie(vocabulary);
    std::vector<bool> mask(vocabulary.size() + 9, true);
    constraint.mask(trie, &mask);
    for (std::size_t token = 0; token < mask.size(); ++token) {
      const std::string bytes = token < vocabulary.size() ? vocabulary[token] : "";
      ASSERT_EQ(mask[token], constraint.allows(bytes)) << text << " then token " << bytes;
      if (bytes.empty()) continue;
      ASSERT_EQ(mask[token], reference.begins(text + bytes)) << text << " then token " << bytes;
    }
  }

  std::mt19937 random_;
  const RandomLanguage language_;
  const ReferenceLanguage reference_;
  std::shared_ptr<const Grammar> grammar_;  // null where the language is empty
};

// CARREL_DIFFERENTIAL_STEPS asks for more steps and strings: `make differential` for a million of each.
std::size_t wanted_steps() {
  const char* asked = std::getenv("CARREL_DIFFERENTIAL_STEPS");
  return asked == nullptr ? 15'000 : std::strtoul(asked, nullptr, 10);
}

TEST(Differential, AllowsExactlyWhatTheReferenceAllows) {
  std::size_t steps = 0;
  for (unsigned seed = 1; steps < wanted_steps() && seed < wanted_steps() / 3; ++seed) {
    steps += Walk(seed).run();
    ASSERT_FALSE(HasFailure()) << "seed " << seed;
  }
  EXPECT_GE(steps, wanted_steps());
}

TEST(Differential, JudgesRandomStringsAsTheReferenceDoes) {
  std::size_t strings = 0;
  for (unsigned seed = 1; strings < wanted_steps() && seed < wanted_steps(); ++seed) {
    strings += Walk(seed).judge_strings(40);
    ASSERT_FALSE(HasFailure()) << "seed " << seed;
  }
  EXPECT_GE(strings, wanted_steps());
}

}  // namespace
}  // namespace carrel
