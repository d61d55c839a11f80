#include "host/flow/confidence.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace carrel {
namespace {

using testing::HasSubstr;

TEST(Confidence, AHintIsStatedAsLessThanWhatWasRightOfItsKind) {
  Playbook playbook;
  playbook.name = "triage";
  playbook.version = 1;
  auto calibration = std::make_shared<Calibration>();
  calibration->playbook = playbook.title();
  calibration->without_model.cases = 900;
  calibration->without_model.weights = {{0, {20, 18}}, {0.6, {600, 590}}};
  playbook.calibration = calibration;
  Finding finding;
  finding.detector = "node-cordoned";
  const auto stated = [&](double weight, Verdict verdict) {
    finding.weight = weight;
    finding.verdict = verdict;
    return confidence_of_finding(playbook, &finding);
  };
  EXPECT_GE(stated(0.4, Verdict::fault).score, 0.8);
  EXPECT_LT(stated(0.2, Verdict::fault).score, 0.45);
  EXPECT_EQ(stated(0.2, Verdict::fault).level, "low");
  EXPECT_THAT(stated(0.2, Verdict::fault).basis, HasSubstr("a hint of little weight"));
  EXPECT_GE(stated(0.2, Verdict::no_fault).score, 0.8);
  EXPECT_GE(stated(0.9, Verdict::fault).score, 0.97);
}

}  // namespace
}  // namespace carrel
