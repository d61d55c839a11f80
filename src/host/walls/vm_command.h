// How QEMU is called: a machine with a processor, memory, read-only disks and one console device, and nothing
// else.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace carrel {

enum class Acceleration : std::uint8_t { kvm, tcg };
const char* to_string(Acceleration acceleration);

struct VmShape {
  Acceleration acceleration = Acceleration::kvm;
  std::uint64_t memory_mib = 0;
  unsigned processors = 1;
  std::uint64_t tsc_khz = 0;  // of this machine's processor
  // Descriptors in QEMU's process, in the order in which the guest counts its disks and its streams.
  std::vector<int> disks;
  std::vector<int> streams;
};

// carrel-boot's arguments, all paths inside the image's root.
std::vector<std::string> vm_arguments(const VmShape& shape);

// The rate of this machine's time stamp counter in kHz, measured once; rounded, so that the same machine
// gives the same arguments.
std::uint64_t tsc_khz();

}  // namespace carrel
