// Every kind in every split makes a case that holds what its label claims.
#include "incidents/make.h"

#include <algorithm>
#include <map>
#include <regex>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/sanitized.h"

namespace carrel::incidents {
namespace {

using testing::IsEmpty;

constexpr std::uint64_t seeds = sanitized ? 1 : 2;  // of each kind
constexpr std::size_t kMostOfACause = 300;          // bytes, of a report's root_cause

std::vector<std::string> strings(const Json* list) {
  std::vector<std::string> all;
  if (list == nullptr) return all;
  for (const Json& one : list->items()) all.push_back(one.text());
  return all;
}

bool matches(const std::string& pattern, const std::string& text) {
  return std::regex_search(text, std::regex(pattern, std::regex::icase));
}

bool accepted(const Json& label, const std::string& cause) {
  const std::string told = cause.substr(0, kMostOfACause);
  const auto& groups = label.find("root_cause_all_of")->items();
  return std::all_of(groups.begin(), groups.end(), [&](const Json& group) {
    return std::any_of(group.items().begin(), group.items().end(),
                       [&](const Json& pattern) { return matches(pattern.text(), told); });
  });
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines = {""};
  for (const char c : text) {
    if (c == '\n') {
      lines.emplace_back();
    } else {
      lines.back() += c;
    }
  }
  return lines;
}

std::string file_of(const Bundle& bundle, const std::string& name) {
  for (const auto& [file, bytes] : bundle.files) {
    if (file == name) return bytes;
  }
  return "";
}

// What is wrong with a case; empty: nothing.
std::string fault_of(const Case& made) {
  const Json& label = made.label;
  for (const char* key : {"question", "reference", "kind", "split", "category", "verdict"}) {
    if (label.find(key) == nullptr || label.find(key)->text().empty()) return std::string("no ") + key;
  }
  for (const std::string& cause : strings(label.find("right"))) {
    if (cause.find('{') != std::string::npos && cause.find("{0}") != std::string::npos)
      return "a slot that nothing fills: " + cause;
    if (!accepted(label, cause)) return "its patterns refuse the right cause: " + cause;
  }
  for (const std::string& cause : strings(label.find("wrong"))) {
    if (accepted(label, cause)) return "its patterns accept the wrong cause: " + cause;
  }
  if (strings(label.find("wrong")).empty()) return "no wrong cause";
  if (label.find("commands")->items().empty()) return "no command";
  if (made.bundle.places.empty()) return "nothing decides";
  for (const Place& place : made.bundle.places) {
    const std::vector<std::string> lines = lines_of(file_of(made.bundle, place.file));
    if (place.line == 0 || place.end_line < place.line || place.end_line > lines.size())
      return "no such line: " + place.file;
    const std::string& line = lines[place.line - 1];
    if (place.key.size() < 3 || line.find(place.key) == std::string::npos)
      return place.file + ": '" + place.key + "' does not stand in '" + line + "'";
  }
  for (const Json& one : label.find("evidence_any_of")->items()) {
    const bool hit =
        std::any_of(made.bundle.places.begin(), made.bundle.places.end(), [&](const Place& place) {
          return matches(one.find("file")->text(), place.file.substr(made.bundle.root.size() + 1)) &&
                 matches(one.find("quote")->text(), place.key);
        });
    if (!hit) return "an evidence pattern that nothing matches: " + one.compact();
  }
  return "";
}

class EveryKind : public testing::TestWithParam<Split> {};

TEST_P(EveryKind, MakesACaseThatHoldsWhatItsLabelClaims) {
  for (const Kind* kind : kinds_of(GetParam())) {
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
      const Case made = make_case(*kind, GetParam(), seed, "x");
      EXPECT_EQ(fault_of(made), "") << kind->id << " seed " << seed;
      EXPECT_GE(made.bundle.files.size(), 8U) << kind->id;
      EXPECT_EQ(made.label.find("kind")->text(), kind->id);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Splits, EveryKind, testing::Values(Split::train, Split::test, Split::unknown),
                         [](const auto& tested) { return split_name(tested.param); });

TEST(Kinds, AreManyAndEachHasOneName) {
  std::set<std::string> ids, groups;
  for (const Kind& kind : all_kinds()) {
    EXPECT_TRUE(ids.insert(kind.id).second) << kind.id;
    groups.insert(kind.group);
    EXPECT_FALSE(kind.summary.empty());
  }
  EXPECT_GE(kinds_of(Split::train).size(), 80U);
  EXPECT_GE(kinds_of(Split::unknown).size(), 10U);
  EXPECT_GE(groups.size(), 15U);
}

TEST(Kinds, ThatAreHeldOutAreInNoOtherSplit) {
  const auto train = kinds_of(Split::train), test = kinds_of(Split::test);
  EXPECT_EQ(train, test);
  for (const Kind* kind : kinds_of(Split::unknown))
    EXPECT_EQ(std::find(train.begin(), train.end(), kind), train.end()) << kind->id;
}

TEST(Splits, ShareNoWord) {
  const std::vector<std::string> train = all_words(words_of(Split::train));
  const std::set<std::string> known(train.begin(), train.end());
  for (const std::string& word : all_words(words_of(Split::test))) EXPECT_FALSE(known.contains(word)) << word;
  EXPECT_EQ(&words_of(Split::test), &words_of(Split::unknown));
}

// Every list of phrases is offered whenever its kind is made, so making each kind a few times sees them all.
TEST(Splits, ShareNoPhrase) {
  std::set<std::string> training, testing;
  for (const Kind& kind : all_kinds()) {
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
      for (const Scene::Offered& offered : make_case(kind, Split::train, seed, "x").offered) {
        EXPECT_FALSE(offered.training.empty() || offered.testing.empty()) << kind.id;
        training.insert(offered.training.begin(), offered.training.end());
        testing.insert(offered.testing.begin(), offered.testing.end());
      }
    }
  }
  EXPECT_GT(training.size(), 150U);
  std::vector<std::string> shared;
  std::set_intersection(training.begin(), training.end(), testing.begin(), testing.end(),
                        std::back_inserter(shared));
  EXPECT_THAT(shared, IsEmpty());
}

TEST(Making, IsDeterministic) {
  for (const char* id : {"claim-class-missing", "exception-java", "two-faults"}) {
    const Case first = make_case(*find_kind(id), Split::test, 77, "a");
    const Case second = make_case(*find_kind(id), Split::test, 77, "a");
    const Case other = make_case(*find_kind(id), Split::test, 78, "a");
    EXPECT_EQ(*pack(first.bundle, first.at), *pack(second.bundle, second.at));
    EXPECT_EQ(first.label.compact(), second.label.compact());
    EXPECT_NE(*pack(first.bundle, first.at), *pack(other.bundle, other.at));
  }
}

// So that no library's update changes what a seed means without anybody noticing.
TEST(Making, OfOneSeedNeverChanges) {
  Random random(1);
  EXPECT_EQ(random.next(), 0x910a2dec89025cc1ULL);
  EXPECT_EQ(random.next(), 0xbeeb8da1658eec67ULL);
}

TEST(Drawing, GivesEveryKindItsTurnInAnyPieces) {
  const std::size_t count = kinds_of(Split::train).size();
  std::map<std::string, int> seen;
  std::set<std::uint64_t> seeds;
  for (std::size_t i = 0; i < 2 * count; ++i) {
    const Draw draw = draw_case(Split::train, 5, i);
    ++seen[draw.kind->id];
    seeds.insert(draw.seed);
  }
  EXPECT_EQ(seen.size(), count);
  for (const auto& [id, times] : seen) EXPECT_EQ(times, 2) << id;
  EXPECT_EQ(seeds.size(), 2 * count);
  EXPECT_EQ(draw_case(Split::train, 5, 3).seed, draw_case(Split::train, 5, 3).seed);
  EXPECT_NE(draw_case(Split::train, 5, 3).seed, draw_case(Split::test, 5, 3).seed);
}

TEST(Bundles, AreSmallAndLarge) {
  std::size_t least = 1000, most = 0;
  for (std::size_t i = 0; i < 30; ++i) {
    const Draw draw = draw_case(Split::train, 9, i);
    const std::size_t files = make_case(*draw.kind, Split::train, draw.seed, "x").bundle.files.size();
    least = std::min(least, files);
    most = std::max(most, files);
  }
  EXPECT_LT(least, 60U);
  EXPECT_GT(most, 150U);
}

}  // namespace
}  // namespace carrel::incidents
