#include "room/guest/relay.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <ctime>
#include <utility>

#include <fmt/format.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "record/codec.h"

namespace carrel {
namespace {

constexpr std::size_t relay_chunk = 64 << 10;
constexpr int tick_ms = 500;
constexpr long long farewell_ms = 5000;  // from the answer to the end, as in a room of namespaces

long long now_ms() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000LL + now.tv_nsec / 1'000'000;
}

bool is_cpu_used_up(const GuestTask& task, const rusage& used) {
  const auto seconds = static_cast<std::uint64_t>(used.ru_utime.tv_sec + used.ru_stime.tv_sec);
  return std::ranges::any_of(task.limits, [&](const GuestLimit& limit) {
    return limit.resource == RLIMIT_CPU && seconds + 1 >= limit.value;
  });
}

}  // namespace

Status Relay::run(RunningProgram program, std::vector<std::string> layers) {
  program_ = std::move(program);
  report_.layers = std::move(layers);
  while (!exited_) {
    if (Status done = poll_once(); !done) return done;
  }
  int status = 0;
  rusage used{};
  while (::wait4(program_.process, &status, 0, &used) < 0 && errno == EINTR) {
  }
  // Whatever it started, and the pumps of its inputs. What it wrote last is still in the pipes.
  ::kill(-1, SIGKILL);
  while (program_.words.valid()) read_words();
  while (program_.messages.valid() && !ended_) {
    if (Status done = read_messages(); !done) return done;
  }
  // The kernel's limit ends the first process of a namespace by SIGKILL, as it does when memory is short.
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL && is_cpu_used_up(task_, used)) status = SIGXCPU;
  report_.peak_memory = static_cast<std::uint64_t>(used.ru_maxrss) << 10;
  if (!ended_ && !frames_.at_border()) {
    // Cut short; whether that is what matters, its status tells.
    if (!answer_.empty()) end(GuestReport::End::bad_message, "the room's last message is cut short");
  }
  if (!ended_) {
    report_.end = WIFSIGNALED(status) ? GuestReport::End::signalled : GuestReport::End::exited;
    report_.status = static_cast<std::uint32_t>(WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
  }
  return tell();
}

// The first ending stands.
void Relay::end(GuestReport::End how, std::string detail) {
  if (ended_) return;
  ended_ = true;
  report_.end = how;
  report_.detail = std::move(detail);
  if (!exited_) ::kill(program_.process, SIGKILL);
}

Status Relay::poll_once() {
  enum { exit, messages, words, denied, job, host, count };
  const bool job_waits = job_used_ < job_.size();
  // The program sees no job before its listener is taken. The next piece is taken when the last is with the
  // program: the host waits, and memory stays bounded.
  pollfd fds[count] = {{program_.pidfd.get(), POLLIN, 0},
                       {ended_ ? -1 : program_.messages.get(), POLLIN, 0},
                       {program_.words.get(), POLLIN, 0},
                       {denials_.descriptor(), POLLIN, 0},
                       {job_waits ? program_.job.get() : -1, POLLOUT, 0},
                       {job_waits || !sealed_ || !program_.job.valid() ? -1 : host_, POLLIN, 0}};
  if (::poll(fds, count, tick_ms) < 0 && errno != EINTR)
    return errno_error("the guest cannot watch its program");
  if (fds[words].revents != 0) read_words();
  if (fds[messages].revents != 0) {
    if (Status done = read_messages(); !done) return done;
  }
  if ((fds[denied].revents & POLLIN) != 0) {
    denials_.serve();
    if (denials_.count() > task_.denials) end(GuestReport::End::too_many_denials);
  } else if (fds[denied].revents != 0) {
    denials_.close();
  }
  if (fds[job].revents != 0) write_job();
  if (fds[host].revents != 0) {
    if (Status done = read_job(); !done) return done;
  }
  if (!answer_.empty() && now_ms() - answered_ms_ > farewell_ms) end(GuestReport::End::lingered);
  if (fds[exit].revents != 0) exited_ = true;
  return {};
}

Status Relay::read_messages() {
  char bytes[relay_chunk];
  const auto size = read_some(program_.messages.get(), bytes, sizeof bytes);
  if (!size) return size.error();
  if (*size == 0) {
    program_.messages.reset();
    return {};
  }
  frames_.add({bytes, *size});
  while (!ended_) {
    const auto message = frames_.next();
    if (!message) {
      end(GuestReport::End::bad_message, message.error().what);
      break;
    }
    if (!*message) break;
    if (Status done = receive(**message); !done) return done;
  }
  const std::string forward = std::exchange(forward_, {});
  return write_all(host_, forward);
}

// What may come when is the host's to judge. Held here are the listener, which means something in this guest
// alone, and the answer, which counts only once the program has ended.
Status Relay::receive(const Message& message) {
  if (!answer_.empty()) {
    end(GuestReport::End::bad_message, "the room sent a message after its answer");
    return {};
  }
  if (message.type == MessageType::guest) {
    end(GuestReport::End::bad_message, "the room sent a message that only its guest may send");
    return {};
  }
  std::string body = message.body;
  if (message.type == MessageType::sealed && !sealed_) {
    const auto sealed = decode<Sealed>(body);
    // A seal that is none is an Error of the set-up, told as the room's own would be.
    Status taken = sealed ? denials_.take(program_.pidfd.get(), sealed->listener) : Status(sealed.error());
    if (!taken) return taken;
    sealed_ = true;
    body = *encode(Sealed{});
  }
  auto bytes = frame(message.type, body);
  if (!bytes) return bytes.error();
  const bool answers = message.type == MessageType::result || message.type == MessageType::refused;
  if (!answers || !sealed_) {
    forward_ += *bytes;
    return {};
  }
  answer_ = std::move(*bytes);
  answered_ms_ = now_ms();
  return {};
}

Status Relay::read_job() {
  char bytes[relay_chunk];
  const auto size = read_some(host_, bytes, sizeof bytes);
  if (!size) return size.error();
  if (*size == 0) return Error{Code::interrupted, "the host has left", ""};
  job_.assign(bytes, *size);
  job_used_ = 0;
  return {};
}

// A program that does not want its job is judged by how it ends.
void Relay::write_job() {
  const ssize_t n = ::write(program_.job.get(), job_.data() + job_used_, job_.size() - job_used_);
  if (n >= 0) {
    job_used_ += static_cast<std::size_t>(n);
  } else if (errno != EAGAIN && errno != EINTR) {
    program_.job.reset();
    job_used_ = job_.size();
  }
}

void Relay::read_words() {
  char bytes[relay_chunk];
  const auto size = read_some(program_.words.get(), bytes, sizeof bytes);
  if (!size || *size == 0) return program_.words.reset();
  // Words are for a person alone; that they cannot be handed on changes nothing.
  if (!write_all(host_words_, {bytes, *size})) program_.words.reset();
}

Status Relay::tell() {
  report_.denials = denials_.record();
  const auto body = encode(report_);
  if (!body) return body.error();
  auto bytes = frame(MessageType::guest, *body);
  if (!bytes) return bytes.error();
  return write_all(host_, *bytes + answer_);
}

}  // namespace carrel
