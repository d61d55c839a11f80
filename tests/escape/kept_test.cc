// What ends a room that is kept: hostile programs that answer, and then do something.
#include <atomic>
#include <chrono>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "host/walls/kept_room.h"
#include "tests/escape/stand.h"

namespace carrel::escape {
namespace {

class KeptHostile : public testing::Test {
 protected:
  std::optional<RoomOutcome> first(const std::string& part) {
    RoomSpec spec = probe_room(part);
    spec.caps.cpu = std::chrono::seconds(10);
    room_ = std::move(*KeptRoom::make(std::move(spec), 0));
    return ask("run-0");
  }
  std::optional<RoomOutcome> ask(const std::string& run) {
    return room_->ask(
        "job", "", Fd(), run, [](const Progress&) {}, stop_);
  }
  // Whether the room ends of itself, without another job.
  bool ends() const {
    for (int i = 0; i < 1000 && !room_->over(); ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    return room_->over();
  }
  std::unique_ptr<KeptRoom> room_;
  std::atomic<bool> stop_ = false;
};

TEST_F(KeptHostile, SpeakingWithoutAJobIsItsEnd) {
  const auto outcome = first("answers_then_speaks");
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->ending, Ending::ok) << shown(*outcome);
  EXPECT_EQ(outcome->answer.body, "one");
  EXPECT_TRUE(ends());
  EXPECT_FALSE(ask("run-1"));
}

TEST_F(KeptHostile, WorkingWithoutAJobIsItsEnd) {
  const auto outcome = first("answers_then_works");
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->ending, Ending::ok) << shown(*outcome);
  EXPECT_TRUE(ends());
}

TEST_F(KeptHostile, ADeniedCallWithoutAJobIsItsEnd) {
  const auto outcome = first("answers_then_tries");
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->ending, Ending::ok) << shown(*outcome);
  EXPECT_TRUE(ends());
}

// It has its answer, and its denial is told; no other run gets the room.
TEST_F(KeptHostile, ADeniedCallInAJobIsItsLastJob) {
  const auto outcome = first("tries_then_answers");
  ASSERT_TRUE(outcome);
  ASSERT_EQ(outcome->denials.size(), 1U) << shown(*outcome);
  EXPECT_EQ(outcome->denials[0].call, "socket");
  EXPECT_FALSE(outcome->kept->stays);
  EXPECT_FALSE(ask("run-1"));
}

}  // namespace
}  // namespace carrel::escape
