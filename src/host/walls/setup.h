// The child's side of the namespace wall: from clone3 to execve.
//
// The child is a copy of one thread of the host, so until execve it may only make system calls: everything it
// needs is prepared in a RoomPlan before, and what goes wrong is told as a SetupFailure through a pipe.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "confine/process.h"
#include "host/walls/layers_left_out.h"
#include "host/walls/wall.h"

namespace carrel {

enum class SetupStep : std::uint32_t {
  descriptors,
  cgroups,
  propagation,
  open_root,
  root_attributes,
  attach_root,
  pivot_root,
  detach_old_root,
  host_name,
  groups,
  user,
  capabilities,
  no_new_privileges,
  session,
  limits,
  execute,
  count_,
};

// What the child writes into the report pipe before it ends; nothing comes when execve worked.
struct SetupFailure {
  SetupStep step = SetupStep::count_;
  std::int32_t number = 0;  // errno
};

// The error a failure stands for, with its remedy. `spec` names the root and the program.
Error setup_error(const SetupFailure& failure, const RoomSpec& spec);

inline constexpr std::size_t limit_count = 12;

// The limits of a room with these caps; `inputs` is the number of its inputs, its output with them.
std::array<Limit, limit_count> room_limits(const Caps& caps, std::size_t inputs);

inline constexpr std::size_t max_inputs = 16;
inline constexpr unsigned inside_id = 1;  // the room's user and group id, as it sees them

struct RoomPlan {
  // Descriptors: the room's 0, 1, 2 and what it is lent, then what only the set-up needs.
  int from_host = -1, to_host = -1, words = -1;
  std::vector<int> inputs;  // the output is the last of them
  int go = -1;              // a byte comes when the ids are mapped
  int report = -1;          // SetupFailure
  int root_tree = -1;  // a detached mount of the root, made by the host; -1: the child makes it from `root`
  std::vector<int> cgroups;  // each is entered by writing "0" into it
  std::string root;
  bool drop_groups = false;  // the room gets an id of its own: supplementary groups can and must go
  std::string program;
  std::vector<char*> arguments;  // argv, null at the end; points into the spec
  std::array<Limit, limit_count> limits{};
  std::uint32_t last_capability = 63;
  LayersLeftOut without;  // nothing, but in a test
};

// A detached, private mount of the folder, as open_tree makes it where the caller may; an invalid Fd where it
// may not (EPERM), so that the child, which may in its own namespace, does it.
Result<Fd> detached_root(const std::string& root);

// Runs in the child. Never returns.
[[noreturn]] void become_room(const RoomPlan& plan);

}  // namespace carrel
