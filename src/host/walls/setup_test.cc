#include "host/walls/setup.h"

#include <cerrno>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "host/walls/configuration.h"

namespace carrel {
namespace {

using testing::HasSubstr;

rlim_t limit_of(const Caps& caps, std::size_t inputs, decltype(RLIMIT_AS) resource) {
  for (const Limit& limit : room_limits(caps, inputs)) {
    if (limit.resource == resource) return limit.value;
  }
  return RLIM_INFINITY;
}

TEST(RoomLimits, FollowTheCaps) {
  Caps caps;
  caps.address_space = 3'000'000;
  caps.memory = 2'000'000;
  caps.processes = 5;
  caps.cpu = std::chrono::seconds(7);
  EXPECT_EQ(limit_of(caps, 1, RLIMIT_AS), 3'000'000U);
  EXPECT_EQ(limit_of(caps, 1, RLIMIT_DATA), 2'000'000U);
  EXPECT_EQ(limit_of(caps, 1, RLIMIT_NPROC), 5U);
  EXPECT_EQ(limit_of(caps, 1, RLIMIT_CPU), 10U) << "a second hold, above the supervisor's";
  EXPECT_EQ(limit_of(caps, 4, RLIMIT_NOFILE), limit_of(caps, 1, RLIMIT_NOFILE) + 3);
  for (const auto nothing :
       {RLIMIT_FSIZE, RLIMIT_CORE, RLIMIT_MSGQUEUE, RLIMIT_MEMLOCK, RLIMIT_NICE, RLIMIT_RTPRIO}) {
    EXPECT_EQ(limit_of(caps, 1, nothing), 0U);
  }
}

TEST(RoomLimits, NoCapMeansTheNextLargerOneAndNeverNone) {
  Caps caps;
  caps.address_space = 3'000'000;
  caps.cpu = std::chrono::seconds(0);
  EXPECT_EQ(limit_of(caps, 0, RLIMIT_DATA), 3'000'000U);
  EXPECT_EQ(limit_of(caps, 0, RLIMIT_CPU), 2U);
}

TEST(SetupError, EveryStepHasItsSentenceAndARemedy) {
  RoomSpec spec;
  spec.root = "/the/root";
  spec.program = "/the/program";
  for (std::uint32_t step = 0; step < static_cast<std::uint32_t>(SetupStep::count_); ++step) {
    const Error error = setup_error({static_cast<SetupStep>(step), EPERM}, spec);
    EXPECT_EQ(error.code, Code::room_refused);
    EXPECT_THAT(error.what, HasSubstr("Operation not permitted"));
    EXPECT_THAT(error.what, testing::Not(HasSubstr("broke off"))) << "step " << step << " has no sentence";
    EXPECT_NE(error.remedy, "");
  }
  const Error closed = setup_error({SetupStep::execute, EACCES}, spec);
  EXPECT_THAT(closed.what, HasSubstr("/the/program"));
  EXPECT_THAT(closed.remedy, HasSubstr("chmod -R a+rX /the/root"));
}

TEST(DetachedRoot, RefusesWhatIsNoFolder) {
  EXPECT_FALSE(detached_root("/no/such/folder"));
  EXPECT_FALSE(detached_root("/proc/self/status"));
}

TEST(Configuration, IsTheDigestOfWhatShapesTheRoom) {
  const auto digest = [](auto change) {
    RoomSpec spec;
    spec.program = "/carrel-read";
    spec.arguments = {"read"};
    spec.caps.address_space = 1;
    std::vector<std::string> layers = {"user namespace"};
    change(spec, layers);
    return configuration_digest(spec, layers);
  };
  using Layers = std::vector<std::string>;
  const std::string same = digest([](RoomSpec&, Layers&) {});
  EXPECT_EQ(same.size(), 64U);
  EXPECT_EQ(digest([](RoomSpec& s, Layers&) { s.job = "another job"; }), same);
  EXPECT_EQ(digest([](RoomSpec& s, Layers&) { s.root = "/another/place"; }), same);
  EXPECT_NE(digest([](RoomSpec& s, Layers&) { s.kind = RoomKind::think; }), same);
  EXPECT_NE(digest([](RoomSpec& s, Layers&) { s.program = "/carrel-think"; }), same);
  EXPECT_NE(digest([](RoomSpec& s, Layers&) { s.arguments = {"check"}; }), same);
  EXPECT_NE(digest([](RoomSpec& s, Layers&) { s.inputs.emplace_back(); }), same);
  EXPECT_NE(digest([](RoomSpec& s, Layers&) { s.caps.wall_clock = std::chrono::milliseconds(1); }), same);
  EXPECT_NE(digest([](RoomSpec& s, Layers&) { s.caps.cpu = std::chrono::seconds(1); }), same);
  EXPECT_NE(digest([](RoomSpec& s, Layers&) { s.caps.address_space = 2; }), same);
  EXPECT_NE(digest([](RoomSpec& s, Layers&) { s.caps.memory = 2; }), same);
  EXPECT_NE(digest([](RoomSpec& s, Layers&) { s.caps.processes = 2; }), same);
  EXPECT_NE(digest([](RoomSpec& s, Layers&) { s.caps.output_bytes = 2; }), same);
  EXPECT_NE(digest([](RoomSpec& s, Layers&) { s.caps.denials = 2; }), same);
  EXPECT_NE(digest([](RoomSpec&, Layers& l) { l.emplace_back("landlock abi 7"); }), same);
}

}  // namespace
}  // namespace carrel
