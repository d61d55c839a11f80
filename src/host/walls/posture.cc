#include "host/walls/posture.h"

#include <memory>
#include <string>

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

namespace carrel {
namespace {

// The value of "Key:\tvalue" in the text; empty where there is none.
std::string_view value_of(std::string_view status, std::string_view key) {
  while (!status.empty()) {
    const std::size_t end = status.find('\n');
    const std::string_view line = status.substr(0, end);
    if (line.size() > key.size() + 2 && line.substr(0, key.size()) == key && line[key.size()] == ':') {
      return line.substr(key.size() + 2);
    }
    status.remove_prefix(end == std::string_view::npos ? status.size() : end + 1);
  }
  return {};
}

Error does_not_hold(const std::string& what) {
  return {Code::room_refused, "the wall does not hold: " + what,
          "this is a defect of Carrel or of this kernel; report it"};
}

}  // namespace

Status check_status(std::string_view status, std::uint32_t user, std::uint32_t group) {
  const std::string users = fmt::format("{0}\t{0}\t{0}\t{0}", user);
  const std::string groups = fmt::format("{0}\t{0}\t{0}\t{0}", group);
  const std::pair<std::string_view, std::string_view> expected[] = {
      {"Threads", "1"},
      {"Seccomp", "2"},
      {"NoNewPrivs", "1"},
      {"CapInh", "0000000000000000"},
      {"CapPrm", "0000000000000000"},
      {"CapEff", "0000000000000000"},
      {"CapBnd", "0000000000000000"},
      {"CapAmb", "0000000000000000"},
      {"Uid", users},
      {"Gid", groups},
  };
  for (const auto& [key, value] : expected) {
    const std::string_view found = value_of(status, key);
    if (found != value) {
      return does_not_hold(fmt::format("{} of the room's process is '{}' and not '{}'", key, found, value));
    }
  }
  return {};
}

Status check_posture(pid_t process, std::uint32_t user, std::uint32_t group) {
  const auto status = read_file(fmt::format("/proc/{}/status", process), 64 << 10);
  if (!status) return status.error();
  if (Status seen = check_status(*status, user, group); !seen) return seen;
  for (const char* const name : {"user", "mnt", "pid", "net", "ipc", "uts", "cgroup"}) {
    struct stat own {
    }, room{};
    if (::stat(fmt::format("/proc/self/ns/{}", name).c_str(), &own) != 0 ||
        ::stat(fmt::format("/proc/{}/ns/{}", process, name).c_str(), &room) != 0) {
      return errno_error(fmt::format("cannot see the room's {} namespace", name), Code::room_refused);
    }
    if (own.st_ino == room.st_ino && own.st_dev == room.st_dev) {
      return does_not_hold(fmt::format("the room is in the host's {} namespace", name));
    }
  }
  return {};
}

PidNamespace::PidNamespace(pid_t process)
    : held_(::open(fmt::format("/proc/{}/ns/pid", process).c_str(), O_RDONLY | O_CLOEXEC)) {}

std::uint32_t PidNamespace::processes() const {
  struct stat room {};
  const std::unique_ptr<DIR, int (*)(DIR*)> entries(::opendir("/proc"), ::closedir);
  if (!held_.valid() || ::fstat(held_.get(), &room) != 0 || !entries) return 0;
  std::uint32_t count = 0;
  while (const dirent* entry = ::readdir(entries.get())) {
    if (entry->d_name[0] < '1' || entry->d_name[0] > '9') continue;
    struct stat other {};
    if (::stat(fmt::format("/proc/{}/ns/pid", entry->d_name).c_str(), &other) != 0) continue;
    count += other.st_ino == room.st_ino && other.st_dev == room.st_dev ? 1U : 0U;
  }
  return count;
}

}  // namespace carrel
