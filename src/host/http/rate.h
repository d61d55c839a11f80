// How often something may be done: a bucket of tokens that fills again with time.
#pragma once

#include <algorithm>
#include <chrono>

namespace carrel {

using RateClock = std::chrono::steady_clock;

// Not thread-safe.
class TokenBucket {
 public:
  // `most` at once, `per_second` after that.
  TokenBucket(double most, double per_second) : most_(most), per_second_(per_second), held_(most) {}

  // Takes one; false where there is none.
  bool take(RateClock::time_point now) {
    fill(now);
    if (held_ < 1) return false;
    held_ -= 1;
    return true;
  }
  // Gives one back that was taken for nothing.
  void give_back() { held_ = std::min(most_, held_ + 1); }
  // Whole seconds until there is one, at least 1.
  unsigned wait(RateClock::time_point now) {
    fill(now);
    return held_ >= 1 ? 1 : static_cast<unsigned>((1 - held_) / per_second_) + 1;
  }

 private:
  void fill(RateClock::time_point now) {
    if (now > last_)
      held_ = std::min(most_, held_ + std::chrono::duration<double>(now - last_).count() * per_second_);
    last_ = std::max(last_, now);
  }
  double most_, per_second_, held_;
  RateClock::time_point last_{};
};

}  // namespace carrel
