#include "host/models/fit.h"

#include <gtest/gtest.h>

namespace carrel {
namespace {

constexpr std::uint64_t mb = 1'000'000;

Measured small() {
  Measured measured;
  measured.context = 1024;
  measured.mapped_bytes = 400 * mb;
  measured.weight_bytes = 300 * mb;
  measured.cache_bytes = 1024 * 10'000;
  measured.compute_bytes = 50 * mb;
  measured.peak_bytes =
      measured.mapped_bytes + measured.weight_bytes + measured.cache_bytes + measured.compute_bytes + 20 * mb;
  measured.prefill_per_s = 100;
  measured.decode_per_s = 10;
  return measured;
}

FitQuestion question() {
  FitQuestion question;
  question.context = 1024;
  question.output_tokens = 100;
  question.kv_bytes_per_token = 10'000;
  question.trained_context = 32768;
  question.memory = 2000 * mb;
  return question;
}

TEST(Fit, AtWhatWasMeasuredItSaysWhatWasMeasured) {
  const Fit fit = predict_fit(small(), question());
  EXPECT_EQ(fit.one_room, small().peak_bytes);
  EXPECT_EQ(fit.all_rooms, small().peak_bytes);
  EXPECT_EQ(fit.rest, 20 * mb);
  EXPECT_TRUE(fit.fits);
  EXPECT_EQ(fit.evidence_tokens, 924U);
  EXPECT_DOUBLE_EQ(fit.prefill_s, 9.24);
  EXPECT_DOUBLE_EQ(fit.decode_s, 10);
}

TEST(Fit, ContextGrowsTheCacheAndWhatOneBatchAttendsTo) {
  FitQuestion wide = question();
  wide.context = 8192;
  const Fit fit = predict_fit(small(), wide);
  EXPECT_EQ(fit.cache, 8192U * 10'000);
  EXPECT_EQ(fit.compute, 50 * mb + 6ULL * 512 * (8192 - 1024));
}

// Of a mapped file not every page is touched, and of a buffer not every row.
TEST(Fit, WhatIsNeverTouchedIsNotCounted) {
  Measured measured = small();
  measured.peak_bytes -= 70 * mb;
  FitQuestion asked = question();
  const Fit fit = predict_fit(measured, asked);
  EXPECT_EQ(fit.rest, -50 * static_cast<std::int64_t>(mb));
  EXPECT_EQ(fit.one_room, measured.peak_bytes);
  asked.slots = 2;
  EXPECT_EQ(predict_fit(measured, asked).all_rooms, 2 * fit.one_room - 350 * mb) << "once, as the file is";
}

TEST(Fit, TheLargestContextIsTheLastThatFits) {
  FitQuestion asked = question();
  const Fit fit = predict_fit(small(), asked);
  EXPECT_EQ(fit.largest_context, 32768U);  // no more than it was trained for
  asked.memory = 900 * mb;
  const std::uint32_t largest = predict_fit(small(), asked).largest_context;
  ASSERT_GT(largest, 1024U);
  ASSERT_LT(largest, 32768U);
  asked.context = largest;
  EXPECT_TRUE(predict_fit(small(), asked).fits);
  asked.context = largest + 256;
  EXPECT_FALSE(predict_fit(small(), asked).fits);
  asked.memory = 100 * mb;
  EXPECT_EQ(predict_fit(small(), asked).largest_context, 0U);
}

TEST(Fit, RoomsShareWhatIsMappedAndNothingElse) {
  FitQuestion asked = question();
  asked.slots = 3;
  const Fit fit = predict_fit(small(), asked);
  EXPECT_EQ(fit.all_rooms, 400 * mb + 3 * (fit.one_room - 400 * mb));
  EXPECT_DOUBLE_EQ(fit.decode_s, 30);
  asked.tries = 5;
  EXPECT_EQ(predict_fit(small(), asked).evidence_tokens, 524U);
  asked.output_tokens = 1000;
  EXPECT_EQ(predict_fit(small(), asked).evidence_tokens, 0U);
}

}  // namespace
}  // namespace carrel
