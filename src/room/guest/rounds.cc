#include "room/guest/rounds.h"

#include <cerrno>
#include <chrono>
#include <csignal>

#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "record/codec.h"
#include "room/guest/inputs.h"
#include "room/guest/relay.h"

namespace carrel {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds patience(30'000);

// The next message, or nothing where none comes in time or the other end is gone.
std::optional<Message> next_message(FrameReader& frames, int from, Clock::time_point deadline) {
  for (;;) {
    auto message = frames.next();
    if (!message) return std::nullopt;
    if (*message) return std::move(**message);
    const auto left = std::chrono::duration_cast<milliseconds>(deadline - Clock::now());
    pollfd wait{from, POLLIN, 0};
    if (left.count() <= 0 || ::poll(&wait, 1, static_cast<int>(left.count())) <= 0) return std::nullopt;
    char bytes[4096];
    const auto size = read_some(from, bytes, sizeof bytes);
    if (!size || *size == 0) return std::nullopt;
    frames.add({bytes, *size});
  }
}

// What a single room's init does, in a process of its own and with this guest's first one as its host.
[[noreturn]] void play(const GuestTask& task, const std::string& root, int host, int host_words) {
  auto inputs = open_inputs(task);
  if (!inputs) ::_exit(1);
  auto program = start_program(task, root, *inputs);
  if (!program) ::_exit(1);
  inputs->clear();
  ::_exit(Relay(task, host, host_words).run(std::move(*program), {}) ? 0 : 1);
}

// Whatever a round left behind ends with it.
void end_all_others() {
  ::kill(-1, SIGKILL);
  while (::waitpid(-1, nullptr, 0) > 0 || errno == EINTR) {
  }
}

Result<GuestRound> run_round(const GuestTask& task, const std::string& root, const std::string& job,
                             int host_words) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    return errno_error("the guest cannot make a socket");
  const Fd here(ends[0]);
  Fd there(ends[1]);
  const pid_t child = ::fork();
  if (child < 0) return errno_error("the guest cannot start a process");
  if (child == 0) play(task, root, there.get(), host_words);
  there.reset();

  GuestRound round;
  round.report.end = GuestReport::End::lingered;  // until it is told otherwise
  FrameReader frames;
  const auto deadline = Clock::now() + patience;
  while (auto message = next_message(frames, here.get(), deadline)) {
    if (message->type == MessageType::sealed) {
      const auto bytes = frame(MessageType::job, job);
      if (!bytes) return bytes.error();
      if (Status sent = write_all(here.get(), *bytes); !sent) break;
    } else if (message->type == MessageType::guest) {
      auto report = decode<GuestReport>(message->body);
      if (!report) return report.error();
      round.report = std::move(*report);
    } else if (message->type == MessageType::result && message->body.size() <= limit::round_answer) {
      round.answer = std::move(message->body);
    }
  }
  end_all_others();
  return round;
}

}  // namespace

Status run_rounds(const GuestTask& task, const std::string& root, int host, int host_words,
                  std::vector<std::string> layers) {
  for (const GuestInput& input : task.inputs) {
    if (input.kind == GuestInput::Kind::stream)
      return Error{Code::room_refused, "a stream comes but once, and not for every round", ""};
  }
  const auto sealed = frame(MessageType::sealed, *encode(Sealed{}));
  if (!sealed) return sealed.error();
  if (Status sent = write_all(host, *sealed); !sent) return sent;
  FrameReader frames;
  const auto job = next_message(frames, host, Clock::now() + patience);
  if (!job || job->type != MessageType::job) return Error{Code::interrupted, "the host sent no jobs", ""};
  const auto jobs = decode<GuestJobs>(job->body);
  if (!jobs) return jobs.error();

  GuestRounds all;
  for (const std::string& one : jobs->jobs) {
    auto round = run_round(task, root, one, host_words);
    if (!round) return round.error();
    all.rounds.push_back(std::move(*round));
  }
  GuestReport machine;
  machine.layers = std::move(layers);
  const auto report = encode(machine), result = encode(all);
  if (!report || !result) return report ? result.error() : report.error();
  const auto first = frame(MessageType::guest, *report), second = frame(MessageType::result, *result);
  if (!first || !second) return first ? second.error() : first.error();
  return write_all(host, *first + *second);
}

}  // namespace carrel
