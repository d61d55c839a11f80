// What a machine has of what rooms are made of, as its files tell it: for `carrel doctor`, which names what
// is weaker than it could be, with consequence and remedy. What cannot be made at all is lacks.h's.
//
// Everything is read below a root, so that tests can look at machines that are not here: Debian 12 and 13,
// Ubuntu 24.04, version 1 and 2 of cgroups, rootless and root.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "host/walls/lacks.h"
#include "host/walls/wall.h"

namespace carrel {

struct MachineFacts {
  std::string system;  // PRETTY_NAME of /etc/os-release; "an unknown system" where it has none
  std::string kernel;  // its release, "6.1.0-25-amd64"
  bool root = false;   // the caller
  int landlock = 0;    // the kernel's ABI; asked of the kernel, so it is given
  NamespaceSwitches switches;
  std::uint64_t user_namespaces = 0;  // how many there may be; 0: not told
  // Where a cgroup of the caller could be made, by controller.
  enum class Cgroups : std::uint8_t {
    none,             // no hierarchy has the controller
    version_1,        // a hierarchy of its own, which root may use
    handed_down,      // version 2, and an ancestor of the caller's cgroup hands the controller down
    not_handed_down,  // version 2, and none does
  };
  Cgroups memory = Cgroups::none, processes = Cgroups::none;
  bool swap = false;               // some is in use or ready, and may not be encrypted
  bool strict_overcommit = false;  // vm.overcommit_memory is 2
};

// `root` is "" for this machine.
MachineFacts look_at_machine(const std::string& root, bool is_root, int landlock);

// One line for a person: "Debian GNU/Linux 12 (bookworm), kernel 6.1.0-25-amd64, as root, ...".
std::string describe(const MachineFacts& facts);

// What to do so that a cgroup with this controller ("memory", "pids") can be made.
std::string cgroup_remedy(const MachineFacts& facts, std::string_view controller);

// What is weaker here than it could be, though rooms can be made; cgroups are lacks.h's to try.
std::vector<Lack> machine_notes(const MachineFacts& facts);

}  // namespace carrel
