#include "room/engine/draft.h"

#include <gtest/gtest.h>

namespace carrel {
namespace {

TEST(Draft, FindsWhatFollowedTheLongestEndInTheLatestPlace) {
  const Tokens evidence = {1, 2, 3, 4, 5, 6, 9, 3, 4, 7, 8};
  const auto followed = [&](const Tokens& tail, std::size_t most) { return look_up(tail, {evidence}, most); };
  EXPECT_EQ(followed({1, 2, 3, 4}, 3), (Tokens{5, 6, 9}));
  EXPECT_EQ(followed({0, 2, 3, 4}, 2), (Tokens{5, 6}));  // three match
  EXPECT_EQ(followed({0, 0, 3, 4}, 2), (Tokens{7, 8}));  // two, in the later place
  EXPECT_EQ(followed({3, 4}, 9), (Tokens{7, 8}));        // the source ends
  EXPECT_EQ(followed({0, 4}, 2), Tokens{});              // one token says too little
  EXPECT_EQ(followed({7, 8}, 2), Tokens{});              // nothing follows
  EXPECT_EQ(followed({4}, 2), Tokens{});
  EXPECT_EQ(followed({}, 2), Tokens{});
}

TEST(Draft, PrefersTheFirstSourceAndNeverItsOwnEnd) {
  const Tokens own = {1, 2, 5, 1, 2}, other = {1, 2, 6};
  EXPECT_EQ(look_up(own, {own, other}, 4), (Tokens{5, 1, 2}));
  EXPECT_EQ(look_up(own, {other, own}, 4), Tokens{6});
  EXPECT_EQ(look_up(Tokens{1, 2, 3}, {Tokens{1, 2, 3}}, 4), Tokens{});
}

}  // namespace
}  // namespace carrel
