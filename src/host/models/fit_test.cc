#include "host/models/fit.h"

#include <gtest/gtest.h>

namespace carrel {
namespace {

constexpr std::uint64_t mb = 1'000'000;

// A token takes 10 ms to read and 100 ms to write, and for each token before it 10 and 20 us more.
MeasuredRun run_of(std::uint32_t context, std::uint32_t prompt) {
  MeasuredRun run;
  run.context = context;
  run.cache_bytes = context * std::uint64_t{10'000};
  run.compute_bytes = 50 * mb + 1000ULL * context;
  run.peak_bytes = 700 * mb + run.cache_bytes + run.compute_bytes + 20 * mb;
  run.prompt_tokens = prompt;
  run.prefill_s = prompt * (10e-3 + 10e-6 * prompt / 2);
  run.answer_tokens = 40;
  run.decode_s = 40 * (100e-3 + 20e-6 * (prompt + 20));
  return run;
}

Measured measured_runs() {
  Measured measured;
  measured.mapped_bytes = 400 * mb;
  measured.weight_bytes = 300 * mb;
  measured.small = run_of(512, 412);
  measured.large = run_of(1024, 924);
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
  const Fit fit = predict_fit(measured_runs(), question());
  EXPECT_EQ(fit.one_room, measured_runs().large.peak_bytes);
  EXPECT_EQ(fit.all_rooms, measured_runs().large.peak_bytes);
  EXPECT_EQ(fit.rest, 20 * mb);
  EXPECT_TRUE(fit.fits);
  EXPECT_EQ(fit.evidence_tokens, 924U);
  EXPECT_NEAR(fit.prefill_s, measured_runs().large.prefill_s, 1e-9);
}

TEST(Fit, ContextGrowsTheCacheAndWhatOneBatchAttendsTo) {
  FitQuestion wide = question();
  wide.context = 8192;
  const Fit fit = predict_fit(measured_runs(), wide);
  EXPECT_EQ(fit.cache, 8192U * 10'000);
  EXPECT_EQ(fit.compute, 50 * mb + 1000 * 8192);
}

TEST(Fit, ATokenTakesTheLongerTheMoreStandBeforeIt) {
  FitQuestion wide = question();
  wide.context = 8292;
  wide.tries = 1;
  const Fit fit = predict_fit(measured_runs(), wide);
  ASSERT_EQ(fit.evidence_tokens, 8192U);
  EXPECT_NEAR(fit.prefill_s, 8192 * (10e-3 + 10e-6 * 8192 / 2), 1e-6);
  EXPECT_NEAR(fit.decode_s, 100 * (100e-3 + 20e-6 * (8192 + 50)), 1e-6);
  // One length tells nothing of others: what was measured holds for all.
  Measured once = measured_runs();
  once.small = once.large;
  EXPECT_NEAR(predict_fit(once, wide).prefill_s, 8192 * once.large.prefill_s / 924, 1e-6);
  EXPECT_EQ(predict_fit(once, wide).compute, once.large.compute_bytes);
}

// Of a mapped file not every page is touched, and of a buffer not every row.
TEST(Fit, WhatIsNeverTouchedIsNotCounted) {
  Measured measured = measured_runs();
  measured.large.peak_bytes -= 70 * mb;
  FitQuestion asked = question();
  const Fit fit = predict_fit(measured, asked);
  EXPECT_EQ(fit.rest, -50 * static_cast<std::int64_t>(mb));
  EXPECT_EQ(fit.one_room, measured.large.peak_bytes);
  asked.slots = 2;
  EXPECT_EQ(predict_fit(measured, asked).all_rooms, 2 * fit.one_room - 350 * mb) << "once, as the file is";
}

TEST(Fit, TheLargestContextIsTheLastThatFits) {
  FitQuestion asked = question();
  const Fit fit = predict_fit(measured_runs(), asked);
  EXPECT_EQ(fit.largest_context, 32768U);  // no more than it was trained for
  asked.memory = 900 * mb;
  const std::uint32_t largest = predict_fit(measured_runs(), asked).largest_context;
  ASSERT_GT(largest, 1024U);
  ASSERT_LT(largest, 32768U);
  asked.context = largest;
  EXPECT_TRUE(predict_fit(measured_runs(), asked).fits);
  asked.context = largest + 256;
  EXPECT_FALSE(predict_fit(measured_runs(), asked).fits);
  asked.memory = 100 * mb;
  EXPECT_EQ(predict_fit(measured_runs(), asked).largest_context, 0U);
}

TEST(Fit, RoomsShareWhatIsMappedAndNothingElse) {
  FitQuestion asked = question();
  asked.slots = 3;
  const Fit fit = predict_fit(measured_runs(), asked);
  EXPECT_EQ(fit.all_rooms, 400 * mb + 3 * (fit.one_room - 400 * mb));
  EXPECT_DOUBLE_EQ(fit.decode_s, 3 * predict_fit(measured_runs(), question()).decode_s);
  asked.tries = 5;
  EXPECT_EQ(predict_fit(measured_runs(), asked).evidence_tokens, 524U);
  asked.output_tokens = 1000;
  EXPECT_EQ(predict_fit(measured_runs(), asked).evidence_tokens, 0U);
}

}  // namespace
}  // namespace carrel
