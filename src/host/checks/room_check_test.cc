#include <gtest/gtest.h>

#include "host/checks/agreement.h"
#include "host/checks/checks.h"

namespace carrel {
namespace {

using Place = CheckResult::Place;

TEST(Citations, PassOnlyWhereEachQuoteIsFound) {
  const std::vector<ReportEvidence> cited = {{"E001", {"a.log", 3, 3, ""}, "x", ""},
                                             {"E007", {"b.log", 9, 9, ""}, "y", ""}};
  const Check good = check_citations(cited, {Place::found, Place::found});
  EXPECT_EQ(good.verdict, Check::Verdict::pass);
  EXPECT_EQ(good.detail, "2 of 2 quotes found");
  for (const Place place :
       {Place::no_such_file, Place::no_such_line, Place::quote_differs, Place::path_differs}) {
    const Check bad = check_citations(cited, {Place::found, place});
    EXPECT_EQ(bad.verdict, Check::Verdict::fail);
    EXPECT_NE(bad.detail.find("E007 (b.log:9)"), std::string::npos) << bad.detail;
    EXPECT_EQ(bad.detail.find("E001"), std::string::npos) << bad.detail;
  }
  EXPECT_EQ(check_citations(cited, {Place::found}).verdict, Check::Verdict::fail);
  EXPECT_EQ(check_citations({}, {}).verdict, Check::Verdict::pass);
}

TEST(Searched, ComparesEachCount) {
  const std::vector<Searched> told = {{"pod", "one", 3}, {"node", "", 2}};
  EXPECT_EQ(check_searched(told, told).verdict, Check::Verdict::pass);
  const Check bad = check_searched(told, {{"pod", "one", 4}, {"node", "", 2}});
  EXPECT_EQ(bad.verdict, Check::Verdict::fail);
  EXPECT_EQ(bad.detail, "pod in one: 3 were told, 4 were counted again");
  EXPECT_EQ(check_searched(told, {}).verdict, Check::Verdict::fail);
}

TEST(Names, AreFoundAgainAsTold) {
  const std::vector<Name> told = {{"pod", "one", "api", true}, {"secret", "one", "key", false}};
  EXPECT_EQ(check_names(told, told).verdict, Check::Verdict::pass);
  EXPECT_EQ(check_names(told, {told[0], {"", "one", "key", false}}).verdict, Check::Verdict::fail);
  EXPECT_EQ(check_names(told, {told[0], {"secret", "one", "key", true}}).verdict, Check::Verdict::fail);
  EXPECT_EQ(check_names(told, {told[0]}).verdict, Check::Verdict::fail);
}

Answer answer(Verdict verdict, std::vector<std::string> evidence, std::vector<Command> commands = {}) {
  Answer out;
  out.verdict = verdict;
  out.evidence = std::move(evidence);
  out.commands = std::move(commands);
  return out;
}

TEST(Agreement, ChoosesWhatMostAgreeWith) {
  const Answer lone = answer(Verdict::fault, {"E009"});
  const Answer first = answer(Verdict::fault, {"E001", "E002"}, {{"a", ""}, {"b", ""}});
  const Answer second = answer(Verdict::fault, {"E002", "E003"}, {{"b", ""}});
  const Answer other = answer(Verdict::no_fault, {"E001", "E002"});
  const Agreement found = agreement_of(std::vector<Answer>{lone, first, second, other});
  EXPECT_EQ(found.chosen, 1U);
  EXPECT_EQ(found.count, 2U);
  EXPECT_EQ(found.agrees, (std::vector<bool>{false, true, true, false}));
  EXPECT_EQ(found.support.at("E001"), 2U);
  EXPECT_EQ(found.support.at("E002"), 3U);
  EXPECT_EQ(found.commands.at("a"), 1U);
  EXPECT_EQ(found.commands.at("b"), 2U);
}

TEST(Agreement, PrefersTheFirstOfEqualsAndNeedsSharedLines) {
  const std::vector<Answer> apart = {answer(Verdict::fault, {"E001"}), answer(Verdict::fault, {"E002"})};
  EXPECT_EQ(agreement_of(apart).chosen, 0U);
  EXPECT_EQ(agreement_of(apart).count, 1U);
  const std::vector<Answer> wide = {answer(Verdict::fault, {"E001", "E002", "E003", "E004", "E005"}),
                                    answer(Verdict::fault, {"E005", "E006", "E007", "E008", "E009"})};
  EXPECT_EQ(agreement_of(wide).count, 1U);
  const std::vector<Answer> none = {answer(Verdict::insufficient_evidence, {}),
                                    answer(Verdict::insufficient_evidence, {})};
  EXPECT_EQ(agreement_of(none).count, 2U);
}

TEST(Agreement, PassesOverTriesWithoutAnswer) {
  const Answer one = answer(Verdict::fault, {"E001"});
  const Agreement found = agreement_of(std::vector<const Answer*>{nullptr, &one, nullptr});
  EXPECT_EQ(found.chosen, 1U);
  EXPECT_EQ(found.agrees, (std::vector<bool>{false, true, false}));
  EXPECT_EQ(agreement_of(std::vector<const Answer*>{nullptr}).count, 0U);
}

}  // namespace
}  // namespace carrel
