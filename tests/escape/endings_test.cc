// Every way a room can end, each with its exact outcome, as root and as an ordinary user.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include "host/walls/room_memory.h"
#include "record/codec.h"
#include "tests/escape/stand.h"

namespace carrel::escape {
namespace {

using testing::Contains;
using testing::HasSubstr;

class Endings : public testing::TestWithParam<Who> {
 protected:
  RoomOutcome play(const std::string& part, const std::string& job = "") {
    return run(probe_room(part, job));
  }
  RoomOutcome run(RoomSpec spec, Stopping stopping = {}) {
    RoomOutcome outcome = run_room(std::move(spec), GetParam(), stopping);
    EXPECT_EQ(outcome.survivors, 0U);
    return outcome;
  }
};

// An outcome of the wanted ending, told in words that hold this part, and without an answer: that is for ok
// alone.
void expect_ending(const RoomOutcome& outcome, Ending wanted, const std::string& part) {
  EXPECT_EQ(outcome.ending, wanted) << shown(outcome);
  EXPECT_THAT(outcome.detail, HasSubstr(part));
  EXPECT_EQ(outcome.answer.body, "");
}

TEST_P(Endings, OkWithTheJobAnswered) {
  const RoomOutcome outcome = play("echo", "the job");
  EXPECT_EQ(outcome.ending, Ending::ok) << shown(outcome);
  EXPECT_EQ(outcome.answer.type, MessageType::result);
  EXPECT_EQ(outcome.answer.body, "the job");
  EXPECT_TRUE(outcome.denials.empty()) << shown(outcome);
  EXPECT_EQ(outcome.last_words, "");
  EXPECT_GT(outcome.start_s, 0);
  EXPECT_GE(outcome.elapsed_s, outcome.start_s);
  EXPECT_GT(outcome.peak_memory, 0U);
  EXPECT_THAT(outcome.layers, Contains("user namespace"));
  EXPECT_THAT(outcome.layers, Contains(HasSubstr("landlock abi ")));
  EXPECT_EQ(outcome.configuration.size(), 64U);
}

TEST_P(Endings, OkForADynamicProgram) {
  RoomSpec spec = dynamic_room("threads");
  spec.caps.memory = 256ULL << 20;  // eight stacks of 8 MiB among them
  const RoomOutcome outcome = run(std::move(spec));
  EXPECT_EQ(outcome.ending, Ending::ok) << shown(outcome);
  EXPECT_EQ(outcome.answer.body, "8");
  EXPECT_TRUE(outcome.denials.empty()) << shown(outcome);
}

TEST_P(Endings, OkWithThreadsMemoryAndExceptions) {
  RoomSpec spec = probe_room("threads");
  spec.caps.memory = 256ULL << 20;
  const RoomOutcome outcome = run(std::move(spec));
  EXPECT_EQ(outcome.ending, Ending::ok) << shown(outcome);
  EXPECT_EQ(outcome.answer.body, "8");
  EXPECT_TRUE(outcome.denials.empty()) << shown(outcome);
}

TEST_P(Endings, OkWithALargeJobAndItsInput) {
  RoomSpec spec = probe_room("echo", std::string(700'000, 'j'));
  const RoomOutcome outcome = run(std::move(spec));
  EXPECT_EQ(outcome.ending, Ending::ok) << outcome.detail;
  EXPECT_EQ(outcome.answer.body.size(), 700'000U);
  EXPECT_EQ(play("read_input").answer.body, "input");
}

TEST_P(Endings, OkWithARefusal) {
  const RoomOutcome outcome = play("refuse");
  ASSERT_EQ(outcome.ending, Ending::ok) << shown(outcome);
  ASSERT_EQ(outcome.answer.type, MessageType::refused);
  const auto refused = decode<Refused>(outcome.answer.body);
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->what, "the bundle is damaged");
}

TEST_P(Endings, SetupErrorWithoutARoot) {
  RoomSpec spec = probe_room("echo");
  spec.root += "-that-is-not-there";
  expect_ending(run(std::move(spec)), Ending::setup_error, "No such file");
}

TEST_P(Endings, SetupErrorWithoutAProgram) {
  RoomSpec spec = probe_room("echo");
  spec.program = "/no-such-program";
  const RoomOutcome outcome = run(std::move(spec));
  expect_ending(outcome, Ending::setup_error, "/no-such-program cannot be started: No such file");
  EXPECT_NE(outcome.remedy, "");
}

TEST_P(Endings, SetupErrorForAnInputOpenForWriting) {
  RoomSpec spec = probe_room("echo");
  char path[] = "/tmp/carrel-escape-writable-XXXXXX";
  spec.inputs.emplace_back(::mkstemp(path));
  ::unlink(path);
  expect_ending(run(std::move(spec)), Ending::setup_error, "not open for reading alone");
}

// What a room may write to is memory of a sealed size; nothing else is taken for it.
TEST_P(Endings, SetupErrorForAnOutputThatIsNoSealedMemory) {
  char path[] = "/tmp/carrel-escape-output-XXXXXX";
  Fd file(::mkstemp(path));
  ::unlink(path);
  Fd unsealed(::memfd_create("output", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  for (Fd* const output : {&file, &unsealed}) {
    ASSERT_EQ(::ftruncate(output->get(), 4096), 0);
    RoomSpec spec = probe_room("echo");
    spec.output = std::move(*output);
    expect_ending(run(std::move(spec)), Ending::setup_error, "not memory of a sealed size");
  }
  RoomSpec spec = probe_room("echo");
  spec.output = std::move(*make_room_memory(4096));
  EXPECT_EQ(run(std::move(spec)).ending, Ending::ok);
}

TEST_P(Endings, SetupErrorForAFolderAsInput) {
  RoomSpec spec = probe_room("echo");
  spec.inputs.emplace_back(::open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  expect_ending(run(std::move(spec)), Ending::setup_error, "neither a file nor a pipe");
}

TEST_P(Endings, SetupErrorWithoutALimitOnAddressSpace) {
  RoomSpec spec = probe_room("echo");
  spec.caps.address_space = 0;
  expect_ending(run(std::move(spec)), Ending::setup_error, "no limit on its address space");
}

TEST_P(Endings, SetupErrorForAProgramThatDoesNotSealItself) {
  expect_ending(play("exit_before_sealing"), Ending::setup_error, "before it was sealed (status 3)");
  const RoomOutcome outcome = play("refuse_to_seal");
  expect_ending(outcome, Ending::setup_error, "no such layer");
  EXPECT_EQ(outcome.remedy, "get another kernel");
}

TEST_P(Endings, SetupErrorForAPretendedSeal) {
  expect_ending(play("no_listener"), Ending::setup_error, "no system call listener");
  expect_ending(play("no_such_listener"), Ending::setup_error, "cannot be taken");
}

TEST_P(Endings, SetupErrorForAThreadOutsideTheFilter) {
  expect_ending(play("seal_with_a_thread"), Ending::setup_error, "the wall does not hold: Threads");
}

TEST_P(Endings, ViolationForBadMessages) {
  expect_ending(play("garbage"), Ending::violation, "not a message");
  expect_ending(play("unknown_version"), Ending::violation, "version 9");
  expect_ending(play("unknown_type"), Ending::violation, "unknown type 77");
  expect_ending(play("huge_announcement"), Ending::violation, "4294967295 bytes");
  expect_ending(play("bad_progress"), Ending::violation, "progress cannot be read");
  expect_ending(play("bad_refusal"), Ending::violation, "refusal cannot be read");
}

TEST_P(Endings, ViolationForMessagesOutOfTurn) {
  expect_ending(play("result_before_sealing"), Ending::violation, "before it was sealed");
  expect_ending(play("sealed_twice"), Ending::violation, "sealed itself twice");
  expect_ending(play("sends_a_job"), Ending::violation, "only the host may send");
  expect_ending(play("two_answers"), Ending::violation, "answered twice");
  expect_ending(play("progress_after_answer"), Ending::violation, "out of turn");
  expect_ending(play("answer_and_a_half"), Ending::violation, "cut short");
}

TEST_P(Endings, ViolationAfterTooManyDeniedCalls) {
  const RoomOutcome outcome = play("denied_calls");
  expect_ending(outcome, Ending::violation, "more than 100 denied");
  ASSERT_EQ(outcome.denials.size(), 1U);
  EXPECT_EQ(outcome.denials[0].call, "socket");
  EXPECT_EQ(outcome.denials[0].arguments, "(2, 1, 0)");
  EXPECT_EQ(outcome.denials[0].count, 101U);
}

TEST_P(Endings, AllDeniedCallsAreCounted) {
  RoomSpec spec = probe_room("denied_calls");
  spec.caps.denials = 20'000;
  const RoomOutcome outcome = run(std::move(spec));
  EXPECT_EQ(outcome.ending, Ending::ok) << shown(outcome);
  ASSERT_EQ(outcome.denials.size(), 1U);
  EXPECT_EQ(outcome.denials[0].count, 20'000U);
}

TEST_P(Endings, Memory) {
  expect_ending(play("memory_by_new"), Ending::memory, "64 MiB of memory");
  expect_ending(play("exit_for_memory"), Ending::memory, "64 MiB of memory");
}

TEST_P(Endings, MemoryIsRefusedAtItsLimit) {
  const RoomOutcome outcome = play("memory_by_mmap");
  ASSERT_EQ(outcome.ending, Ending::ok) << shown(outcome);
  const int mapped = std::stoi(outcome.answer.body);
  EXPECT_GE(mapped, 55);
  EXPECT_LE(mapped, 64);
}

TEST_P(Endings, ThreadsStopAtTheirLimit) {
  RoomSpec spec = probe_room("thread_bomb");
  spec.caps.memory = 512ULL << 20;
  const RoomOutcome outcome = run(std::move(spec));
  ASSERT_EQ(outcome.ending, Ending::ok) << shown(outcome);
  EXPECT_EQ(std::stoi(outcome.answer.body), 23) << "24 with the first one";
}

TEST_P(Endings, TimeByTheClock) {
  for (const char* const part : {"loop", "loop_before_sealing", "close_all_and_loop"}) {
    RoomSpec spec = probe_room(part);
    spec.caps.wall_clock = std::chrono::milliseconds(400);
    const RoomOutcome outcome = run(std::move(spec));
    expect_ending(outcome, Ending::time, "longer than its 0.4 s");
    EXPECT_LT(outcome.elapsed_s, 1.4);
  }
}

TEST_P(Endings, TimeByTheProcessor) {
  RoomSpec spec = probe_room("loop");
  spec.caps.cpu = std::chrono::seconds(1);
  expect_ending(run(std::move(spec)), Ending::time, "1 s of CPU");
}

TEST_P(Endings, TimeForLingeringAfterTheAnswer) {
  expect_ending(play("answer_and_linger"), Ending::time, "did not end after its answer");
}

TEST_P(Endings, OutputCap) {
  expect_ending(play("flood_of_progress"), Ending::output_cap, "more than its 1048576 bytes");
  const RoomOutcome words = play("flood_of_words");
  expect_ending(words, Ending::output_cap, "more than its 1048576 bytes");
  EXPECT_EQ(words.last_words, std::string(4096, 'w'));
}

TEST_P(Endings, Killed) {
  expect_ending(play("crash"), Ending::killed, "signal 4");
  expect_ending(play("no_answer"), Ending::killed, "without an answer (status 0)");
  expect_ending(play("exit_status"), Ending::killed, "without an answer (status 5)");
  expect_ending(play("half_a_message"), Ending::killed, "without an answer (status 0)");
  expect_ending(play("answer_and_fail"), Ending::killed, "failed after its answer (status 9)");
  const RoomOutcome aborted = play("abort");
  expect_ending(aborted, Ending::killed, "signal");
  EXPECT_EQ(aborted.last_words, "the reason\n");
}

TEST_P(Endings, Interrupted) {
  const RoomOutcome outcome = run(probe_room("loop"), {300});
  expect_ending(outcome, Ending::interrupted, "on request");
  EXPECT_LT(outcome.elapsed_s, 0.3 + 0.1 + 0.1) << "100 ms from the stop, and the test's own slack";
}

TEST_P(Endings, NothingSurvives) {
  EXPECT_EQ(play("orphans").ending, Ending::ok);
  RoomSpec spec = probe_room("orphans_and_loop");
  spec.caps.wall_clock = std::chrono::milliseconds(400);
  EXPECT_EQ(run(std::move(spec)).ending, Ending::time);
}

TEST_P(Endings, TheConfigurationIsToldByItsDigest) {
  const std::string one = play("echo", "a job").configuration;
  EXPECT_EQ(play("echo", "another job").configuration, one);
  RoomSpec spec = probe_room("echo");
  spec.caps.denials = 99;
  EXPECT_NE(run(std::move(spec)).configuration, one);
}

std::vector<Who> everyone_and_rootless() {
  std::vector<Who> all = everyone();
  all.push_back(Who::rootless);
  return all;
}

INSTANTIATE_TEST_SUITE_P(As, Endings, testing::ValuesIn(everyone_and_rootless()),
                         [](const auto& one) { return name_of(one.param); });

}  // namespace
}  // namespace carrel::escape
