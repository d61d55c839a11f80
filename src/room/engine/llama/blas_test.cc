// Reading a prompt through the BLAS and without, in turns, as a kept room does.
#include "room/engine/llama/blas.h"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "room/engine/llama/llama_case.h"

namespace carrel {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

class ReadsPrompts : public OnMadeModel {
 protected:
  void SetUp() override {
#if defined(__x86_64__)
    if (!__builtin_cpu_supports("avx2")) GTEST_SKIP() << "the BLAS has no kernels for this processor";
#else
    GTEST_SKIP() << "the BLAS is used on x86-64 alone";
#endif
    engine_ = load();
  }

  // What follows 128 tokens, read in batches of so many.
  std::vector<float> logits(bool exact, std::size_t batch = 128) {
    EXPECT_TRUE(engine_->open({.context = 256,
                               .sequence = 256,
                               .sequences = 1,
                               .outputs = 1,
                               .batch = 128,
                               .threads = 2,
                               .exact = exact}));
    const Tokens tokens = prompt();
    for (std::size_t at = 0; at < tokens.size(); at += batch) {
      const Tokens some(tokens.begin() + static_cast<std::ptrdiff_t>(at),
                        tokens.begin() + static_cast<std::ptrdiff_t>(at + batch));
      const Extension extension{.sequence = 0, .tokens = some, .logits = 1};
      const auto done = engine_->extend({&extension, 1});
      EXPECT_TRUE(done && *done == Extended::done);
    }
    const std::span<const float> last = engine_->logits(0, 0);
    std::vector<float> out(last.begin(), last.end());
    backend_ = engine_->backend();
    engine_->close();
    return out;
  }
  static Tokens prompt() {
    Tokens tokens;
    for (Token i = 0; i < 128; ++i) tokens.push_back(300 + (i * 37) % 1500);
    return tokens;
  }

  std::unique_ptr<Engine> engine_;
  std::string backend_;
};

TEST_F(ReadsPrompts, ThroughTheBlasToNearlyTheSame) {
  const std::vector<float> through = logits(false);
  EXPECT_THAT(backend_, EndsWith(" with BLAS"));
  const std::vector<float> exact = logits(true);
  EXPECT_THAT(backend_, Not(HasSubstr("BLAS")));
  ASSERT_EQ(through.size(), exact.size());
  ASSERT_FALSE(through.empty());
  double apart = 0, size = 0;
  for (std::size_t i = 0; i < exact.size(); ++i) {
    apart += std::pow(through[i] - exact[i], 2);
    size += std::pow(exact[i], 2);
  }
  EXPECT_GT(apart, 0);  // it was another way
  EXPECT_LT(std::sqrt(apart / size), 0.05);
}

TEST_F(ReadsPrompts, TheSameEachTimeWhateverCameBetween) {
  const std::vector<float> through = logits(false), exact = logits(true);
  EXPECT_EQ(logits(false), through);
  EXPECT_EQ(logits(true), exact);
  EXPECT_EQ(logits(false), through);
}

TEST_F(ReadsPrompts, ExactlyWhereThatIsAskedForHoweverTheyAreCut) {
  EXPECT_EQ(logits(true, 64), logits(true, 128));
  EXPECT_EQ(logits(true, 32), logits(true, 128));
}

}  // namespace
}  // namespace carrel
