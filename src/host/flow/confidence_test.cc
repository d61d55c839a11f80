#include "host/flow/confidence.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace carrel {
namespace {

using testing::HasSubstr;

TEST(Confidence, IsWhatWasRightOfFindingsOfItsKind) {
  Playbook playbook;
  playbook.name = "triage";
  playbook.version = 1;
  auto calibration = std::make_shared<Calibration>();
  calibration->playbook = playbook.title();
  calibration->without_model = {
      {"set",
       {{"fault", "a", 0.2, {40, 8}}, {"fault", "b", 0.8, {40, 36}}, {"no_fault", "well", 0.2, {30, 30}}}}};
  playbook.calibration = calibration;
  Finding finding;
  const auto stated = [&](const char* detector, double weight, Verdict verdict) {
    finding.detector = detector;
    finding.weight = weight;
    finding.verdict = verdict;
    return confidence_of_finding(playbook, &finding);
  };
  EXPECT_EQ(stated("a", 0.2, Verdict::fault).level, "low");
  EXPECT_THAT(stated("a", 0.2, Verdict::fault).basis,
              HasSubstr("0.20 of those like it were right, by 40 cases of its own and 40"));
  EXPECT_EQ(stated("b", 0.9, Verdict::fault).level, "high");
  EXPECT_THAT(stated("c", 0.9, Verdict::fault).basis,
              HasSubstr("by 0 cases of its own and 40 about as heavy"));
  EXPECT_EQ(stated("well", 0.2, Verdict::no_fault).level, "high");
  EXPECT_EQ(stated("a", 0.9, Verdict::insufficient_evidence).level, "low");
  EXPECT_THAT(stated("a", 0.9, Verdict::insufficient_evidence).basis, HasSubstr("not calibrated"));
}

}  // namespace
}  // namespace carrel
