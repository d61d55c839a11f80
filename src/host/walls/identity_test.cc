#include "host/walls/identity.h"

#include <set>

#include <gtest/gtest.h>

namespace carrel {
namespace {

TEST(RoomId, IsOfTheRangeThatNobodyUsesWhereItIsMapped) {
  const char* const all = "         0          0 4294967295\n";
  EXPECT_EQ(room_id(all, 1), 0x60000001U);
  EXPECT_EQ(room_id(all, 4'194'304), 0x60400000U);
  EXPECT_EQ(room_id("0 100000 65536\n1610612736 1610612736 10000000\n", 17), 0x60000011U);
}

TEST(RoomId, IsOfTheUpperHalfOfASmallRange) {
  const char* const container = "0 100000 65536\n";
  for (const pid_t process : {1, 32'767, 32'768, 70'000, 4'194'304}) {
    EXPECT_GE(room_id(container, process), 32'768U);
    EXPECT_LT(room_id(container, process), 65'536U);
  }
  std::set<std::uint32_t> ids;
  for (pid_t process = 1; process <= 32'768; ++process) ids.insert(room_id(container, process));
  EXPECT_EQ(ids.size(), 32'768U) << "processes that live at the same time get ids of their own";
}

TEST(RoomId, IsOfTheLargestRange) {
  EXPECT_GE(room_id("0 1000 1\n1 100000 65536\n", 5), 32'769U);
  EXPECT_LE(room_id("0 1000 1\n1 100000 65536\n", 5), 65'536U);
}

TEST(RoomId, IsNeverRoots) {
  EXPECT_EQ(room_id("", 5), 0U);
  EXPECT_EQ(room_id("garbage\n", 5), 0U);
  EXPECT_EQ(room_id("0 1000 1\n", 5), 0U) << "one mapped id is the caller's own";
  EXPECT_EQ(room_id("0 1000 2\n", 4), 1U);
}

TEST(Identity, ARootlessContainerHasOneOrdinaryUser) {
  EXPECT_TRUE(is_one_ordinary_user("         0       1000          1\n"));
  EXPECT_FALSE(is_one_ordinary_user("0 0 1\n"));
  EXPECT_FALSE(is_one_ordinary_user("0 0 4294967295\n"));
  EXPECT_FALSE(is_one_ordinary_user("0 1000 1\n1 100000 65536\n"));
  EXPECT_FALSE(is_one_ordinary_user(""));
}

}  // namespace
}  // namespace carrel
