// How probes are judged, and what is kept of them. That rooms hold is tested in tests/escape.
#include "record/probe.h"

#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "host/probe/probe_record.h"
#include "record/codec.h"

namespace carrel {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr Expectation denied{"socket_inet", "network", "EPERM", "socket"};
constexpr Expectation unseen{"read_passwd", "files", "ENOENT"};
constexpr Expectation fact{"own_name", "leaks", "room", nullptr, nullptr};
constexpr Expectation capped{"endless_loop", "limits", "", nullptr, "through", Ending::time, true};

RoomOutcome room(const std::string& learnt, const char* call = nullptr, Ending ending = Ending::ok) {
  RoomOutcome outcome;
  outcome.ending = ending;
  if (ending == Ending::ok) outcome.answer = {MessageType::result, *encode(ProbeResult{learnt})};
  if (call != nullptr) outcome.denials.push_back({call, "(2, 1, 0)", 3});
  outcome.configuration = std::string(64, 'a');
  outcome.start_s = 0.01;
  return outcome;
}

TEST(Judge, HoldsOnlyForTheExactOutcomeWithItsControl) {
  const ProbeVerdict held = judge(denied, room("EPERM", "socket"), "through");
  EXPECT_EQ(held.end, ProbeEnd::held) << held.why;
  EXPECT_EQ(held.denied, "socket(2, 1, 0)");
  EXPECT_EQ(held.denials, 3U);
  EXPECT_EQ(judge(unseen, room("ENOENT"), "through").end, ProbeEnd::held);
  EXPECT_EQ(judge(fact, room("room"), "the-machine").end, ProbeEnd::held);
  EXPECT_EQ(judge(capped, room("", nullptr, Ending::time), "through").end, ProbeEnd::held);
}

TEST(Judge, AFailedControlProvesNothing) {
  const ProbeVerdict verdict = judge(denied, room("EPERM", "socket"), "EAFNOSUPPORT");
  EXPECT_EQ(verdict.end, ProbeEnd::proves_nothing);
  EXPECT_THAT(verdict.why, HasSubstr("EAFNOSUPPORT"));
  EXPECT_EQ(judge(fact, room("room"), "room").end, ProbeEnd::proves_nothing);
}

TEST(Judge, AWayInThatTheMachineDoesNotHaveProvesNothing) {
  constexpr Expectation killed{"call_of_32_bits", "kernel", "", "seccomp", "through", Ending::violation};
  const RoomOutcome died = room("", nullptr, Ending::killed);
  EXPECT_EQ(judge(killed, died, "nothing").end, ProbeEnd::proves_nothing);
  EXPECT_EQ(judge(killed, died, "through").end, ProbeEnd::broken);
  EXPECT_EQ(judge(denied, died, "nothing").end, ProbeEnd::broken) << "another end was expected";
}

TEST(Judge, EverythingElseIsBroken) {
  EXPECT_EQ(judge(denied, room("through"), "through").end, ProbeEnd::broken);
  EXPECT_EQ(judge(denied, room("EPERM", "connect"), "through").end, ProbeEnd::broken) << "another call";
  EXPECT_EQ(judge(denied, room("EPERM"), "through").end, ProbeEnd::broken) << "no denial was seen";
  EXPECT_EQ(judge(unseen, room("ENOENT", "openat"), "through").end, ProbeEnd::broken) << "an unexpected one";
  EXPECT_EQ(judge(unseen, room("ENOENT", nullptr, Ending::killed), "through").end, ProbeEnd::broken);
  EXPECT_EQ(judge(capped, room("through"), "through").end, ProbeEnd::broken);
  RoomOutcome never_sealed = room("", nullptr, Ending::time);
  never_sealed.start_s = 0;
  EXPECT_EQ(judge(capped, never_sealed, "through").end, ProbeEnd::broken);
  RoomOutcome survived = room("EPERM", "socket");
  survived.survivors = 1;
  EXPECT_EQ(judge(denied, survived, "through").end, ProbeEnd::broken);
  // A room that could not be made holds nothing, whatever the control says.
  EXPECT_EQ(judge(denied, RoomOutcome{}, "EAFNOSUPPORT").end, ProbeEnd::broken);
  RoomOutcome garbage = room("EPERM", "socket");
  garbage.answer.body = "\xff\xff\xff";
  EXPECT_EQ(judge(denied, garbage, "through").end, ProbeEnd::broken);
}

TEST(ProbeRecord, IsKeptByTheConfiguration) {
  std::string data = testing::TempDir() + "/carrel-probe-record-XXXXXX";
  ASSERT_NE(::mkdtemp(data.data()), nullptr);
  const std::vector<ProbeVerdict> verdicts = {judge(denied, room("EPERM", "socket"), "through"),
                                              judge(denied, room("EPERM", "socket"), "EAFNOSUPPORT"),
                                              judge(unseen, room("through"), "through")};
  const ProbeSummary summary = summarise("read", verdicts, "0.1.0");
  EXPECT_EQ(summary.held, 1U);
  EXPECT_EQ(summary.proves_nothing, 1U);
  EXPECT_THAT(summary.broken_probes, ElementsAre("read_passwd"));
  ASSERT_TRUE(keep_probe_record(data, summary, verdicts));

  const auto found = find_probe_record(data, std::string(64, 'a'));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->all(), 3U);
  EXPECT_EQ(found->room, "read");
  EXPECT_EQ(found->at, summary.at);
  EXPECT_EQ(found->kernel, summary.kernel);
  EXPECT_THAT(found->broken_probes, ElementsAre("read_passwd"));

  EXPECT_FALSE(find_probe_record(data, std::string(64, 'b')));
  EXPECT_FALSE(find_probe_record(data, "../../etc/passwd"));
  // Cut anywhere it is no record, and said to be none.
  const std::string path = data + "/probes/" + std::string(64, 'a') + ".json";
  const auto whole = read_file(path, 1 << 20);
  ASSERT_TRUE(whole);
  for (std::size_t size = 0; size + 2 < whole->size(); size += 13) {
    ASSERT_TRUE(write_file_durably(path, std::string_view(*whole).substr(0, size)));
    EXPECT_FALSE(find_probe_record(data, std::string(64, 'a'))) << size;
  }
  std::filesystem::remove_all(data);
}

}  // namespace
}  // namespace carrel
