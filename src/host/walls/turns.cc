#include "host/walls/turns.h"

#include <sys/eventfd.h>

namespace carrel {

Turns::Turns() : wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  over_ = !wake_.valid();
}

void Turns::wake() const {
  const std::uint64_t one = 1;
  // A counter that is full wakes too.
  if (::write(wake_.get(), &one, sizeof one) < 0) return;
}

std::optional<RoomOutcome> Turns::ask(const Turn& turn) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return !asking_ || over_ || closed_; });
  if (over_ || closed_) return std::nullopt;
  asking_ = true;
  waiting_ = turn;
  wake();
  changed_.wait(lock, [&] { return answered_ || (over_ && !taken_); });
  std::optional<RoomOutcome> outcome = std::move(answered_);
  answered_.reset();
  waiting_.reset();
  asking_ = taken_ = false;
  changed_.notify_all();
  return outcome;
}

void Turns::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  wake();
  changed_.notify_all();
}

bool Turns::over() const {
  const std::lock_guard lock(mutex_);
  return over_ || closed_;
}

std::optional<Turn> Turns::next() {
  const std::lock_guard lock(mutex_);
  std::uint64_t count = 0;
  if (closed_ || ::read(wake_.get(), &count, sizeof count) < 0) return std::nullopt;
  if (!waiting_ || taken_) return std::nullopt;
  taken_ = true;
  return waiting_;
}

bool Turns::closed() const {
  const std::lock_guard lock(mutex_);
  return closed_;
}

void Turns::answer(RoomOutcome outcome) {
  const std::lock_guard lock(mutex_);
  answered_ = std::move(outcome);
  changed_.notify_all();
}

void Turns::finish(RoomOutcome outcome) {
  const std::lock_guard lock(mutex_);
  over_ = true;
  if (taken_ && !answered_) answered_ = std::move(outcome);
  changed_.notify_all();
}

}  // namespace carrel
