#include "base/phrase_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace carrel {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::uint32_t> found(const PhraseSet& set, std::string_view text) {
  std::vector<PhraseSet::Match> matches;
  set.find(text, &matches);
  std::vector<std::uint32_t> phrases;
  for (const PhraseSet::Match& match : matches) phrases.push_back(match.phrase);
  return phrases;
}

TEST(PhraseSet, FindsPhrasesWithinPhrasesAndFoldsCase) {
  const PhraseSet set({"connection refused", "refused", "used"});
  EXPECT_THAT(found(set, "dial tcp: Connection REFUSED"), ElementsAre(0, 1, 2));
  EXPECT_THAT(found(set, "confused"), ElementsAre(2));
  EXPECT_THAT(found(set, ""), IsEmpty());
  EXPECT_TRUE(set.found_in("CONFUSED"));
  EXPECT_FALSE(set.found_in("connection"));
}

TEST(PhraseSet, HoldsToWordBorders) {
  const PhraseSet set({"<oom>", "<oom", "error>"});
  EXPECT_THAT(found(set, "room for an oomkill"), ElementsAre(1));
  EXPECT_THAT(found(set, "OOM"), testing::UnorderedElementsAre(0, 1));
  EXPECT_THAT(found(set, "TimeoutError errors error_log"), ElementsAre(2));
}

TEST(PhraseSet, AgreesWithPlainSearch) {
  const std::vector<std::string> phrases = {"a", "ab", "bab", "bc", "bca", "c", "caa"};
  const PhraseSet set(phrases);
  std::uint32_t random = 1;
  for (int round = 0; round < 300; ++round) {
    std::string text;
    for (int i = 0; i < 40; ++i) {
      random = random * 1664525u + 1013904223u;
      text.push_back("abcd"[random >> 30]);
    }
    std::vector<PhraseSet::Match> matches;
    set.find(text, &matches);
    std::size_t expected = 0;
    for (const std::string& phrase : phrases) {
      for (std::size_t at = text.find(phrase); at != std::string::npos; at = text.find(phrase, at + 1))
        ++expected;
    }
    ASSERT_EQ(matches.size(), expected) << text;
    for (const PhraseSet::Match& match : matches) {
      ASSERT_EQ(text.substr(match.begin, match.end - match.begin), phrases[match.phrase]);
    }
  }
}

}  // namespace
}  // namespace carrel
