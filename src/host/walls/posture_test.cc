#include "host/walls/posture.h"

#include <algorithm>
#include <csignal>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace carrel {
namespace {

using testing::HasSubstr;

constexpr const char* sealed =
    "Name:\tprobe\nUid:\t70\t70\t70\t70\nGid:\t71\t71\t71\t71\nThreads:\t1\n"
    "CapInh:\t0000000000000000\nCapPrm:\t0000000000000000\nCapEff:\t0000000000000000\n"
    "CapBnd:\t0000000000000000\nCapAmb:\t0000000000000000\nNoNewPrivs:\t1\nSeccomp:\t2\n";

Expected expected() {
  Expected of;
  of.user = 70;
  of.group = 71;
  of.inputs = 1;
  of.listener = 5;
  of.limits = room_limits(Caps{}, 1);
  return of;
}

// The golden record, with the lines that a status text has instead of its own.
Posture seen_with(std::string_view status) {
  Posture seen = golden_posture(expected());
  const Posture lines = see_status(status);
  std::copy(lines.begin(), lines.end(), seen.begin());
  return seen;
}

TEST(Posture, HoldsForASealedRoom) {
  EXPECT_TRUE(check_posture(seen_with(sealed), golden_posture(expected())));
}

TEST(Posture, EveryLineOfTheStatusMatters) {
  const std::pair<const char*, const char*> changes[] = {
      {"Threads:\t1", "Threads:\t2"},
      {"Seccomp:\t2", "Seccomp:\t0"},
      {"NoNewPrivs:\t1", "NoNewPrivs:\t0"},
      {"CapInh:\t0000000000000000", "CapInh:\t0000000000000400"},
      {"CapPrm:\t0000000000000000", "CapPrm:\t0000000000200000"},
      {"CapEff:\t0000000000000000", "CapEff:\t000001ffffffffff"},
      {"CapBnd:\t0000000000000000", "CapBnd:\t0000000000000001"},
      {"CapAmb:\t0000000000000000", "CapAmb:\t0000000000000001"},
      {"Uid:\t70\t70\t70\t70", "Uid:\t70\t0\t70\t70"},
      {"Gid:\t71\t71\t71\t71", "Gid:\t71\t71\t71\t0"},
  };
  for (const auto& [right, wrong] : changes) {
    std::string changed = sealed;
    changed.replace(changed.find(right), std::string(right).size(), wrong);
    const Status seen = check_posture(seen_with(changed), golden_posture(expected()));
    ASSERT_FALSE(seen) << wrong;
    EXPECT_THAT(seen.error().what, HasSubstr(std::string(right).substr(0, std::string(right).find(':'))));
    std::string missing = sealed;
    missing.erase(missing.find(right), std::string(right).size() + 1);
    EXPECT_FALSE(check_posture(seen_with(missing), golden_posture(expected()))) << "without " << right;
  }
  EXPECT_FALSE(check_posture(seen_with(""), golden_posture(expected())));
  EXPECT_FALSE(check_posture({}, golden_posture(expected())));
}

TEST(Posture, EveryLineOfTheGoldenRecordMatters) {
  const Posture golden = golden_posture(expected());
  EXPECT_EQ(golden.size(), 10U + 7 + 3 + limit_count);
  for (std::size_t i = 0; i < golden.size(); ++i) {
    Posture seen = golden;
    seen[i].second += "x";
    const Status held = check_posture(seen, golden);
    ASSERT_FALSE(held) << golden[i].first;
    EXPECT_THAT(held.error().what, HasSubstr(golden[i].first));
  }
}

TEST(Posture, TheDescriptorsAreItsOwnItsInputsAndTheListener) {
  const Posture golden = golden_posture(expected());
  EXPECT_THAT(golden, testing::Contains(testing::Pair("descriptors", "0 1 2 3 5")));
}

TEST(Posture, WhatARoomMayWriteToIsNamed) {
  Expected with_output = expected();
  with_output.output = true;
  const Posture golden = golden_posture(with_output);
  EXPECT_THAT(golden, testing::Contains(testing::Pair("descriptors", "0 1 2 3 4:memory 5")));
  with_output.limits = room_limits(Caps{}, 2);
  EXPECT_TRUE(check_recorded(golden_posture(with_output), Caps{}));
  EXPECT_FALSE(check_posture(golden_posture(expected()), golden));
  for (const char* const wrong :
       {"0 1 2 3 4 5", "0 1 2 3:memory 4 5", "0 1 2 3 4:file 5", "0 1 2 3 4:memory"}) {
    Posture record = golden_posture(with_output);
    for (auto& [name, value] : record) {
      if (name == "descriptors") value = wrong;
    }
    EXPECT_FALSE(check_posture(record, golden)) << wrong;
  }
}

TEST(Posture, ARecordIsJudgedAgain) {
  const Posture golden = golden_posture(expected());
  EXPECT_TRUE(check_recorded(golden, Caps{}));
  for (std::size_t i = 0; i < golden.size(); ++i) {
    Posture record = golden;
    record[i].second = "x";
    EXPECT_FALSE(check_recorded(record, Caps{})) << golden[i].first;
  }
  Posture as_root = golden;
  as_root[8].second = "0\t0\t0\t0";
  EXPECT_FALSE(check_recorded(as_root, Caps{}));
  EXPECT_FALSE(check_recorded({}, Caps{}));
}

TEST(Posture, DoesNotHoldForThisProcess) {
  const Fd self(static_cast<int>(::syscall(SYS_pidfd_open, ::getpid(), 0)));
  const auto seen = see_posture(::getpid(), self.get(), expected());
  ASSERT_TRUE(seen) << seen.error().what;
  EXPECT_FALSE(check_posture(*seen, golden_posture(expected())));
  EXPECT_THAT(*seen, testing::Contains(testing::Pair("network namespace", "the host's")));
  EXPECT_THAT(*seen, testing::Contains(testing::Pair("environment", HasSubstr("variables of the host"))));
}

TEST(PidNamespace, CountsTheLiving) {
  const PidNamespace own(::getpid());
  ASSERT_TRUE(own.valid());
  EXPECT_GE(own.processes(), 1U);
  EXPECT_FALSE(PidNamespace(999'999'999).valid());
}

}  // namespace
}  // namespace carrel
