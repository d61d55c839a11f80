// What can be seen of a room from outside, read from /proc: a wall is believed when it is seen.
//
// The room's process is looked at once it says that it is sealed and before it has its job, and what is seen
// is compared, line by line, with the golden record of a room. Both go into the run record.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sys/types.h>

#include "base/fd.h"
#include "base/result.h"
#include "host/walls/layers_left_out.h"
#include "host/walls/setup.h"

namespace carrel {

// Name and value, in one order: "Seccomp" is "2", "network namespace" is "its own".
using Posture = std::vector<std::pair<std::string, std::string>>;

// What decides how a room must look.
struct Expected {
  std::uint32_t user = 0, group = 0;  // on the host
  std::size_t inputs = 0;
  bool output = false;  // behind them
  int listener = -1;    // the descriptor of its filter's listener, as the room sees it
  std::array<Limit, limit_count> limits{};
};

// The golden record of a room: one thread, seccomp's filter mode, no_new_privs, no capability in any set, its
// ids, seven namespaces that are not the host's, one mount and how, the descriptors with what can be written
// to behind them, no variable of the host's, and its limits.
Posture golden_posture(const Expected& expected);

// The same lines as they are seen. A limit that is lower than the expected one counts as it: the host's own
// was lower already. Errors: something cannot be looked at (Code::room_refused).
Result<Posture> see_posture(pid_t process, int pidfd, const Expected& expected);

// The lines that /proc/PID/status answers, from its text.
Posture see_status(std::string_view status);

// An Error (Code::room_refused) naming the first line that is not as in the golden record. Lines of layers
// that were left out may be otherwise.
Status check_posture(const Posture& seen, const Posture& golden, const LayersLeftOut& without = {});

// An Error (Code::room_refused) where what a room that is kept may not change is not as it was when it was
// made: all but its threads, and the descriptors, of which it closes some.
Status check_unchanged(const Posture& before, const Posture& now);

// The same of a posture that was recorded of a room with these caps. What only that moment knew, its ids and
// its listener, must only be possible.
Status check_recorded(const Posture& recorded, const Caps& caps);

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
