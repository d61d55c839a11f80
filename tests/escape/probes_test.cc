// Every probe in a real room, with its exact outcome, and its control on the bare host, which must come
// through.
#include <algorithm>
#include <set>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "host/probe/expected.h"
#include "room/probe/probe.h"
#include "tests/escape/stand.h"
#include "tests/escape/withheld.h"

namespace carrel::escape {
namespace {

bool is_withheld(const ProbeVerdict& verdict, Who who) {
  const auto named = [&](const Withheld& one) {
    return verdict.probe == one.probe && verdict.control == one.control;
  };
  if (std::ranges::any_of(absent_somewhere, named)) return true;
  const bool ordinary = who != Who::caller || ::geteuid() != 0;
  return ordinary && std::ranges::any_of(withheld_from_ordinary_users, named);
}

std::vector<std::string> groups() {
  std::vector<std::string> all;
  for (const Expectation& one : expected_probes()) {
    if (all.empty() || all.back() != one.group) all.emplace_back(one.group);
  }
  return all;
}

struct Case {
  std::string group;
  Who who;
  bool kept;
};

std::vector<Case> cases() {
  std::vector<Case> all;
  for (const std::string& group : groups()) {
    for (const Who who : everyone()) all.push_back({group, who, false});
    all.push_back({group, Who::caller, true});
  }
  return all;
}

class Probes : public testing::TestWithParam<Case> {};

TEST_P(Probes, FailInARoomInTheirOwnWay) {
  std::set<std::string> configurations;
  for (const ProbeVerdict& verdict : run_group(GetParam().group, GetParam().who, GetParam().kept)) {
    EXPECT_NE(verdict.end, ProbeEnd::broken) << verdict.probe << ": " << verdict.why;
    if (verdict.end == ProbeEnd::proves_nothing) {
      EXPECT_TRUE(is_withheld(verdict, GetParam().who)) << verdict.probe << ": " << verdict.why;
    }
    if (!verdict.brief) configurations.insert(verdict.configuration);
  }
  EXPECT_EQ(configurations.size(), 1U) << "all in rooms of one configuration";
}

INSTANTIATE_TEST_SUITE_P(Of, Probes, testing::ValuesIn(cases()), [](const auto& one) {
  return fmt::format("{}_{}{}", one.param.group, name_of(one.param.who), one.param.kept ? "_kept" : "");
});

TEST(ProbeList, EveryProbeHasItsOutcomeAndTheOtherWayRound) {
  std::set<std::string> probes, expected;
  for (const probe::Probe* probe : probe::all_probes()) probes.insert(probe->name);
  for (const Expectation& one : expected_probes()) {
    EXPECT_TRUE(expected.insert(one.probe).second) << one.probe << " twice";
  }
  EXPECT_EQ(probes, expected);
  EXPECT_GE(probes.size(), 110U);
}

}  // namespace
}  // namespace carrel::escape
