#include "record/calibration.h"

#include <gmock/gmock.h>

namespace carrel {
namespace {

using testing::HasSubstr;

Calibration made() {
  Calibration out;
  out.playbook = "p@1";
  out.without_model = {"set", 120, {{0, {60, 12}}, {0.8, {60, 54}}}, {{"a", {40, 40}}, {"b", {2, 0}}}};
  out.models = {{"m",
                 "sha",
                 "set",
                 30,
                 {{2, 2, "high", {20, 18}}, {1, 2, "low", {10, 2}}},
                 {4, 200, 150, 60000, 30000}}};
  return out;
}

TEST(Calibration, ReadsBackWhatWasWritten) {
  std::vector<Mistake> mistakes;
  const auto back = parse_calibration(to_json(made()), &mistakes);
  ASSERT_TRUE(back);
  EXPECT_EQ(to_json(*back), to_json(made()));
  EXPECT_EQ(back->without_model.weights[1].from, 0.8);
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
  EXPECT_FALSE(parse_calibration(R"({"calibration": 2, "playbook": "p@1",
    "without_model": {"cases_sha256": "x", "cases": -1, "weights": [
      {"from": 0.5, "cases": 1, "right": 1},
      {"from": 0.4, "cases": 1, "right": 2}]}})",
                                 &mistakes));
  std::vector<std::string> told;
  for (const Mistake& each : mistakes) told.push_back(std::to_string(each.line) + ": " + each.what);
  EXPECT_THAT(
      told, testing::ElementsAre(HasSubstr("1: \"calibration\" must be 1"), HasSubstr("2: \"cases\" must be"),
                                 HasSubstr("3: \"from\" must be 0 at first"),
                                 HasSubstr("4: \"from\" must be 0 at first"),
                                 HasSubstr("4: more were right than there are cases")));
}

TEST(Calibration, ADetectorIsAsRightAsItWasAndFewCasesAreDrawnToItsWeight) {
  const Calibration calibration = made();
  EXPECT_NEAR(rate_of_finding(calibration, "a", 0.9)->right, (40 + 4 * 55.0 / 62) / 44, 1e-9);
  EXPECT_EQ(rate_of_finding(calibration, "a", 0.9)->cases, 40U);
  EXPECT_NEAR(rate_of_finding(calibration, "unknown", 0.9)->right, 55.0 / 62, 1e-9);
  EXPECT_NEAR(rate_of_finding(calibration, "unknown", 0.79)->right, 13.0 / 62, 1e-9);
  EXPECT_NEAR(rate_of_finding(calibration, "b", 0.9)->right, (4 * 55.0 / 62) / 6, 1e-9);
  EXPECT_FALSE(rate_of_finding({}, "a", 0.9));
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
