#include "room/seal/seal.h"

#include <cerrno>
#include <chrono>
#include <memory>
#include <new>

#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/text.h"
#include "record/codec.h"
#include "record/room_exit.h"
#include "room/seal/filter.h"
#include "room/seal/landlock.h"

namespace carrel {
namespace {

constexpr int from_host = 0;
constexpr int to_host = 1;

void end_for_memory() {
  ::_exit(room_exit::memory);
}

}  // namespace

Result<std::string> receive_job() {
  FrameReader reader;
  std::string bytes(64 << 10, '\0');
  for (;;) {
    auto message = reader.next();
    if (!message) return message.error();
    if (*message) {
      if ((*message)->type == MessageType::job) return std::move((*message)->body);
      return Error{Code::internal, "the host sent something other than the job", ""};
    }
    const auto size = read_some(from_host, bytes.data(), bytes.size());
    if (!size) return size.error();
    if (*size == 0) return Error{Code::interrupted, "the host left before it sent the job", ""};
    reader.add(std::string_view(bytes).substr(0, *size));
  }
}

Result<std::string> seal_and_receive_job(const std::string& readable) {
  // execve made the process dumpable again; not dumpable, no other process of its user may trace it or read
  // its memory.
  if (::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return errno_error("cannot make the room undumpable");
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return errno_error("cannot set no_new_privs");
  if (Status done = restrict_paths(readable); !done) return done.error();
  auto listener = install_filter();
  if (!listener) return listener.error();
  std::set_new_handler(end_for_memory);

  const auto sealed = encode(Sealed{static_cast<std::uint32_t>(*listener)});
  if (!sealed) return sealed.error();
  if (Status sent = send(MessageType::sealed, *sealed); !sent) return sent.error();
  auto job = receive_job();
  // The host has its own copy by now. With this one the room could answer its own denied calls with
  // "continue".
  ::close(*listener);
  return job;
}

Status seal_machine(bool kvm) {
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return errno_error("cannot set no_new_privs");
  if (Status done = restrict_paths("/", true); !done) return done;
  auto listener = install_machine_filter(kvm);
  if (!listener) return listener.error();
  const auto sealed = encode(Sealed{static_cast<std::uint32_t>(*listener)});
  if (!sealed) return sealed.error();
  if (Status sent = send(MessageType::sealed, *sealed); !sent) return sent;
  pollfd job{from_host, POLLIN, 0};
  while (::poll(&job, 1, -1) < 0 && errno == EINTR) {
  }
  // The host has its own copy of the listener by now, as above.
  ::close(*listener);
  if ((job.revents & POLLIN) == 0)
    return Error{Code::interrupted, "the host left before it sent the job", ""};
  return {};
}

bool request_amx() {
  constexpr int request_permission = 0x1023;  // ARCH_REQ_XCOMP_PERM
  constexpr int tile_data = 18;               // XFEATURE_XTILEDATA
  return ::syscall(SYS_arch_prctl, request_permission, tile_data) == 0;
}

Status send(MessageType type, const std::string& body) {
  auto bytes = frame(type, body);
  if (!bytes) return bytes.error();
  return write_all(to_host, *bytes);
}

Status send_refusal(const Error& error) {
  const auto body = encode(Refused{error.code, std::string(cut_utf8(error.what, limit::detail)),
                                   std::string(cut_utf8(error.remedy, limit::detail))});
  if (!body) return body.error();
  return send(MessageType::refused, *body);
}

std::function<void(const Progress&)> progress_sender() {
  using Clock = std::chrono::steady_clock;
  return [stage = std::string(), last = Clock::time_point()](const Progress& progress) mutable {
    const auto now = Clock::now();
    if (progress.stage == stage && now - last < std::chrono::milliseconds(100)) return;
    stage = progress.stage;
    last = now;
    const auto body = encode(progress);
    // A host that is gone ends the room by itself; progress has nobody to tell it to.
    if (body) static_cast<void>(static_cast<bool>(send(MessageType::progress, *body)));
  };
}

std::function<void(std::uint64_t)> progress_sender(const std::string& stage, std::uint64_t total) {
  return [send = progress_sender(), stage, total](std::uint64_t done) {
    send({.stage = stage, .done = done, .total = total});
  };
}

}  // namespace carrel
