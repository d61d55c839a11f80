#include <gtest/gtest.h>

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

}  // namespace
}  // namespace carrel
