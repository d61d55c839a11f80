#include "host/probe/run_probe.h"

#include <algorithm>
#include <csignal>
#include <filesystem>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "host/walls/kept_room.h"
#include "host/walls/room_memory.h"
#include "record/codec.h"
#include "record/probe.h"

namespace carrel {
namespace {

constexpr const char* said_nothing = "nothing";  // of an attempt that ended without an answer

namespace fs = std::filesystem;
using std::chrono::milliseconds;

constexpr milliseconds brief_clock(400);
constexpr milliseconds control_patience(10'000);
constexpr std::size_t control_limit = 4096;
// QEMU may have more of both than the room that it makes.
constexpr std::uint64_t machine_memory = 8ULL << 30;
constexpr std::uint32_t machine_processes = 256;
constexpr std::uint64_t memory_of_probes = 8192;

// Reads what a program says until it has ended, but no longer than its time.
std::string hear(const Fd& from) {
  std::string text;
  const auto end = std::chrono::steady_clock::now() + control_patience;
  while (text.size() < control_limit) {
    const auto left = std::chrono::duration_cast<milliseconds>(end - std::chrono::steady_clock::now());
    pollfd wait{from.get(), POLLIN, 0};
    if (left.count() <= 0 || ::poll(&wait, 1, static_cast<int>(left.count())) <= 0) break;
    char bytes[512];
    const auto n = read_some(from.get(), bytes, sizeof bytes);
    if (!n || *n == 0) break;
    text.append(bytes, *n);
  }
  return std::string(trim(text));
}

bool make_file(const std::string& path, std::string_view bytes, mode_t mode) {
  const Fd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  return file.valid() && write_all(file.get(), bytes) && ::fchmod(file.get(), mode) == 0;
}

std::string first_denied(const std::vector<Denial>& denials) {
  return denials.empty() ? std::string() : denials[0].call + denials[0].arguments;
}

bool is_as_expected(const Expectation& expectation, const RoomOutcome& outcome, const std::string& learnt) {
  if (outcome.ending != expectation.ending || outcome.survivors != 0 || learnt != expectation.outcome)
    return false;
  // A clock that ran out before there was a room shows nothing.
  if (expectation.ending == Ending::time && outcome.start_s <= 0) return false;
  if (expectation.denied == nullptr) return outcome.denials.empty();
  return !outcome.denials.empty() && outcome.denials[0].call == expectation.denied;
}

RoomOutcome run_kept(RoomSpec spec, const std::atomic<bool>& stop) {
  const std::string job = std::move(spec.job);
  // A kept room lends its memory itself.
  spec.inputs.resize(1);
  spec.output.reset();
  auto room = KeptRoom::make(std::move(spec), memory_of_probes);
  if (!room) return not_made(room.error());
  auto outcome = (*room)->ask(
      job, "", Fd(), "", [](const Progress&) {}, stop);
  if (outcome) return std::move(*outcome);
  return not_made({Code::room_refused, "the room ended before it took its job", ""});
}

}  // namespace

std::string name_of(const TwinRoom& twin) {
  return twin.kept ? "kept" : to_string(twin.kind);
}

const char* to_string(ProbeEnd end) {
  switch (end) {
    case ProbeEnd::held:
      return "held";
    case ProbeEnd::broken:
      return "BROKEN";
    case ProbeEnd::proves_nothing:
      return "proves nothing here";
    case ProbeEnd::count_:
      break;
  }
  return "unknown";
}

Result<ProbeStand> ProbeStand::make(const std::string& root) {
  std::error_code problem;
  if (!fs::is_regular_file(root + "/carrel-probe", problem)) {
    return Error{Code::machine, root + " holds no carrel-probe", "build with `make`, or install again"};
  }
  std::string folder = (fs::temp_directory_path(problem) / "carrel-probe-XXXXXX").string();
  if (problem || ::mkdtemp(folder.data()) == nullptr) return errno_error("cannot make a temporary folder");
  ProbeStand stand(root, folder);
  // Open to everybody: what keeps a room from these must be the wall and not their modes.
  if (::chmod(folder.c_str(), 0755) != 0 || !make_file(folder + "/evidence", std::string(8192, 'e'), 0666) ||
      !make_file(stand.outside_file(), "another tenant's line\n", 0644)) {
    return errno_error("cannot make the files of the probes in " + folder);
  }
  return stand;
}

ProbeStand::ProbeStand(ProbeStand&& other) noexcept
    : root_(std::move(other.root_)), folder_(std::exchange(other.folder_, {})) {}

ProbeStand::~ProbeStand() {
  std::error_code problem;
  if (!folder_.empty()) fs::remove_all(folder_, problem);
}

Result<Fd> ProbeStand::input() const {
  return open_read(folder_ + "/evidence");
}

Result<RoomSpec> attempt_room(const TwinRoom& twin, const ProbeStand& stand, const Expectation& expectation) {
  RoomSpec spec;
  spec.kind = twin.kind;
  spec.root = stand.root();
  spec.program = twin.program;
  spec.arguments = twin.arguments;
  spec.caps = twin.caps;
  if (expectation.brief) spec.caps.wall_clock = std::min(spec.caps.wall_clock, brief_clock);
  ProbeJob job;
  job.name = expectation.probe;
  job.program = twin.program;
  job.outside_process = static_cast<std::uint32_t>(::getpid());
  job.outside_file = stand.outside_file();
  job.memory = spec.caps.address_space + machine_memory;
  job.processes = spec.caps.processes + machine_processes;
  job.output_bytes = spec.caps.output_bytes;
  job.denials = spec.caps.denials;
  job.last_descriptor = static_cast<std::uint32_t>(2 + twin.inputs + (twin.output ? 1 : 0));
  auto body = encode(job);
  if (!body) return body.error();
  spec.job = std::move(*body);
  for (std::size_t i = 0; i < twin.inputs; ++i) {
    auto input = stand.input();
    if (!input) return input.error();
    spec.inputs.push_back(std::move(*input));
  }
  if (twin.output) {
    auto output = make_room_memory(memory_of_probes);
    if (!output) return output.error();
    spec.output = std::move(*output);
  }
  return spec;
}

RoomOutcome run_attempt(Wall& wall, const TwinRoom& twin, const ProbeStand& stand,
                        const Expectation& expectation, const std::atomic<bool>& stop) {
  auto spec = attempt_room(twin, stand, expectation);
  if (!spec) return not_made(spec.error());
  return twin.kept ? run_kept(std::move(*spec), stop) : wall.run(std::move(*spec), {}, stop);
}

std::string run_control(const ProbeStand& stand, const std::string& probe) {
  const std::string program = stand.root() + "/carrel-probe";
  std::string folder = stand.folder() + "/control-XXXXXX";
  int ends[2];
  if (::mkdtemp(folder.data()) == nullptr || ::pipe2(ends, O_CLOEXEC) != 0) {
    return errno_error("no control").what;
  }
  const Fd reading(ends[0]);
  Fd writing(ends[1]);
  char variable[] = "CARREL=probe";  // so that a control has an environment to lose
  char* const environment[] = {variable, nullptr};
  const char* const arguments[] = {program.c_str(), "bare", probe.c_str(), folder.c_str(), nullptr};
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, writing.get(), STDOUT_FILENO);
  pid_t child = -1;
  const int problem = ::posix_spawn(&child, program.c_str(), &actions, nullptr,
                                    const_cast<char* const*>(arguments), environment);
  ::posix_spawn_file_actions_destroy(&actions);
  writing.reset();
  if (problem != 0) {
    errno = problem;
    return errno_error("no control").what;
  }
  std::string said = hear(reading);
  ::kill(child, SIGKILL);
  while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
  }
  std::error_code left;
  fs::remove_all(folder, left);
  return said.empty() ? said_nothing : said;
}

ProbeVerdict judge(const Expectation& expectation, const RoomOutcome& outcome, const std::string& control) {
  ProbeVerdict verdict;
  verdict.probe = expectation.probe;
  verdict.group = expectation.group;
  verdict.brief = expectation.brief;
  verdict.ending = outcome.ending;
  verdict.configuration = outcome.configuration;
  verdict.layers = outcome.layers;
  verdict.control = control;
  verdict.denied = first_denied(outcome.denials);
  for (const Denial& denial : outcome.denials) verdict.denials += denial.count;
  if (outcome.ending == Ending::ok && outcome.answer.type == MessageType::result) {
    const auto result = decode<ProbeResult>(outcome.answer.body);
    verdict.outcome = result ? result->outcome : "an answer that cannot be read";
  }

  // A way into the kernel that this machine does not have: the attempt dies of itself, in a room and without
  // one.
  if (expectation.ending == Ending::violation && outcome.ending == Ending::killed &&
      verdict.outcome.empty() && control == said_nothing) {
    verdict.end = ProbeEnd::proves_nothing;
    verdict.why = "the attempt ended by itself, on the bare host too";
    return verdict;
  }
  if (!is_as_expected(expectation, outcome, verdict.outcome)) {
    verdict.end = ProbeEnd::broken;
    verdict.why = fmt::format("expected {}{}{}, and it was {} ({}{}{})", to_string(expectation.ending),
                              expectation.outcome[0] == '\0' ? "" : ", ", expectation.outcome,
                              verdict.outcome.empty() ? said_nothing : verdict.outcome,
                              to_string(outcome.ending), outcome.detail.empty() ? "" : ": ", outcome.detail);
    return verdict;
  }
  const bool proven =
      expectation.control == nullptr ? control != expectation.outcome : control == expectation.control;
  verdict.end = proven ? ProbeEnd::held : ProbeEnd::proves_nothing;
  if (!proven) verdict.why = "the control on the bare host failed too: " + control;
  return verdict;
}

ProbeVerdict run_probe(Wall& wall, const TwinRoom& twin, const ProbeStand& stand,
                       const Expectation& expectation, const std::atomic<bool>& stop) {
  const std::string control = run_control(stand, expectation.probe);
  return judge(expectation, run_attempt(wall, twin, stand, expectation, stop), control);
}

}  // namespace carrel
