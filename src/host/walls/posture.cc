#include "host/walls/posture.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <set>
#include <sstream>
#include <string>

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "host/walls/room_memory.h"

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

constexpr const char* status_keys[] = {"Threads", "Seccomp", "NoNewPrivs", "CapInh", "CapPrm",
                                       "CapEff",  "CapBnd",  "CapAmb",     "Uid",    "Gid"};
constexpr const char* no_capability = "0000000000000000";

struct NamespaceName {
  const char *file, *name;
};
constexpr NamespaceName namespaces[] = {{"user", "user namespace"},    {"mnt", "mount namespace"},
                                        {"pid", "pid namespace"},      {"net", "network namespace"},
                                        {"ipc", "ipc namespace"},      {"uts", "uts namespace"},
                                        {"cgroup", "cgroup namespace"}};
constexpr const char* its_own = "its own";
constexpr const char* nothing_of_the_host = "nothing of the host's";

struct LimitName {
  decltype(RLIMIT_AS) resource;
  const char* name;  // as prlimit(1) has it
};
constexpr LimitName limit_names[] = {
    {RLIMIT_AS, "as"},           {RLIMIT_DATA, "data"},     {RLIMIT_STACK, "stack"},
    {RLIMIT_NPROC, "nproc"},     {RLIMIT_NOFILE, "nofile"}, {RLIMIT_FSIZE, "fsize"},
    {RLIMIT_CPU, "cpu"},         {RLIMIT_CORE, "core"},     {RLIMIT_MSGQUEUE, "msgqueue"},
    {RLIMIT_MEMLOCK, "memlock"}, {RLIMIT_NICE, "nice"},     {RLIMIT_RTPRIO, "rtprio"}};

std::string limit_line(decltype(RLIMIT_AS) resource) {
  for (const LimitName& one : limit_names) {
    if (one.resource == resource) return fmt::format("limit {}", one.name);
  }
  return "limit";
}

// What a descriptor of the room is called: its number, and where a file behind it can be written to, what
// that is: "4:memory" of a sealed size, or "4:file".
std::string descriptor_name(int number, const char* written) {
  return fmt::format("{}{}{}", number, written[0] == '\0' ? "" : ":", written);
}
constexpr const char* memory = "memory";

const char* written_behind(int descriptor) {
  struct stat state {};
  if (::fstat(descriptor, &state) != 0 || !S_ISREG(state.st_mode)) return "";
  if ((::fcntl(descriptor, F_GETFL) & O_ACCMODE) == O_RDONLY) return "";
  return is_room_memory(descriptor) ? memory : "file";
}

// The descriptors in order: "0 1 2 3 4:memory 5". Asked for one by one: an ordinary user may not list those
// of a room, which is not dumpable, but may take them, because the room's user namespace is its own.
std::string descriptors_of(int pidfd, std::size_t most) {
  std::vector<std::string> open;
  for (int number = 0; number < static_cast<int>(most); ++number) {
    const Fd copy(static_cast<int>(::syscall(SYS_pidfd_getfd, pidfd, number, 0)));
    if (copy.valid()) open.push_back(descriptor_name(number, written_behind(copy.get())));
  }
  return fmt::format("{}", fmt::join(open, " "));
}

// Whether its environment has a variable of this process; the room's own program may have set some itself.
Result<std::string> environment_of(pid_t process) {
  const auto stat = read_file(fmt::format("/proc/{}/stat", process), 4096);
  if (!stat) return stat.error();
  // Fields 50 and 51 are where its environment stands (proc(5)); the second may hold spaces.
  std::istringstream words(stat->substr(std::min(stat->rfind(')'), stat->size() - 1) + 1));
  std::string word;
  for (int field = 3; field < 50 && words >> word; ++field) {
  }
  std::uintptr_t start = 0, end = 0;
  words >> start >> end;
  if (!words || start == 0 || end < start) {
    return Error{Code::room_refused, "cannot see where the room's environment stands", ""};
  }
  std::string text(std::min<std::size_t>(end - start, 128 << 10), '\0');
  const iovec here{text.data(), text.size()}, there{reinterpret_cast<void*>(start), text.size()};
  if (!text.empty() && ::process_vm_readv(process, &here, 1, &there, 1, 0) < 0) {
    return errno_error("cannot see the room's environment", Code::room_refused);
  }
  text.insert(text.begin(), '\0');
  std::size_t of_the_host = 0;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string whole = std::string(1, '\0') + *variable + '\0';
    if (text.find(whole) != std::string::npos) ++of_the_host;
  }
  return of_the_host == 0 ? std::string(nothing_of_the_host)
                          : fmt::format("{} variables of the host", of_the_host);
}

std::size_t limit_value(const std::array<Limit, limit_count>& limits, decltype(RLIMIT_AS) resource) {
  const auto found = std::ranges::find(limits, resource, &Limit::resource);
  return found == limits.end() ? 0 : static_cast<std::size_t>(found->value);
}

// Its mounts: where and with what options, "/ ro,nosuid,nodev".
Result<std::string> mounts_of(pid_t process) {
  const auto text = read_file(fmt::format("/proc/{}/mountinfo", process), 4 << 20);
  if (!text) return text.error();
  std::string shown;
  std::istringstream lines(*text);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string id, parent, device, root, place, options;
    words >> id >> parent >> device >> root >> place >> options;
    // How times of access are kept is the host's choice and no hold.
    std::string kept;
    std::istringstream each(options);
    for (std::string option; std::getline(each, option, ',');) {
      if (option.find("atime") == std::string::npos && option != "nosymfollow") {
        kept += (kept.empty() ? "" : ",") + option;
      }
    }
    shown += (shown.empty() ? "" : "; ") + place + " " + kept;
    if (shown.size() > 400) return shown + "; ...";
  }
  return shown;
}

Result<std::string> namespace_of(pid_t process, const NamespaceName& name) {
  struct stat own {
  }, room{};
  if (::stat(fmt::format("/proc/self/ns/{}", name.file).c_str(), &own) != 0 ||
      ::stat(fmt::format("/proc/{}/ns/{}", process, name.file).c_str(), &room) != 0) {
    return errno_error(fmt::format("cannot see the room's {}", name.name), Code::room_refused);
  }
  const bool shared = own.st_ino == room.st_ino && own.st_dev == room.st_dev;
  return std::string(shared ? "the host's" : its_own);
}

// Whether a line may be otherwise because its layer was left out.
bool is_left_out(const std::string& line, const LayersLeftOut& without) {
  return (without.network_namespace && line == "network namespace") ||
         (without.pid_namespace && line == "pid namespace") ||
         (without.uts_namespace && line == "uts namespace") ||
         ((without.own_root || without.read_only_root) && line == "mounts") ||
         (without.capabilities && line.starts_with("Cap")) ||
         (without.environment && line == "environment") || (without.limits && line.starts_with("limit "));
}

}  // namespace

Posture golden_posture(const Expected& expected) {
  Posture golden = {{"Threads", "1"},
                    {"Seccomp", "2"},
                    {"NoNewPrivs", "1"},
                    {"CapInh", no_capability},
                    {"CapPrm", no_capability},
                    {"CapEff", no_capability},
                    {"CapBnd", no_capability},
                    {"CapAmb", no_capability},
                    {"Uid", fmt::format("{0}\t{0}\t{0}\t{0}", expected.user)},
                    {"Gid", fmt::format("{0}\t{0}\t{0}\t{0}", expected.group)}};
  for (const NamespaceName& name : namespaces) golden.emplace_back(name.name, its_own);
  golden.emplace_back("mounts", "/ ro,nosuid,nodev");
  std::set<int> open = {0, 1, 2, expected.listener};
  const auto output = static_cast<int>(3 + expected.inputs);
  for (int number = 3; number < output + (expected.output ? 1 : 0); ++number) open.insert(number);
  std::vector<std::string> names;
  for (const int number : open)
    names.push_back(descriptor_name(number, expected.output && number == output ? memory : ""));
  golden.emplace_back("descriptors", fmt::format("{}", fmt::join(names, " ")));
  golden.emplace_back("environment", nothing_of_the_host);
  for (const Limit& limit : expected.limits) {
    golden.emplace_back(limit_line(limit.resource), std::to_string(limit.value));
  }
  return golden;
}

Posture see_status(std::string_view status) {
  Posture seen;
  for (const char* const key : status_keys) seen.emplace_back(key, value_of(status, key));
  return seen;
}

Result<Posture> see_posture(pid_t process, int pidfd, const Expected& expected) {
  const auto status = read_file(fmt::format("/proc/{}/status", process), 64 << 10);
  if (!status) return status.error();
  Posture seen = see_status(*status);
  for (const NamespaceName& name : namespaces) {
    auto shown = namespace_of(process, name);
    if (!shown) return shown.error();
    seen.emplace_back(name.name, std::move(*shown));
  }
  auto mounts = mounts_of(process);
  if (!mounts) return mounts.error();
  seen.emplace_back("mounts", std::move(*mounts));
  seen.emplace_back("descriptors", descriptors_of(pidfd, limit_value(expected.limits, RLIMIT_NOFILE)));
  auto environment = environment_of(process);
  if (!environment) return environment.error();
  seen.emplace_back("environment", std::move(*environment));
  for (const Limit& limit : expected.limits) {
    rlimit both{};
    if (::prlimit(process, static_cast<__rlimit_resource>(limit.resource), nullptr, &both) != 0) {
      return errno_error("cannot see the room's limits", Code::room_refused);
    }
    const bool as_expected = both.rlim_cur <= limit.value && both.rlim_max <= limit.value;
    seen.emplace_back(limit_line(limit.resource),
                      std::to_string(as_expected ? limit.value : std::max(both.rlim_cur, both.rlim_max)));
  }
  return seen;
}

Status check_posture(const Posture& seen, const Posture& golden, const LayersLeftOut& without) {
  for (std::size_t i = 0; i < golden.size(); ++i) {
    const auto& [name, value] = golden[i];
    const std::string found = i < seen.size() && seen[i].first == name ? seen[i].second : "not seen";
    if (found == value || is_left_out(name, without)) continue;
    return Error{Code::room_refused,
                 fmt::format("the wall does not hold: {} of the room's process is '{}' and not '{}'", name,
                             found, value),
                 "this is a defect of Carrel or of this kernel; report it"};
  }
  return {};
}

Status check_unchanged(const Posture& before, const Posture& now) {
  Posture golden = before, seen = now;
  const auto may_change = [](const auto& line) {
    return line.first == "Threads" || line.first == "descriptors";
  };
  std::erase_if(golden, may_change);
  std::erase_if(seen, may_change);
  return check_posture(seen, golden);
}

Status check_recorded(const Posture& recorded, const Caps& caps) {
  Expected expected;
  for (const auto& [name, value] : recorded) {
    const auto first = static_cast<std::uint32_t>(std::strtoul(value.c_str(), nullptr, 10));
    if (name == "Uid") expected.user = first;
    if (name == "Gid") expected.group = first;
    // "0 1 2 3 4:memory 6": the inputs follow one another, then the output where there is one; the listener
    // is the last and may follow them.
    if (name != "descriptors") continue;
    std::istringstream words(value);
    std::size_t count = 0;
    for (std::string word; words >> word; ++count) {
      expected.listener = static_cast<int>(std::strtol(word.c_str(), nullptr, 10));
      if (word.ends_with(memory)) expected.output = true;
    }
    const std::size_t others = expected.output ? 5 : 4;
    expected.inputs = count < others ? 0 : count - others;
  }
  if (expected.user == 0) {
    return Error{Code::room_refused, "the wall did not hold: the room ran as root", ""};
  }
  expected.limits = room_limits(caps, expected.inputs + (expected.output ? 1 : 0));
  return check_posture(recorded, golden_posture(expected));
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
