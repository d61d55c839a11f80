#include "host/walls/machine.h"

#include <algorithm>
#include <cstdlib>
#include <sstream>

#include <fmt/format.h>

#include "base/fd.h"
#include "base/text.h"
#include "host/walls/cgroup.h"

namespace carrel {
namespace {

std::string read_below(const std::string& root, const std::string& path) {
  const auto text = read_file(root + path, 4 << 20);
  return text ? std::string(trim(*text)) : std::string();
}

std::string system_name(const std::string& release) {
  std::istringstream lines(release);
  for (std::string line; std::getline(lines, line);) {
    constexpr std::string_view key = "PRETTY_NAME=";
    if (!line.starts_with(key)) continue;
    std::string name = line.substr(key.size());
    std::erase(name, '"');
    return name;
  }
  return "an unknown system";
}

bool lists_word(const std::string& list, std::string_view word) {
  std::istringstream words(list);
  for (std::string each; words >> each;) {
    if (each == word) return true;
  }
  return false;
}

MachineFacts::Cgroups cgroups_of(const std::string& root, std::string_view controller) {
  using Cgroups = MachineFacts::Cgroups;
  const auto parents = cgroup_parents(controller, read_below(root, "/proc/self/mountinfo"),
                                      read_below(root, "/proc/self/cgroup"));
  if (parents.empty()) return Cgroups::none;
  if (parents.front().version == 1) return Cgroups::version_1;
  const bool known = lists_word(read_below(root, parents.back().folder + "/cgroup.controllers"), controller);
  const bool handed_down = std::ranges::any_of(parents, [&](const CgroupParent& parent) {
    return lists_word(read_below(root, parent.folder + "/cgroup.subtree_control"), controller);
  });
  if (handed_down) return Cgroups::handed_down;
  return known ? Cgroups::not_handed_down : Cgroups::none;
}

const char* to_string(MachineFacts::Cgroups cgroups) {
  switch (cgroups) {
    case MachineFacts::Cgroups::none:
      return "no cgroup";
    case MachineFacts::Cgroups::version_1:
      return "cgroup v1";
    case MachineFacts::Cgroups::handed_down:
      return "cgroup v2";
    case MachineFacts::Cgroups::not_handed_down:
      return "cgroup v2, not handed down";
  }
  return "unknown";
}

}  // namespace

MachineFacts look_at_machine(const std::string& root, bool is_root, int landlock) {
  MachineFacts facts;
  facts.system = system_name(read_below(root, "/etc/os-release"));
  facts.kernel = read_below(root, "/proc/sys/kernel/osrelease");
  facts.root = is_root;
  facts.landlock = landlock;
  facts.switches = {read_below(root, "/proc/sys/kernel/unprivileged_userns_clone"),
                    read_below(root, "/proc/sys/user/max_user_namespaces"),
                    read_below(root, "/proc/sys/kernel/apparmor_restrict_unprivileged_userns")};
  facts.user_namespaces = std::strtoull(facts.switches.max_user_namespaces.c_str(), nullptr, 10);
  facts.memory = cgroups_of(root, "memory");
  facts.processes = cgroups_of(root, "pids");
  const std::string swaps = read_below(root, "/proc/swaps");
  facts.swap = swaps.find('\n') != std::string::npos;  // its first line is a heading
  facts.strict_overcommit = read_below(root, "/proc/sys/vm/overcommit_memory") == "2";
  return facts;
}

std::string describe(const MachineFacts& facts) {
  return fmt::format("{}, kernel {}, as {}, Landlock ABI {}, memory: {}, processes: {}", facts.system,
                     facts.kernel.empty() ? "unknown" : facts.kernel,
                     facts.root ? "root" : "an ordinary user", facts.landlock, to_string(facts.memory),
                     to_string(facts.processes));
}

std::string cgroup_remedy(const MachineFacts& facts, std::string_view controller) {
  const MachineFacts::Cgroups cgroups = controller == "memory" ? facts.memory : facts.processes;
  switch (cgroups) {
    case MachineFacts::Cgroups::none:
      if (controller == "memory") {
        return "the kernel has no memory controller here: boot without cgroup_disable=memory, and in a "
               "container "
               "mount the cgroups into it";
      }
      return "the kernel has no pids controller here: in a container, mount the cgroups into it";
    case MachineFacts::Cgroups::version_1:
      return facts.root ? "in a container, mount the cgroups so that they can be written to"
                        : "version 1 of cgroups is root's alone: run carrel as root, or boot with "
                          "systemd.unified_cgroup_hierarchy=1 for version 2";
    case MachineFacts::Cgroups::not_handed_down:
      if (facts.root) {
        return fmt::format(
            "echo +{} > /sys/fs/cgroup/cgroup.subtree_control, or run carrel by systemd-run --scope "
            "-p Delegate=yes carrel ...",
            controller);
      }
      return "systemd-run --user --scope -p Delegate=yes carrel ..., where the user's manager is given the "
             "controllers: "
             "`systemctl edit user@.service` with [Service] Delegate=cpu memory pids";
    case MachineFacts::Cgroups::handed_down:
      break;
  }
  return facts.root ? "in a container, mount the cgroups so that they can be written to"
                    : "run carrel in a scope of its own that it may write to: systemd-run --user --scope -p "
                      "Delegate=yes carrel ...";
}

std::vector<Lack> machine_notes(const MachineFacts& facts) {
  std::vector<Lack> notes;
  const char* const newer = "nothing must be done; a kernel of 6.12 or later (Debian 13) has it";
  if (facts.landlock > 0 && facts.landlock < 4) {
    notes.push_back({fmt::format("Landlock ABI {} knows no TCP", facts.landlock),
                     "a room's TCP is held by seccomp and its network namespace, and not by Landlock too",
                     newer});
  }
  if (facts.landlock > 0 && facts.landlock < 6) {
    notes.push_back({fmt::format("Landlock ABI {} scopes no signals and abstract sockets", facts.landlock),
                     "those are held by seccomp and the room's namespaces, and not by Landlock too", newer});
  }
  if (facts.user_namespaces > 0 && facts.user_namespaces < 64) {
    notes.push_back({fmt::format("only {} user namespaces may be made", facts.user_namespaces),
                     "rooms that run at the same time may not all be made",
                     "sudo sysctl -w user.max_user_namespaces=10000"});
  }
  // What the wall needs and has, and what would take it away again.
  if (facts.root && !facts.switches.apparmor_restrict_unprivileged.empty() &&
      facts.switches.apparmor_restrict_unprivileged != "0") {
    notes.push_back({"AppArmor restricts user namespaces of ordinary users",
                     "root makes rooms here, others cannot",
                     "give carrel an AppArmor profile that allows userns (docs/machines.md)"});
  }
  if (facts.swap) {
    notes.push_back({"there is swap", "what rooms and carrel have in memory may be written to it",
                     "encrypt the swap, or switch it off: sudo swapoff -a"});
  }
  if (facts.strict_overcommit) {
    notes.push_back({"memory is promised strictly (vm.overcommit_memory is 2)",
                     "a room with a model may not get the address space that it maps and never uses",
                     "sudo sysctl -w vm.overcommit_memory=0"});
  }
  return notes;
}

}  // namespace carrel
