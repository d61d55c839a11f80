#include "room/engine/schedule.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace carrel {
namespace {

TEST(Schedule, ReadsAllInBatchesOfWhichNoneIsShort) {
  for (const std::size_t batch : {1, 2, 3, 4, 64, 1536}) {
    for (std::size_t total = 0; total < 5 * batch + 7; ++total) {
      for (std::size_t done = 0; done < total;) {
        const std::size_t size = next_border(done, total, batch) - done;
        ASSERT_GT(size, 0U);
        ASSERT_LE(size, batch);
        ASSERT_GE(size, std::min(total, batch / 3));
        done += size;
      }
    }
  }
}

// What was kept of a prompt has its borders where a longer one has them.
TEST(Schedule, BordersButTheLastDoNotDependOnWhatFollows) {
  EXPECT_EQ(next_border(0, 3089, 1536), 1024U);
  EXPECT_EQ(next_border(1024, 3089, 1536), 2048U);
  EXPECT_EQ(next_border(2048, 3089, 1536), 3089U);
  EXPECT_EQ(next_border(2048, 9000, 1536), 3072U);
}

}  // namespace
}  // namespace carrel
