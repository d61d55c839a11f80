// `carrel room probe` as a user runs it.
#include <string>

#include <gmock/gmock.h>

#include "program.h"

namespace carrel::e2e {
namespace {

using testing::HasSubstr;

using RoomProbe = Scratch;

TEST_F(RoomProbe, EveryProbeHoldsOrSaysThatItProvesNothing) {
  const Outcome outcome = carrel({"room", "probe", "--json", "-q"});
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const auto document = json_of(outcome);
  ASSERT_TRUE(document.IsArray());
  ASSERT_EQ(document.Size(), 1U);
  const auto& room = document[0];
  EXPECT_STREQ(room["room"].GetString(), "read");
  EXPECT_EQ(room["broken"].GetUint(), 0U);
  EXPECT_GE(room["probes"].Size(), 110U);
  EXPECT_GE(room["held"].GetUint(), 110U);
  for (const auto& probe : room["probes"].GetArray()) {
    const bool proven = std::string(probe["end"].GetString()) == "held";
    EXPECT_EQ(std::string(probe["why"].GetString()).empty(), proven) << probe["probe"].GetString();
  }
  const std::string kept =
      folder_ + "/.local/share/carrel/probes/" + room["configuration"].GetString() + ".json";
  EXPECT_THAT(read(kept), HasSubstr("socket_inet"));
}

TEST_F(RoomProbe, WhatItDoesNotKnowIsUsage) {
  EXPECT_EQ(carrel({"room", "probe", "--room", "garden"}).status, 2);
  EXPECT_EQ(carrel({"room", "probe", "--wall", "paper"}).status, 2);
  EXPECT_EQ(carrel({"room"}).status, 2);
  const Outcome none = carrel({"room", "probe", "--rooms", folder_});
  EXPECT_EQ(none.status, 2);
  EXPECT_THAT(carrel({"room", "probe", "--help"}).out, HasSubstr("carrel room probe --room all"));
}

}  // namespace
}  // namespace carrel::e2e
