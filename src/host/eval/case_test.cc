#include "host/eval/case.h"

#include <gmock/gmock.h>

#include "host/eval/made_case.h"

namespace carrel {
namespace {

using testing::HasSubstr;
using testing::Not;

using Cases = MadeCases;

TEST_F(Cases, BothFormsOfLabelsAreRead) {
  const auto set = load(R"(
    {"id": "a", "category": "dns", "difficulty": "easy", "question": "Why?", "unknown": [1],
     "root_cause_all_of": [["dns", "resolv"]], "evidence_any_of": [{"file": "\\.log", "quote": "no such host"}]},
    {"id": "b", "kind": "claim-class-missing", "split": "test", "verdict": "fault",
     "root_cause_all_of": [["class"]], "deciding": [{"file": "b/pvcs.json", "line": 4, "end_line": 6}],
     "culprit": {"kind": "persistentvolumeclaim", "namespace": "db", "name": "data-0"}, "missing_any_of": ["logs"]})",
                        {"a", "b"});
  ASSERT_TRUE(set) << set.error().what;
  ASSERT_EQ(set->cases.size(), 2U);
  EXPECT_EQ(set->cases[0].category, "dns");
  EXPECT_FALSE(set->cases[0].verdict.has_value());
  EXPECT_EQ(set->cases[1].culprit.space, "db");
  EXPECT_EQ(set->cases[1].deciding.at(0).end_line, 6U);
  EXPECT_EQ(set->cases[1].verdict, Verdict::fault);
  EXPECT_NE(set->cases[0].sha256, set->cases[1].sha256);
}

TEST_F(Cases, AllMistakesAreToldWithTheirLines) {
  const auto set = load(R"(
    {"id": "../a"},
    {"id": "b", "root_cause_all_of": [["("]], "verdict": "perhaps"},
    {"id": "b"},
    {"id": "c", "root_cause_all_of": [[]], "deciding": [{"file": "x", "line": 0}]})",
                        {});
  ASSERT_FALSE(set);
  EXPECT_EQ(set.error().code, Code::bad_input);
  for (const char* part : {":2: a case needs an \"id\"", ":3: \"(\" is no regular expression",
                           "verdict must be fault", "no b.tar.gz beside it", "\"b\" names two cases",
                           "needs a regular expression", "a deciding place needs"})
    EXPECT_THAT(set.error().what, HasSubstr(part));
}

TEST_F(Cases, AChoiceThatNamesNothingIsTold) {
  const std::string cases = R"({"id": "a", "split": "train", "category": "no-fault"})";
  EXPECT_TRUE(load(cases, {"a"}, {{"a"}, ""}));
  EXPECT_TRUE(load(cases, {"a"}, {{}, "train"}));
  EXPECT_THAT(load(cases, {"a"}, {{"b"}, ""}).error().what, HasSubstr("has no case b"));
  EXPECT_THAT(load(cases, {"a"}, {{}, "test"}).error().what, HasSubstr("no case of the split \"test\""));
  EXPECT_THAT(load_cases(folder_ + "/none", {}).error().what, HasSubstr("holds no cases.json"));
}

TEST_F(Cases, ALabelThatGradesItsOwnExamplesWronglyIsToldOf) {
  const auto set = load(R"({"id": "a", "root_cause_all_of": [["dns"]], "forbidden": ["network"],
     "right": ["the DNS fails", "the name fails"], "wrong": ["the network", "a DNS server"]})",
                        {"a"});
  ASSERT_TRUE(set);
  ASSERT_EQ(set->notes.size(), 2U);
  EXPECT_THAT(set->notes[0], HasSubstr("refuses its own example of a right cause, \"the name fails\""));
  EXPECT_THAT(set->notes[1], HasSubstr("takes its own example of a wrong cause, \"a DNS server\""));
}

TEST_F(Cases, PatternsMatchByCodePointsInLinearTimeWithoutRecursion) {
  const auto made = [](const char* source) { return *Pattern::make(source); };
  EXPECT_TRUE(made("caf.{3}x").matches("Café, x"));
  EXPECT_FALSE(made("caf.{4}x").matches("Café, x"));
  EXPECT_TRUE(made("b\\b").matches("a\nb\nc"));
  EXPECT_TRUE(made("doesn[’']t").matches("it doesn’t"));
  EXPECT_TRUE(made("(does|do) ?n[o']t").matches("it does not"));
  EXPECT_FALSE(made("^b").matches("ab"));
  const std::string hostile(20'000, 'a');
  EXPECT_FALSE(made("(a|aa)+$x").matches(hostile));
  EXPECT_FALSE(made("(.*a){3}b").matches(hostile));
  EXPECT_FALSE(Pattern::make("a{"));
  EXPECT_FALSE(Pattern::make(""));
  EXPECT_FALSE(Pattern::make("(a)\\1"));
  EXPECT_FALSE(Pattern::make(std::string(5000, 'a')));
}

}  // namespace
}  // namespace carrel
