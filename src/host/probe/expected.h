// What each probe must come to in a room behind either wall, and what its control must come to on the bare
// host.
#pragma once

#include <string_view>
#include <vector>

#include "host/walls/wall.h"

namespace carrel {

struct Expectation {
  const char* probe;
  const char* group;    // "network", "files", "processes", "kernel", "limits", "leaks", "memory"
  const char* outcome;  // what the attempt learns in a room: an errno, or a harmless text
  // The call in the record of denials; nullptr where another layer stops it before seccomp is asked.
  const char* denied = nullptr;
  // What the control says on the bare host; nullptr: anything but `outcome`, for a fact about the room.
  const char* control = "through";
  Ending ending = Ending::ok;
  // It ends only by the clock, so its room has a shorter one than the room whose twin it is.
  bool brief = false;
};

// The group of the probes that are for rooms which are lent a state and memory.
inline constexpr const char* lent_memory = "memory";

const std::vector<Expectation>& expected_probes();
// The same inside a virtual machine. `mapped`: its input is a disk to be mapped, and no pipe from one.
std::vector<Expectation> expected_in_guest(bool mapped);
// The same in QEMU's place, whose filter lets QEMU do more. Probes are left out that ask for what QEMU is
// meant to have.
std::vector<Expectation> expected_of_machine(bool kvm);
// Nothing where there is none of that name.
const Expectation* find_expected(std::string_view probe);

}  // namespace carrel
