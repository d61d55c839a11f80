#include "room/probe/probe.h"

#include <cerrno>
#include <set>
#include <string>

#include <gtest/gtest.h>
#include <unistd.h>

#include "record/codec.h"
#include "record/probe.h"
#include "room/probe/attempt.h"

namespace carrel::probe {
namespace {

TEST(Probes, EachHasANameOfItsOwn) {
  std::set<std::string> names;
  for (const Probe* probe : all_probes()) {
    EXPECT_TRUE(names.insert(probe->name).second) << probe->name;
    EXPECT_EQ(find_probe(probe->name), probe);
  }
  EXPECT_GE(names.size(), 110U);
  EXPECT_EQ(find_probe("no_such_probe"), nullptr);
}

TEST(Probes, ALetThroughCallIsToldApartFromADeniedOne) {
  errno = EINVAL;
  EXPECT_EQ(told(-1, EINVAL), through);
  errno = EPERM;
  EXPECT_EQ(told(-1, EINVAL), "EPERM");
  EXPECT_EQ(told(0), through);
}

TEST(Probes, AnAttemptIsAskedForByARecord) {
  ProbeJob job;
  job.name = "own_process_id";
  const auto body = attempt(*encode(job));
  ASSERT_TRUE(body);
  const auto result = decode<ProbeResult>(*body);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->outcome, std::to_string(::getpid()));
  job.name = "no_such_probe";
  EXPECT_FALSE(attempt(*encode(job)));
  EXPECT_FALSE(attempt("\xff\xff\xff"));
}

}  // namespace
}  // namespace carrel::probe
