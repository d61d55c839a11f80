// What can be seen of a room from outside, read from /proc: a wall is believed when it is seen.
#pragma once

#include <cstdint>
#include <string_view>

#include <sys/types.h>

#include "base/fd.h"
#include "base/result.h"

namespace carrel {

// An Error (Code::room_refused) naming the first thing that does not hold, from the text of /proc/PID/status:
// one thread, seccomp's filter mode, no_new_privs, no capability in any set, and the user and group in all
// four of their ids.
Status check_status(std::string_view status, std::uint32_t user, std::uint32_t group);

// The above for a process, and that it shares none of the seven namespaces with this one.
Status check_posture(pid_t process, std::uint32_t user, std::uint32_t group);

// A room's pid namespace, held open so that its processes can be counted.
class PidNamespace {
 public:
  explicit PidNamespace(pid_t process);
  bool valid() const { return held_.valid(); }
  // How many living processes it has, as /proc shows them; a process that has ended does not count, waited
  // for or not.
  std::uint32_t processes() const;

 private:
  Fd held_;  // keeps the namespace's inode number from being used again
};

}  // namespace carrel
