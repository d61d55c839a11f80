// The machine that the collection runs on: facts of its kernel, disks and memory, the journal of what runs
// containers, and files that are named by patterns.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "collect/spool/task.h"

namespace carrel {

struct MachineOptions {
  bool facts = false;
  std::vector<std::string> patterns;  // of glob(7), absolute
  std::string since;                  // of the journal, as "--since" has it; empty: 24 hours
  std::uint64_t bytes = 16 << 20;     // most of each file
  unsigned timeout_seconds = 60;      // of each command
};

std::vector<Task> machine_tasks(const MachineOptions& options, const std::atomic<bool>& stop);

// Runs a command without a shell and writes its standard output; its standard error tells why, where it
// fails.
Result<TaskEnd> run_command(const std::vector<std::string>& words, const MachineOptions& options,
                            const std::atomic<bool>& stop, Spool& out);

}  // namespace carrel
