#include "host/walls/lacks.h"

#include <cerrno>
#include <cstdint>
#include <cstring>

#include <fcntl.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/text.h"
#include "host/walls/cgroup.h"
#include "host/walls/machine.h"

namespace carrel {
namespace {

constexpr const char* no_rooms = "no room can be made, so carrel reads no bundle and runs no model";

std::string read_switch(const char* path) {
  const auto text = read_file(path, 256);
  return text ? std::string(trim(*text)) : std::string();
}

// Makes the namespaces and, in them, what needs a capability there: a restriction (AppArmor's) may let the
// namespace come and withhold the capabilities. Returns 0 or the errno.
int try_namespaces() {
  clone_args arguments{};
  arguments.flags = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS |
                    CLONE_NEWCGROUP;
  const long child = ::syscall(SYS_clone3, &arguments, sizeof arguments);
  if (child < 0) return errno;
  if (child == 0) {
    ::_exit(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 ? 0 : errno);
  }
  int status = 0;
  pid_t waited = 0;
  do waited = ::waitpid(static_cast<pid_t>(child), &status, __WALL);
  while (waited < 0 && errno == EINTR);
  // A host that ignores SIGCHLD cannot learn the status; the namespaces at least were made.
  if (waited < 0) return 0;
  return WIFEXITED(status) ? WEXITSTATUS(status) : EIO;
}

}  // namespace

int landlock_abi_of_kernel() {
  constexpr unsigned create_ruleset_version = 1;  // LANDLOCK_CREATE_RULESET_VERSION
  const long abi = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, create_ruleset_version);
  return abi > 0 ? static_cast<int>(abi) : 0;
}

std::vector<Lack> switched_off(const NamespaceSwitches& switches, bool root) {
  std::vector<Lack> lacks;
  if (switches.max_user_namespaces == "0") {
    lacks.push_back({"user namespaces are switched off (user.max_user_namespaces is 0)", no_rooms,
                     "sudo sysctl -w user.max_user_namespaces=10000"});
  }
  if (root) return lacks;  // the other two bind ordinary users alone
  if (switches.unprivileged_userns_clone == "0") {
    lacks.push_back({"user namespaces are for root alone (kernel.unprivileged_userns_clone is 0)", no_rooms,
                     "sudo sysctl -w kernel.unprivileged_userns_clone=1"});
  }
  if (!switches.apparmor_restrict_unprivileged.empty() && switches.apparmor_restrict_unprivileged != "0") {
    lacks.push_back(
        {"AppArmor restricts user namespaces (kernel.apparmor_restrict_unprivileged_userns is not 0)",
         no_rooms,
         "give carrel an AppArmor profile that allows userns (docs/machines.md), or: "
         "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"});
  }
  return lacks;
}

std::vector<Lack> namespace_wall_lacks() {
  std::vector<Lack> lacks;
  if (::access("/proc/self/uid_map", R_OK) != 0) {
    lacks.push_back({"/proc is not mounted here", no_rooms, "sudo mount -t proc proc /proc"});
  }
  if (const int problem = try_namespaces(); problem != 0) {
    auto reasons = switched_off({read_switch("/proc/sys/kernel/unprivileged_userns_clone"),
                                 read_switch("/proc/sys/user/max_user_namespaces"),
                                 read_switch("/proc/sys/kernel/apparmor_restrict_unprivileged_userns")},
                                ::geteuid() == 0);
    if (reasons.empty()) {
      reasons.push_back(
          {std::string("namespaces cannot be made here: ") + std::strerror(problem), no_rooms,
           "in a container, run it with the right to make user namespaces; else use a kernel with "
           "CONFIG_USER_NS"});
    }
    for (Lack& reason : reasons) lacks.push_back(std::move(reason));
  }
  if (landlock_abi_of_kernel() == 0) {
    lacks.push_back({"the kernel has no Landlock, or it is switched off", no_rooms,
                     "use a kernel of 5.13 or later and put landlock into its lsm= boot parameter"});
  }
  std::uint32_t action = SECCOMP_RET_USER_NOTIF;
  if (::syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) != 0) {
    lacks.push_back({"the kernel has no seccomp filter with a listener", no_rooms,
                     "use a kernel of 5.5 or later with CONFIG_SECCOMP_FILTER"});
  }
  // Asked for with an impossible descriptor, a call that exists says EBADF.
  if (::mount_setattr(-1, "", AT_EMPTY_PATH, nullptr, 0) != 0 && errno == ENOSYS) {
    lacks.push_back({"the kernel cannot set the attributes of a mount (mount_setattr)", no_rooms,
                     "use a kernel of 5.12 or later"});
  }
  if (read_switch("/proc/sys/kernel/yama/ptrace_scope") == "3") {
    lacks.push_back({"a room's system call listener cannot be taken (kernel.yama.ptrace_scope is 3)",
                     no_rooms, "set kernel.yama.ptrace_scope to 2 or less and start the machine again"});
  }
  return lacks;
}

std::vector<Lack> namespace_wall_weaknesses() {
  std::vector<Lack> weaknesses;
  const Cgroup cgroup({1ULL << 30, 64});
  const MachineFacts facts = look_at_machine("", ::geteuid() == 0, landlock_abi_of_kernel());
  if (!cgroup.holds_memory()) {
    weaknesses.push_back(
        {"no memory cgroup can be made here",
         "a room's memory is held by limits alone, and its peak is the resident size of one process",
         cgroup_remedy(facts, "memory")});
  }
  if (!cgroup.holds_processes()) {
    weaknesses.push_back({"no pids cgroup can be made here", "a room's threads are held by a limit alone",
                          cgroup_remedy(facts, "pids")});
  }
  for (Lack& note : machine_notes(facts)) weaknesses.push_back(std::move(note));
  return weaknesses;
}

}  // namespace carrel
