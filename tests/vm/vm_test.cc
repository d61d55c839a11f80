// The vm wall whole: QEMU in its room, a guest that boots, a program inside, by software emulation.
#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "host/probe/vm_probes.h"
#include "host/walls/vm_wall.h"
#include "record/codec.h"
#include "record/probe.h"

namespace carrel {
namespace {

namespace fs = std::filesystem;
using testing::Contains;
using testing::HasSubstr;

class Vm : public testing::Test {
 protected:
  void SetUp() override {
    auto image = find_vm_image(CARREL_ROOMS);
    if (!image) GTEST_SKIP() << image.error().what << ": " << image.error().remedy;
    image_ = std::move(*image);
    std::string pattern = testing::TempDir() + "/carrel-vm-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
    fs::permissions(folder_, fs::perms(0755));
    fs::create_directory(folder_ + "/root");
    fs::permissions(folder_ + "/root", fs::perms(0755));
    fs::copy_file(ESCAPE_PROBE, folder_ + "/root/probe");
    fs::permissions(folder_ + "/root/probe", fs::perms(0755));
    std::ofstream(folder_ + "/input") << "input";
  }
  void TearDown() override {
    if (!folder_.empty()) fs::remove_all(folder_);
  }

  RoomSpec room(const std::string& part, const std::string& job = "") const {
    RoomSpec spec;
    spec.root = folder_ + "/root";
    spec.program = "/probe";
    spec.arguments = {part};
    spec.job = job;
    spec.inputs.emplace_back(::open((folder_ + "/input").c_str(), O_RDONLY | O_CLOEXEC));
    spec.caps.memory = 64ULL << 20;
    spec.caps.address_space = 256ULL << 20;
    spec.caps.denials = 100;
    spec.caps.output_bytes = 1 << 20;
    return spec;
  }

  RoomOutcome run(RoomSpec spec) const { return run(std::move(spec), image_); }
  RoomOutcome run(RoomSpec spec, const VmImage& image) const {
    const std::atomic<bool> stop = false;
    VmWall wall(image, Acceleration::tcg, cache());
    RoomOutcome outcome = wall.run(std::move(spec), {}, stop);
    EXPECT_EQ(outcome.survivors, 0U);
    return outcome;
  }
  // That a guest boots here is found out once for all tests of this program, and for each of its processes.
  static std::string cache() {
    static const std::string folder = [] {
      const std::string path = fs::path(CARREL_ROOMS).parent_path() / "vm-test-cache";
      fs::create_directories(path);
      return path;
    }();
    return folder;
  }
  std::string input() const {
    std::ifstream in(folder_ + "/input", std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  VmImage image_;
  std::string folder_;
};

std::string shown(const RoomOutcome& outcome) {
  std::string text =
      fmt::format("ending {}, \"{}\" [{}], answer \"{}\", words \"{}\"", to_string(outcome.ending),
                  outcome.detail, outcome.remedy, outcome.answer.body, outcome.last_words);
  for (const Denial& denial : outcome.denials)
    text += fmt::format("\n  denied {}{} {} times", denial.call, denial.arguments, denial.count);
  return text;
}

void expect_ending(const RoomOutcome& outcome, Ending wanted, const std::string& part) {
  EXPECT_EQ(outcome.ending, wanted) << shown(outcome);
  EXPECT_THAT(outcome.detail, HasSubstr(part)) << shown(outcome);
  EXPECT_EQ(outcome.answer.body, "");
}

TEST_F(Vm, AnswersAJobLikeAnyRoom) {
  // Larger than what a pipe, a port and a message's piece hold.
  const RoomOutcome outcome = run(room("echo", std::string(700'000, 'j')));
  ASSERT_EQ(outcome.ending, Ending::ok) << shown(outcome);
  EXPECT_EQ(outcome.answer.body, std::string(700'000, 'j'));
  EXPECT_TRUE(outcome.denials.empty()) << shown(outcome);
  EXPECT_GT(outcome.start_s, 0);
  EXPECT_GT(outcome.peak_memory, 0U);
  EXPECT_EQ(outcome.configuration.size(), 64U);
  EXPECT_THAT(outcome.layers, Contains(HasSubstr("virtual machine: qemu " + image_.qemu + ", tcg")));
  EXPECT_THAT(outcome.layers, Contains("vm image " + image_.digest));
  EXPECT_THAT(outcome.layers, Contains("user namespace")) << "QEMU is in a room itself";
  EXPECT_THAT(outcome.layers, Contains("inside: no network device"));
}

TEST_F(Vm, ReadsAFileToItsExactEnd) {
  const RoomOutcome outcome = run(room("read_input"));
  ASSERT_EQ(outcome.ending, Ending::ok) << shown(outcome);
  EXPECT_EQ(outcome.answer.body, "input") << "and no byte of the disk's last sector behind it";
}

TEST_F(Vm, ReadsAStreamToItsEnd) {
  RoomSpec spec = room("read_input");
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  spec.inputs[0] = Fd(ends[0]);
  Fd writing(ends[1]);
  ASSERT_TRUE(write_all(writing.get(), "streamed"));
  writing.reset();
  const RoomOutcome outcome = run(std::move(spec));
  ASSERT_EQ(outcome.ending, Ending::ok) << shown(outcome);
  EXPECT_EQ(outcome.answer.body, "streamed");
}

TEST_F(Vm, AHangingGuestIsEndedAtTheDeadline) {
  RoomSpec spec = room("loop");
  spec.caps.wall_clock = std::chrono::milliseconds(4000);
  const RoomOutcome outcome = run(std::move(spec));
  expect_ending(outcome, Ending::time, "longer than its 4 s");
}

TEST_F(Vm, DeniedCallsAreCountedInside) {
  const RoomOutcome outcome = run(room("denied_calls"));
  expect_ending(outcome, Ending::violation, "more than 100 denied");
  ASSERT_EQ(outcome.denials.size(), 1U) << shown(outcome);
  EXPECT_EQ(outcome.denials[0].call, "socket");
  EXPECT_EQ(outcome.denials[0].arguments, "(2, 1, 0)");
  EXPECT_EQ(outcome.denials[0].count, 101U);
}

TEST_F(Vm, MemoryEndsAtItsLimit) {
  expect_ending(run(room("memory_by_new")), Ending::memory, "64 MiB of memory");
}

TEST_F(Vm, ACrashIsToldWithItsLastWords) {
  const RoomOutcome outcome = run(room("abort"));
  expect_ending(outcome, Ending::killed, "signal");
  EXPECT_EQ(outcome.last_words, "the reason\n");
}

TEST_F(Vm, ABadMessageIsAViolation) {
  expect_ending(run(room("garbage")), Ending::violation, "not a message");
}

TEST_F(Vm, AProgramThatDoesNotSealItselfIsASetUpError) {
  expect_ending(run(room("exit_before_sealing")), Ending::setup_error, "before it was sealed (status 3)");
}

TEST_F(Vm, AnAttemptToMakeAFileIsDenied) {
  ProbeJob job;
  job.name = "create_file";
  const RoomOutcome outcome = run(room("attempt", *encode(job)));
  ASSERT_EQ(outcome.ending, Ending::ok) << shown(outcome);
  const auto result = decode<ProbeResult>(outcome.answer.body);
  ASSERT_TRUE(result) << result.error().what;
  EXPECT_EQ(result->outcome, "EPERM");
}

// A room that has taken over its guest, kernel and all, still finds nothing that it could write or reach.
TEST_F(Vm, AGuestTakenOverWritesNothingAndReachesNoNetwork) {
  auto hostile = find_vm_image(HOSTILE_ROOMS);
  ASSERT_TRUE(hostile) << hostile.error().what;
  const RoomOutcome outcome = run(room("echo"), *hostile);
  ASSERT_EQ(outcome.ending, Ending::ok) << shown(outcome);
  EXPECT_EQ(outcome.answer.body, "room: write EPERM\ninput: write EPERM\nnetwork: lo \n");
  EXPECT_EQ(input(), "input");
}

// Small caps, so that each limit is soon reached.
TwinRoom twin() {
  TwinRoom room{RoomKind::read, "/carrel-read", {"read"}, 1, {}};
  room.caps.memory = 64ULL << 20;
  room.caps.address_space = 256ULL << 20;
  room.caps.denials = 100;
  room.caps.output_bytes = 1 << 20;
  return room;
}

TEST_F(Vm, ProbesFailInsideAndInTheMachinesPlace) {
  const auto stand = ProbeStand::make(std::string(CARREL_ROOMS) + "/probe-root");
  ASSERT_TRUE(stand) << stand.error().what;
  const std::atomic<bool> stop = false;
  VmWall wall(image_, Acceleration::tcg, cache());
  std::size_t told = 0;
  const auto verdicts = run_vm_probes(
      wall, twin(), *stand, [&](std::size_t done, std::size_t) { told = done; }, stop);
  ASSERT_TRUE(verdicts) << verdicts.error().what;
  EXPECT_EQ(verdicts->size(), expected_in_guest(false).size() + expected_of_machine(false).size());
  EXPECT_EQ(told, verdicts->size());
  std::set<std::string> configurations;
  std::size_t held = 0, of_the_machine = 0;
  for (const ProbeVerdict& verdict : *verdicts) {
    // That controls come through is tested in tests/escape, for the same probes on the same host.
    EXPECT_NE(verdict.end, ProbeEnd::broken) << verdict.group << " " << verdict.probe << ": " << verdict.why;
    if (verdict.end == ProbeEnd::held) ++held;
    if (verdict.group.starts_with("machine: ")) ++of_the_machine;
    if (!verdict.brief) configurations.insert(verdict.configuration);
  }
  EXPECT_EQ(configurations.size(), 1U);
  EXPECT_EQ(of_the_machine, expected_of_machine(false).size());
  EXPECT_GE(held, 220U);
}

TEST_F(Vm, ARunAndItsTwinHaveOneConfiguration) {
  const auto stand = ProbeStand::make(std::string(CARREL_ROOMS) + "/probe-root");
  ASSERT_TRUE(stand) << stand.error().what;
  auto probed = attempt_room(twin(), *stand, *find_expected("create_file"));
  ASSERT_TRUE(probed);
  RoomSpec read = std::move(*attempt_room(twin(), *stand, *find_expected("create_file")));
  read.root = std::string(CARREL_ROOMS) + "/read-root";
  const RoomOutcome run_outcome = run(std::move(read));
  const std::atomic<bool> stop = false;
  VmWall wall(image_, Acceleration::tcg, cache());
  const auto job = probed->job;
  const auto rounds = wall.run_rounds(std::move(*probed), {job}, stop);
  EXPECT_EQ(rounds[0].ending, Ending::ok) << shown(rounds[0]);
  EXPECT_EQ(rounds[0].configuration, run_outcome.configuration);
}

TEST_F(Vm, ARoundThatFailsLeavesTheNextOnesAlone) {
  ProbeJob create, crash;
  create.name = "create_file";
  crash.name = "call_of_x32";
  const std::vector<std::string> jobs = {*encode(create), *encode(crash), *encode(create)};
  const std::atomic<bool> stop = false;
  VmWall wall(image_, Acceleration::tcg, cache());
  const auto rounds = wall.run_rounds(room("attempt"), jobs, stop);
  ASSERT_EQ(rounds.size(), 3U);
  for (const std::size_t whole : {0U, 2U}) {
    EXPECT_EQ(rounds[whole].ending, Ending::ok) << shown(rounds[whole]);
    ASSERT_EQ(rounds[whole].denials.size(), 1U) << shown(rounds[whole]);
    EXPECT_EQ(rounds[whole].denials[0].call, "openat");
  }
  expect_ending(rounds[1], Ending::killed, "status 31");
}

TEST_F(Vm, AStreamIsNotForRounds) {
  RoomSpec spec = room("echo");
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  spec.inputs[0] = Fd(ends[0]);
  ::close(ends[1]);
  const std::atomic<bool> stop = false;
  VmWall wall(image_, Acceleration::tcg, cache());
  const auto rounds = wall.run_rounds(std::move(spec), {"a job"}, stop);
  ASSERT_EQ(rounds.size(), 1U);
  expect_ending(rounds[0], Ending::setup_error, "a stream comes but once");
}

TEST_F(Vm, RunsNoModelBySoftware) {
  for (const RoomKind kind : {RoomKind::think, RoomKind::inspect}) {
    RoomSpec spec = room("echo");
    spec.kind = kind;
    const RoomOutcome outcome = run(std::move(spec));
    expect_ending(outcome, Ending::setup_error, "runs no model");
    EXPECT_THAT(outcome.remedy, HasSubstr("--wall namespace"));
  }
}

TEST_F(Vm, AnInputOpenForWritingIsRefused) {
  RoomSpec spec = room("echo");
  spec.inputs[0] = Fd(::open((folder_ + "/input").c_str(), O_RDWR | O_CLOEXEC));
  expect_ending(run(std::move(spec)), Ending::setup_error, "not open for reading alone");
}

TEST_F(Vm, KvmWorksOrSaysWhyNotAndWhatToDo) {
  const std::atomic<bool> stop = false;
  VmWall wall(image_, Acceleration::kvm, "");
  const Preflight preflight = wall.preflight(stop);
  if (preflight.works) {
    EXPECT_GT(preflight.boot_s, 0);
    return;
  }
  EXPECT_THAT(preflight.why, HasSubstr("the vm wall (kvm) cannot be made here: "));
  EXPECT_THAT(preflight.remedy, HasSubstr("--wall namespace"));
  const RoomOutcome outcome = wall.run(room("echo"), {}, stop);
  EXPECT_EQ(outcome.ending, Ending::setup_error);
  EXPECT_THAT(outcome.detail, HasSubstr("cannot be made here"));
}

TEST_F(Vm, TheVerdictIsKeptAndDoubtedWhenItsFileIsDamaged) {
  const std::atomic<bool> stop = false;
  const std::string kept = folder_ + "/cache";
  VmWall wall(image_, Acceleration::tcg, kept);
  const Preflight first = wall.preflight(stop);
  ASSERT_TRUE(first.works) << first.why;
  const Preflight second = wall.preflight(stop);
  EXPECT_TRUE(second.works);
  EXPECT_NEAR(second.boot_s, first.boot_s, 0.001) << "not booted again";

  // Marked as failing by a hand that knows the form; a verdict for something else, or cut off, is none.
  const std::string path = kept + "/vm-verdict-tcg";
  const auto text = read_file(path, 64 << 10);
  ASSERT_TRUE(text);
  std::ofstream(path) << text->substr(0, text->size() - 2);
  const Preflight third = wall.preflight(stop);
  EXPECT_TRUE(third.works) << third.why;
  EXPECT_EQ(*read_file(path, 64 << 10) == *text, third.boot_s == first.boot_s);
}

TEST(VmImage, AMissingPartIsOneClearSentence) {
  std::string pattern = testing::TempDir() + "/carrel-vm-image-XXXXXX";
  const std::string rooms = ::mkdtemp(pattern.data());
  auto image = find_vm_image(rooms);
  ASSERT_FALSE(image);
  EXPECT_EQ(image.error().code, Code::machine);
  EXPECT_EQ(image.error().what,
            "the vm wall has no image beside the rooms' roots, so no virtual machine can be made");
  EXPECT_THAT(image.error().remedy, HasSubstr("make vm-image"));
  fs::create_directories(rooms + "/vm-root");
  std::ofstream(rooms + "/vm-root/carrel-boot") << "x";
  std::ofstream(rooms + "/vm-root/initrd") << "x";
  image = find_vm_image(rooms);
  ASSERT_FALSE(image);
  EXPECT_THAT(image.error().what, HasSubstr("the vm wall has no vmlinux in "));
  fs::remove_all(rooms);
}

}  // namespace
}  // namespace carrel
