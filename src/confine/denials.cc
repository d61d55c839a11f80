#include "confine/denials.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

// The kernel's own header has the ioctls of a C11 that C++ does not take; libseccomp brings the structures.
#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <utility>

#include <linux/seccomp.h>

namespace carrel {
namespace {

// Linux 6.6 and later: the room and whoever answers it take turns, so the one is woken on the processor of
// the other instead of on one that sleeps.
constexpr auto set_flags = _IOW(SECCOMP_IOC_MAGIC, 4, std::uint64_t);
constexpr std::uint64_t sync_wake_up = 1;

// Calls with a meaning of their own for a room that are newer than Debian 12's libseccomp.
constexpr std::pair<int, const char*> newer_calls[] = {{451, "cachestat"}, {452, "fchmodat2"}};

std::string name_of(std::uint32_t architecture, int call) {
  const std::unique_ptr<char, void (*)(void*)> name(seccomp_syscall_resolve_num_arch(architecture, call),
                                                    std::free);
  if (!name && architecture == SCMP_ARCH_X86_64) {
    for (const auto& [number, text] : newer_calls) {
      if (number == call) return text;
    }
  }
  return name ? std::string(name.get()) : fmt::format("call {}", call);
}

// Small numbers as such, addresses and masks in hexadecimal. The first three tell which use of a call it was.
std::string arguments_of(const seccomp_data& data) {
  const auto shown = [](std::uint64_t value) {
    const auto number = static_cast<std::int64_t>(value);
    const auto low = static_cast<std::int32_t>(value);
    if (value >> 32 == 0 && low < 0) return fmt::to_string(low);  // an int that is negative, such as AT_FDCWD
    return number >= -4096 && number < 65536 ? fmt::to_string(number) : fmt::format("{:#x}", value);
  };
  return fmt::format("({}, {}, {})", shown(data.args[0]), shown(data.args[1]), shown(data.args[2]));
}

}  // namespace

Status Denials::take(int pidfd, std::uint32_t listener) {
  Fd taken(static_cast<int>(::syscall(SYS_pidfd_getfd, pidfd, listener, 0)));
  if (!taken.valid()) {
    Error error = errno_error("the room's system call listener cannot be taken", Code::room_refused);
    error.remedy =
        "kernel.yama.ptrace_scope must not be 3; `carrel doctor` tells what else this machine lacks";
    return error;
  }
  // A listener answers ENOENT for a notification that there is not, any other descriptor something else.
  std::uint64_t no_such = 0;
  if (::ioctl(taken.get(), SECCOMP_IOCTL_NOTIF_ID_VALID, &no_such) == 0 || errno != ENOENT) {
    return Error{Code::room_refused, "the room named a descriptor that is no system call listener", ""};
  }
  ::ioctl(taken.get(), set_flags, sync_wake_up);  // an older kernel is slower, and says no
  listener_ = std::move(taken);
  return {};
}

void Denials::serve() {
  seccomp_notif_sizes sizes{};
  static const seccomp_notif_sizes kernel = [&] {
    // A newer kernel's structures may be longer than the ones this program was compiled with.
    ::syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes);
    return seccomp_notif_sizes{std::max<std::uint16_t>(sizes.seccomp_notif, sizeof(seccomp_notif)),
                               std::max<std::uint16_t>(sizes.seccomp_notif_resp, sizeof(seccomp_notif_resp)),
                               sizes.seccomp_data};
  }();
  alignas(seccomp_notif) char request_bytes[1024] = {};
  alignas(seccomp_notif_resp) char answer_bytes[1024] = {};
  if (kernel.seccomp_notif > sizeof request_bytes || kernel.seccomp_notif_resp > sizeof answer_bytes)
    return close();
  const auto request = reinterpret_cast<seccomp_notif*>(request_bytes);
  const auto answer = reinterpret_cast<seccomp_notif_resp*>(answer_bytes);
  // The call may be gone already (its process died): nothing to answer, nothing to record.
  if (::ioctl(listener_.get(), SECCOMP_IOCTL_NOTIF_RECV, request) != 0) return;
  if (lent_.valid() && lent(request->id, name_of(request->data.arch, request->data.nr))) return;
  ++count_;
  const std::int64_t key =
      static_cast<std::int64_t>(request->data.arch) << 32 | static_cast<std::uint32_t>(request->data.nr);
  Denial& denial = by_call_[key];
  if (denial.count++ == 0) {
    denial.call = name_of(request->data.arch, request->data.nr);
    denial.arguments = arguments_of(request->data);
  }
  answer->id = request->id;
  answer->error = -EPERM;
  ::ioctl(listener_.get(), SECCOMP_IOCTL_NOTIF_SEND, answer);
}

void Denials::lend(std::string call, Fd descriptor) {
  lent_to_ = std::move(call);
  lent_ = std::move(descriptor);
}

// The kernel puts a copy of the descriptor into the process and answers the call with its number in one step.
bool Denials::lent(std::uint64_t request, const std::string& call) {
  if (call != lent_to_) return false;
  seccomp_notif_addfd answer{};
  answer.id = request;
  answer.flags = SECCOMP_ADDFD_FLAG_SEND;
  answer.srcfd = static_cast<std::uint32_t>(lent_.get());
  answer.newfd_flags = O_CLOEXEC;
  if (::ioctl(listener_.get(), SECCOMP_IOCTL_NOTIF_ADDFD, &answer) < 0) return false;
  lent_.reset();
  return true;
}

std::vector<Denial> Denials::record() const {
  std::vector<Denial> all;
  for (const auto& [key, denial] : by_call_) all.push_back(denial);
  std::ranges::sort(all, {}, &Denial::call);
  return all;
}

}  // namespace carrel
