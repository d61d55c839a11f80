#include "host/walls/cgroup.h"

#include <atomic>
#include <charconv>
#include <memory>
#include <mutex>
#include <set>

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"

namespace carrel {
namespace {

// Names are carrel-NAMESPACE-PROCESS-START-COUNTER of the host that made them: the process namespace, because
// only hosts of the same one can tell whether that process still lives and a cgroup mount may be shared by
// several; and when it started, because its number is given again to another.
const std::string& prefix() {
  static const std::string text = [] {
    struct stat status {};
    ::stat("/proc/self/ns/pid", &status);
    return fmt::format("carrel-{}-", status.st_ino);
  }();
  return text;
}

std::vector<std::string_view> split(std::string_view text, char by) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t end = text.find(by);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

bool lists(std::string_view list, char by, std::string_view word) {
  for (const std::string_view part : split(list, by)) {
    if (part == word) return true;
  }
  return false;
}

std::string read_or_empty(const std::string& path) {
  auto text = read_file(path, 4 << 20);
  return text ? *text : std::string();
}

bool write_value(const std::string& path, std::string_view value) {
  const Fd file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  return file.valid() &&
         ::write(file.get(), value.data(), value.size()) == static_cast<ssize_t>(value.size());
}

std::optional<std::uint64_t> number_after(std::string_view text, std::string_view key) {
  const std::size_t at = text.find(key);
  if (at == std::string_view::npos) return std::nullopt;
  text.remove_prefix(at + key.size());
  std::uint64_t number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  return problem == std::errc() ? std::optional(number) : std::nullopt;
}

// A mount of a cgroup hierarchy: where, and which part of the hierarchy it shows.
struct Mount {
  std::string_view root, folder;
};

std::optional<Mount> find_mount(std::string_view mounts, std::string_view type, std::string_view controller) {
  for (const std::string_view line : split(mounts, '\n')) {
    // "36 35 0:31 / /sys/fs/cgroup/memory rw,nosuid ... - cgroup cgroup rw,memory" (proc(5))
    const std::size_t dash = line.find(" - ");
    if (dash == std::string_view::npos) continue;
    const auto before = split(line.substr(0, dash), ' ');
    const auto after = split(line.substr(dash + 3), ' ');
    if (before.size() < 5 || after.size() < 3 || after[0] != type) continue;
    if (!controller.empty() && !lists(after[2], ',', controller)) continue;
    return Mount{before[3], before[4]};
  }
  return std::nullopt;
}

// The folder of a cgroup in a mount; nothing where the mount does not show it.
std::optional<std::string> folder_of(const Mount& mount, std::string_view path) {
  if (mount.root != "/") {
    if (path.substr(0, mount.root.size()) != mount.root) return std::nullopt;
    path.remove_prefix(mount.root.size());
  }
  while (!path.empty() && path.back() == '/') path.remove_suffix(1);
  return std::string(mount.folder) + std::string(path);
}

constexpr std::uint64_t unknown_start = 0;

// When a process started, in ticks since the machine did; nothing where that cannot be read.
std::optional<std::uint64_t> start_of(std::uint64_t process) {
  const std::string stat = read_or_empty(fmt::format("/proc/{}/stat", process));
  // The name, in parentheses, may hold any byte; 20 fields follow it up to the one wanted (proc(5)).
  const std::size_t name_end = stat.rfind(')');
  if (name_end == std::string::npos) return std::nullopt;
  const auto fields = split(std::string_view(stat).substr(name_end + 1), ' ');
  return fields.size() > 20 ? number_after(fields[20], "") : std::nullopt;
}

bool is_gone(std::uint64_t process, std::uint64_t start) {
  if (::kill(static_cast<pid_t>(process), 0) != 0 && errno == ESRCH) return true;
  const auto now = start == unknown_start ? std::nullopt : start_of(process);
  return now && *now != start;
}

// Removes the cgroups of hosts that are gone; one that is in use stays, whatever its name says.
void sweep(const std::string& folder) {
  const std::unique_ptr<DIR, int (*)(DIR*)> entries(::opendir(folder.c_str()), ::closedir);
  if (!entries) return;
  while (const dirent* entry = ::readdir(entries.get())) {
    const std::string_view name = entry->d_name;
    if (!name.starts_with(prefix())) continue;
    const auto parts = split(name.substr(prefix().size()), '-');
    const auto process = number_after(parts[0], "");
    const auto start = parts.size() == 3 ? number_after(parts[1], "") : std::nullopt;
    if (process && start && is_gone(*process, *start)) ::rmdir((folder + "/" + std::string(name)).c_str());
  }
}

// A host's first room does it for all that follow.
void sweep_once(const std::string& folder) {
  static std::mutex one_at_a_time;
  static std::set<std::string> swept;
  const std::scoped_lock lock(one_at_a_time);
  if (swept.insert(folder).second) sweep(folder);
}

// The last of a removed process's traces can take the kernel a moment.
void remove_cgroup(const std::string& folder) {
  for (int i = 0; i < 50 && ::rmdir(folder.c_str()) != 0 && errno == EBUSY; ++i) ::usleep(1000);
}

}  // namespace

std::vector<CgroupParent> cgroup_parents(std::string_view controller, std::string_view mounts,
                                         std::string_view membership) {
  std::string_view own_v1, own_v2;
  for (const std::string_view line : split(membership, '\n')) {
    // "4:memory:/user.slice", "0::/user.slice" for version 2 (cgroups(7))
    const auto parts = split(line, ':');
    if (parts.size() < 3) continue;
    const std::string_view path = line.substr(parts[0].size() + parts[1].size() + 2);
    if (parts[0] == "0" && parts[1].empty()) own_v2 = path;
    if (lists(parts[1], ',', controller)) own_v1 = path;
  }
  std::vector<CgroupParent> parents;
  if (!own_v1.empty()) {
    if (const auto mount = find_mount(mounts, "cgroup", controller)) {
      if (auto folder = folder_of(*mount, own_v1)) parents.push_back({std::move(*folder), 1});
    }
    return parents;
  }
  const auto mount = own_v2.empty() ? std::nullopt : find_mount(mounts, "cgroup2", "");
  auto folder = mount ? folder_of(*mount, own_v2) : std::nullopt;
  while (folder && folder->size() >= mount->folder.size()) {
    parents.push_back({*folder, 2});
    const std::size_t slash = folder->rfind('/');
    if (slash == std::string::npos) break;
    folder->resize(slash);
  }
  return parents;
}

Cgroup::Cgroup(const CgroupCaps& caps) {
  static std::atomic<unsigned> counter = 0;
  const auto process = static_cast<std::uint64_t>(::getpid());
  const std::string name =
      fmt::format("{}{}-{}-{}", prefix(), process, start_of(process).value_or(unknown_start), counter++);
  const std::string mounts = read_or_empty("/proc/self/mountinfo");
  const std::string membership = read_or_empty("/proc/self/cgroup");
  const auto make = [&](std::string_view controller, const char* file_v1, const char* file_v2,
                        std::uint64_t cap) -> Made {
    for (const CgroupParent& parent : cgroup_parents(controller, mounts, membership)) {
      if (parent.version == 2) {
        std::string handed_down = read_or_empty(parent.folder + "/cgroup.subtree_control");
        while (!handed_down.empty() && handed_down.back() == '\n') handed_down.pop_back();
        if (!lists(handed_down, ' ', controller)) continue;
      }
      const std::string folder = parent.folder + "/" + name;
      // Memory and processes share one folder in version 2, so it may be there already.
      const bool shared = parent.version == 2 && folder == memory_.folder;
      if (parent.version == 2 && clone_into_.valid() && !shared) continue;  // clone3 starts in one cgroup
      if (!shared && ::mkdir(folder.c_str(), 0755) != 0) continue;
      Made made{folder, parent.version, Fd()};
      bool usable =
          write_value(folder + "/" + (parent.version == 1 ? file_v1 : file_v2), std::to_string(cap));
      if (usable && parent.version == 1) {
        made.enter = Fd(::open((folder + "/tasks").c_str(), O_WRONLY | O_CLOEXEC));
        usable = made.enter.valid();
      } else if (usable && !clone_into_.valid()) {
        clone_into_ = Fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        usable = clone_into_.valid();
      }
      if (usable) {
        sweep_once(parent.folder);
        return made;
      }
      if (!shared) ::rmdir(folder.c_str());
    }
    return {};
  };
  if (caps.memory != 0) memory_ = make("memory", "memory.limit_in_bytes", "memory.max", caps.memory);
  // Swap is memory too; where the kernel does not count it, the file is not there.
  if (memory_.version == 1)
    write_value(memory_.folder + "/memory.memsw.limit_in_bytes", std::to_string(caps.memory));
  if (memory_.version == 2) write_value(memory_.folder + "/memory.swap.max", "0");
  processes_ = make("pids", "pids.max", "pids.max", caps.processes);
}

Cgroup::~Cgroup() {
  if (!memory_.folder.empty()) remove_cgroup(memory_.folder);
  if (!processes_.folder.empty() && processes_.folder != memory_.folder) remove_cgroup(processes_.folder);
}

void Cgroup::refuse_clone_into() {
  clone_into_.reset();
  for (Made* made : {&memory_, &processes_}) {
    if (made->version != 2) continue;
    ::rmdir(made->folder.c_str());
    *made = {};
  }
}

std::vector<int> Cgroup::enter() const {
  std::vector<int> descriptors;
  for (const Made* made : {&memory_, &processes_}) {
    if (made->enter.valid()) descriptors.push_back(made->enter.get());
  }
  return descriptors;
}

std::vector<std::string> Cgroup::layers() const {
  const auto told = [](const char* controller, const Made& made) {
    if (made.folder.empty()) return fmt::format("{} cgroup: none, limits alone", controller);
    return fmt::format("{} cgroup v{}", controller, made.version);
  };
  return {told("memory", memory_), told("pids", processes_)};
}

std::optional<std::uint64_t> Cgroup::process_count() const {
  if (processes_.folder.empty()) return std::nullopt;
  return number_after(read_or_empty(processes_.folder + "/pids.current"), "");
}

bool Cgroup::out_of_memory() const {
  if (memory_.folder.empty()) return false;
  const std::string file = memory_.version == 1 ? "/memory.oom_control" : "/memory.events";
  return number_after("\n" + read_or_empty(memory_.folder + file), "\noom_kill ").value_or(0) > 0;
}

std::optional<std::uint64_t> Cgroup::peak_memory() const {
  if (memory_.folder.empty()) return std::nullopt;
  const char* const file = memory_.version == 1 ? "/memory.max_usage_in_bytes" : "/memory.peak";
  return number_after(read_or_empty(memory_.folder + file), "");
}

}  // namespace carrel
