#include "record/calibration.h"

#include <gmock/gmock.h>

namespace carrel {
namespace {

using testing::HasSubstr;

Calibration made() {
  Calibration out;
  out.playbook = "p@1";
  out.without_model = {
      {"set", {{"fault", "a", 0.9, {40, 40}}, {"fault", "c", 0.3, {60, 12}}, {"fault", "c", 0.8, {18, 14}}}},
      {"another", {{"fault", "b", 0.8, {2, 0}}, {"no_fault", "well", 0.3, {20, 19}}}}};
  out.models = {{"m",
                 "sha",
                 {{"set", {{2, 2, "high", {20, 18}}}}, {"another", {{1, 2, "low", {10, 2}}}}},
                 {4, 200, 150, 60000, 30000}}};
  return out;
}

TEST(Calibration, ReadsBackWhatWasWritten) {
  std::vector<Mistake> mistakes;
  const auto back = parse_calibration(to_json(made()), &mistakes);
  ASSERT_TRUE(back);
  EXPECT_EQ(to_json(*back), to_json(made()));
  EXPECT_EQ(back->without_model[0].entries[2].weight, 0.8);
}

TEST(Calibration, CutAnywhereItIsRefused) {
  const std::string whole = to_json(made());
  for (std::size_t size = 0; size + 2 < whole.size(); ++size) {
    std::vector<Mistake> mistakes;
    EXPECT_FALSE(parse_calibration(whole.substr(0, size), &mistakes)) << size;
  }
}

TEST(Calibration, EveryMistakeIsToldWithItsLine) {
  std::vector<Mistake> mistakes;
  EXPECT_FALSE(parse_calibration(R"({"calibration": 1, "playbook": "p@1",
    "without_model": [{"cases_sha256": "x", "findings": [
      {"verdict": "fault", "detector": "a", "weight": 1.5, "cases": -1, "right": 0},
      {"verdict": "fault", "detector": "", "weight": 0.4, "cases": 1, "right": 2}]}]})",
                                 &mistakes));
  std::vector<std::string> told;
  for (const Mistake& each : mistakes) told.push_back(std::to_string(each.line) + ": " + each.what);
  EXPECT_THAT(
      told, testing::ElementsAre(
                HasSubstr("1: \"calibration\" must be 2"), HasSubstr("3: \"weight\" must be from 0 to 1"),
                HasSubstr("3: \"cases\" must be"), HasSubstr("3: there must be a case"),
                HasSubstr("4: \"detector\" must be"), HasSubstr("4: more were right than there are cases")));
}

TEST(Calibration, ADetectorIsAsRightAsItWasAndFewCasesAreDrawnToItsWeight) {
  const Calibration calibration = made();
  const auto rate = [&](const char* detector, double weight, const char* verdict = "fault") {
    return rate_of_finding(calibration, verdict, detector, weight).value();
  };
  EXPECT_NEAR(rate("a", 0.9).right, (40 + 4 * 41.0 / 42) / 44, 1e-9);
  EXPECT_EQ(rate("a", 0.9).cases, 40U);
  EXPECT_NEAR(rate("unknown", 0.9).right, 41.0 / 42, 1e-9);
  EXPECT_NEAR(rate("unknown", 0.85).right, 15.0 / 22, 1e-9);
  EXPECT_EQ(rate("unknown", 0.85).cases, 0U);
  EXPECT_EQ(rate("unknown", 0.85).neighbours, 20U);
  EXPECT_NEAR(rate("unknown", 0.1).right, 13.0 / 62, 1e-9);
  EXPECT_NEAR(rate("b", 0.85).right, (4 * 15.0 / 22) / 6, 1e-9);
  EXPECT_NEAR(rate("unknown", 0.9, "no_fault").right, 20.0 / 22, 1e-9) << "of other verdicts it says nothing";
  EXPECT_FALSE(rate_of_finding(calibration, "insufficient_evidence", "a", 0.9));
  EXPECT_FALSE(rate_of_finding({}, "fault", "a", 0.9));
}

TEST(Calibration, MoreWeightIsNeverTakenToBeLessOftenRight) {
  Calibration calibration;
  calibration.without_model = {{"set",
                                {{"fault", "a", 0.9, {100, 90}},
                                 {"fault", "b", 0.6, {100, 20}},
                                 {"fault", "c", 0.5, {100, 30}},
                                 {"fault", "d", 0.95, {9, 9}}}}};
  const auto right = [&](double weight) {
    return rate_of_finding(calibration, "fault", "unknown", weight)->right;
  };
  EXPECT_NEAR(right(0.5), 51.0 / 202, 1e-9) << "0.6 was less often right than 0.5: one step";
  EXPECT_EQ(right(0.6), right(0.5));
  EXPECT_NEAR(right(0.9), 100.0 / 111, 1e-9) << "nine cases make no step of their own";
  EXPECT_EQ(right(1), right(0.9));
}

TEST(Calibration, AnAgreementIsOfItsOwnModelAlone) {
  const Calibration calibration = made();
  EXPECT_GT(rate_of_agreement(calibration, "sha", 2, 2, "high")->right, 0.8);
  EXPECT_LT(rate_of_agreement(calibration, "sha", 1, 2, "low")->right, 0.4);
  EXPECT_EQ(rate_of_agreement(calibration, "sha", 1, 3, "low")->cases, 0U);
  EXPECT_FALSE(rate_of_agreement(calibration, "other", 2, 2, "high"));
}

TEST(Calibration, GuessesAreMadeWhereTheyEarnedTheirCostOnEnoughChecks) {
  const auto draft = [](const Calibration::Drafts& drafts) {
    Calibration calibration = made();
    calibration.models[0].drafts = drafts;
    return draft_that_earns(calibration, "sha");
  };
  // 200 checks of two steps' time each, so they must save 200 steps.
  EXPECT_EQ(draft({4, 200, 201, 60000, 30000}), 4U);
  EXPECT_EQ(draft({4, 200, 200, 60000, 30000}), 0U);
  EXPECT_EQ(draft({4, 200, 0, 60000, 30000}), 0U);
  EXPECT_EQ(draft({4, 99, 400, 60000, 30000}), 0U);
  EXPECT_EQ(draft({}), 0U);
  EXPECT_EQ(draft_that_earns(made(), "another"), 0U);
}

}  // namespace
}  // namespace carrel
