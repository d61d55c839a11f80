// Backups that failed, and those that did not.
#include <gtest/gtest.h>

#include "room/evidence/detector_case.h"

namespace carrel {
namespace {

class BackupDetectors : public testing::TestWithParam<DetectorCase> {};

TEST_P(BackupDetectors, FindsItAndIsSilentWhenMended) {
  run_case(GetParam());
}

INSTANTIATE_TEST_SUITE_P(
    Backups, BackupDetectors,
    testing::Values(DetectorCase{
        "newest backup of a schedule",
        object_head("velero.io/v1", "Backup", "daily-20250827013000") + "status: {phase: Completed}\n" +
            object_head("velero.io/v1", "Backup", "daily-20250828013000") +
            "status: {phase: PartiallyFailed, errors: 3, failureReason: 'volume data: no space left'}\n",
        "backup-failed",
        {"daily-20250828013000", "PartiallyFailed", "3 errors", "no space left"},
        "phase: PartiallyFailed, errors: 3",
        "phase: Completed, errors: 0"}));

TEST(Backups, AreWellWhereTheNewestOfEachScheduleIs) {
  const std::string older =
      object_head("velero.io/v1", "Backup", "daily-20250827013000") + "status: {phase: Failed, errors: 1}\n";
  const std::string newer =
      object_head("velero.io/v1", "Backup", "daily-20250828013000") + "status: {phase: Completed}\n";
  const auto well = detect_in(older + newer, {}, "Did last night's backup fail?");
  const Observation* none = find_by(well, "no-fault");
  ASSERT_NE(none, nullptr);
  EXPECT_EQ(none->verdict, Verdict::no_fault);
  EXPECT_NE(none->cause.find("daily-20250828013000"), std::string::npos) << none->cause;
  EXPECT_EQ(find_by(detect_in(older, {}, "Did last night's backup fail?"), "no-fault"), nullptr);
  EXPECT_EQ(find_by(detect_in(newer, {}, "Is the web page slow?"), "no-fault"), nullptr);
}

}  // namespace
}  // namespace carrel
