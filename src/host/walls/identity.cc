#include "host/walls/identity.h"

#include <charconv>

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/text.h"
#include "host/walls/setup.h"

namespace carrel {
namespace {

constexpr std::uint32_t own_range =
    0x60000000;  // Linux has at most 2^22 process ids, so ids end below 0x60400000

Status write_map(const std::string& path, const std::string& text) {
  const Fd file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!file.valid()) return errno_error("cannot open " + path, Code::room_refused);
  // One write: the kernel takes a map whole.
  if (::write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    return errno_error("cannot map the room's user in " + path, Code::room_refused);
  }
  return {};
}

// The next number of a line of numbers; 0 at its end.
std::uint32_t next_number(std::string_view& line) {
  while (!line.empty() && (line[0] == ' ' || line[0] == '\t')) line.remove_prefix(1);
  std::uint32_t number = 0;
  const auto [end, problem] = std::from_chars(line.data(), line.data() + line.size(), number);
  line.remove_prefix(static_cast<std::size_t>(end - line.data()));
  return problem == std::errc() ? number : 0;
}

}  // namespace

bool may_map_any_id() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct sets[2] = {};
  if (::syscall(SYS_capget, &header, sets) != 0) return false;
  constexpr std::uint32_t needed = 1U << CAP_SETUID | 1U << CAP_SETGID;
  return (sets[0].effective & needed) == needed;
}

std::uint32_t room_id(std::string_view id_map, pid_t process) {
  const auto number = static_cast<std::uint32_t>(process);
  std::uint32_t largest_first = 0, largest_count = 0;
  while (!id_map.empty()) {
    const std::size_t end = id_map.find('\n');
    std::string_view line = id_map.substr(0, end);
    id_map.remove_prefix(end == std::string_view::npos ? id_map.size() : end + 1);
    const std::uint32_t first = next_number(line);
    next_number(line);  // the id outside
    const std::uint32_t count = next_number(line);
    const std::uint32_t wanted = own_range + number;
    if (wanted >= first && wanted - first < count) return wanted;
    if (count > largest_count) {
      largest_first = first;
      largest_count = count;
    }
  }
  const std::uint32_t half = largest_count / 2;
  if (half == 0) return 0;
  return largest_first + half + number % (largest_count - half);
}

bool is_one_ordinary_user(std::string_view id_map) {
  const std::size_t end = id_map.find('\n');
  if (end != std::string_view::npos && end + 1 < id_map.size()) return false;  // more than one range
  next_number(id_map);
  const std::uint32_t outside = next_number(id_map);
  return outside != 0 && next_number(id_map) == 1;
}

Result<bool> rooms_get_own_id() {
  if (!may_map_any_id()) {
    if (::geteuid() == 0) {
      return Error{Code::room_refused,
                   "root without CAP_SETUID and CAP_SETGID cannot give the room a user of its own",
                   "run carrel as an ordinary user, or give it these capabilities"};
    }
    return false;
  }
  const auto map = read_file("/proc/self/uid_map", 64 << 10);
  if (!map) return map.error();
  // "Root" of a rootless container is an ordinary user outside, and has but its own id to give.
  return !is_one_ordinary_user(*map);
}

Result<Identity> choose_identity(pid_t process, bool own_id) {
  if (!own_id) return Identity{::geteuid(), ::getegid(), false};
  Identity identity{0, 0, true};
  for (const auto& [path, id] :
       {std::pair("/proc/self/uid_map", &identity.user), std::pair("/proc/self/gid_map", &identity.group)}) {
    const auto map = read_file(path, 64 << 10);
    if (!map) return map.error();
    *id = room_id(*map, process);
    if (*id == 0) {
      return Error{Code::room_refused, fmt::format("{} leaves no id for the room", path),
                   "run carrel where more than one user id is mapped, or as an ordinary user"};
    }
  }
  return identity;
}

Status map_identity(pid_t process, const Identity& identity) {
  const std::string folder = fmt::format("/proc/{}/", process);
  // An ordinary user may map a group only once setgroups is denied for good.
  if (!identity.drop_groups) {
    if (Status done = write_map(folder + "setgroups", "deny"); !done) return done;
  }
  if (Status done = write_map(folder + "gid_map", fmt::format("{} {} 1\n", inside_id, identity.group));
      !done) {
    return done;
  }
  return write_map(folder + "uid_map", fmt::format("{} {} 1\n", inside_id, identity.user));
}

}  // namespace carrel
