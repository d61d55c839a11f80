#include "host/walls/posture.h"

#include <csignal>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

namespace carrel {
namespace {

using testing::HasSubstr;

constexpr const char* sealed =
    "Name:\tprobe\nUid:\t70\t70\t70\t70\nGid:\t71\t71\t71\t71\nThreads:\t1\n"
    "CapInh:\t0000000000000000\nCapPrm:\t0000000000000000\nCapEff:\t0000000000000000\n"
    "CapBnd:\t0000000000000000\nCapAmb:\t0000000000000000\nNoNewPrivs:\t1\nSeccomp:\t2\n";

TEST(Posture, HoldsForASealedRoom) {
  EXPECT_TRUE(check_status(sealed, 70, 71));
}

TEST(Posture, EveryLineMatters) {
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
    const Status seen = check_status(changed, 70, 71);
    ASSERT_FALSE(seen) << wrong;
    EXPECT_THAT(seen.error().what, HasSubstr(std::string(right).substr(0, std::string(right).find(':'))));
    std::string missing = sealed;
    missing.erase(missing.find(right), std::string(right).size() + 1);
    EXPECT_FALSE(check_status(missing, 70, 71)) << "without " << right;
  }
  EXPECT_FALSE(check_status("", 70, 71));
}

TEST(Posture, DoesNotHoldForThisProcess) {
  EXPECT_FALSE(check_posture(::getpid(), 1, 1));
}

TEST(PidNamespace, CountsTheLiving) {
  const PidNamespace own(::getpid());
  ASSERT_TRUE(own.valid());
  EXPECT_GE(own.processes(), 1U);
  EXPECT_FALSE(PidNamespace(999'999'999).valid());
}

}  // namespace
}  // namespace carrel
