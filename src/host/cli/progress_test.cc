#include "host/cli/progress.h"

#include <gtest/gtest.h>

namespace carrel {
namespace {

TEST(EngineFigures, WhileItReads) {
  const Progress told{"prefill", 1500, 3000, 1500, 8192, 1'240'000'000};
  EXPECT_EQ(engine_figures(told, 1000, 2),
            "reading 50 %, 500 tokens/s, context 1,500 of 8,192, 3 s left, 1.2 GB");
}

TEST(EngineFigures, WhileItWrites) {
  const Progress told{"decoding", 40, 1536, 3100, 8192, 1'240'000'000};
  EXPECT_EQ(engine_figures(told, 40, 2),
            "writing, 40 tokens, 20.0 tokens/s, context 3,100 of 8,192, at most 75 s left, 1.2 GB");
}

// Before there is a speed, and where a room says what cannot be.
TEST(EngineFigures, WithoutASpeedThereIsNoTimeLeft) {
  EXPECT_EQ(engine_figures({"prefill", 0, 3000, 0, 8192, 0}, 0, 0), "reading 0 %, context 0 of 8,192");
  EXPECT_EQ(engine_figures({"prefill", 4000, 3000, 4000, 8192, 0}, 100, 1),
            "reading, 100 tokens/s, context 4,000 of 8,192");
}

}  // namespace
}  // namespace carrel
