// What this machine lacks for the namespace wall, for `carrel doctor` and for the remedy of a wall that
// cannot be made.
#pragma once

#include <string>
#include <vector>

#include "host/walls/wall.h"

namespace carrel {

// What keeps the namespace wall from being made, with consequence and remedy: user namespaces switched off
// (and by which switch), Landlock or the seccomp listener missing, mounts as descriptors missing, listeners
// that cannot be taken, /proc missing. Empty when rooms can be made. Tries by making one, so it takes some
// milliseconds.
std::vector<Lack> namespace_wall_lacks();

// What makes the wall weaker and keeps nothing from running: controllers of which no cgroup can be made, and
// what the machine's files tell (machine.h).
std::vector<Lack> namespace_wall_weaknesses();

// The kernel's Landlock ABI (1 and up), 0 where there is none.
int landlock_abi_of_kernel();

// What the kernel's switches say about user namespaces; nothing where none forbids them. Each argument is the
// text of the file under /proc/sys of that name, empty where the kernel has no such file.
struct NamespaceSwitches {
  std::string unprivileged_userns_clone;       // kernel.unprivileged_userns_clone (Debian)
  std::string max_user_namespaces;             // user.max_user_namespaces
  std::string apparmor_restrict_unprivileged;  // kernel.apparmor_restrict_unprivileged_userns (Ubuntu)
};
std::vector<Lack> switched_off(const NamespaceSwitches& switches, bool root);

}  // namespace carrel
