// A room's cgroups: caps on memory and processes by the kernel's controllers, version 1 or 2, where this user
// may make them. They are a second hold beside the limits of setup.h: where none can be made, that is told as
// a layer and not an error.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"

namespace carrel {

// The folder in which a controller's new cgroup may be made.
struct CgroupParent {
  std::string folder;
  int version = 1;
};

// The candidates for a controller ("memory", "pids"), the nearest first: this process's own cgroup in version
// 1; in version 2 its ancestors, since a cgroup with processes hands no controllers down. From the texts of
// /proc/self/mountinfo and /proc/self/cgroup.
std::vector<CgroupParent> cgroup_parents(std::string_view controller, std::string_view mounts,
                                         std::string_view membership);

struct CgroupCaps {
  std::uint64_t memory = 0;  // bytes
  std::uint32_t processes = 0;
};

class Cgroup {
 public:
  // Makes the cgroups that can be made. Cgroups of hosts that died are swept on the way.
  explicit Cgroup(const CgroupCaps& caps);
  ~Cgroup();
  Cgroup(const Cgroup&) = delete;
  Cgroup& operator=(const Cgroup&) = delete;

  // Version 2: the folder's descriptor for clone3 (CLONE_INTO_CGROUP); -1 where there is none.
  int clone_into() const { return clone_into_.get(); }
  // Gives the version 2 cgroup up: the kernel would not start a process in it.
  void refuse_clone_into();
  // Version 1: descriptors into which the room's process itself writes "0" to enter. Moving another process
  // waits some milliseconds for the kernel's readers of the thread group lock; a process that moves its only
  // thread does not (Linux, cgroup_procs_write_start). The kernel asks for the rights of whom opened them,
  // which is the host.
  std::vector<int> enter() const;

  // "memory cgroup v1", "pids cgroup: none", ...
  std::vector<std::string> layers() const;
  bool holds_memory() const { return !memory_.folder.empty(); }
  bool holds_processes() const { return !processes_.folder.empty(); }

  // How many processes are in it now, where the kernel counts them.
  std::optional<std::uint64_t> process_count() const;
  // Whether the kernel killed a process for memory.
  bool out_of_memory() const;
  // The largest memory use so far in bytes, where the kernel tells it.
  std::optional<std::uint64_t> peak_memory() const;

 private:
  struct Made {
    std::string folder;  // empty: none
    int version = 0;
    Fd enter;  // version 1
  };
  Made memory_, processes_;
  Fd clone_into_;
};

}  // namespace carrel
