// Attempts to get out of a room, each one thing, by name. The same attempt runs in a room, where it must fail
// in its own exact way, and on the bare host as a control, where it must come through: an attempt that fails
// on the host too proves nothing about the wall.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

namespace carrel::escape {

// Where an attempt runs and what there is for it.
struct Ground {
  int input = 3;        // a file: the room's read-only input; on the host open for reading and writing
  std::string program;  // a path that exists and may be executed
  std::string passwd;   // the host's password file, as an escape would name it
  std::string folder;   // to make things in: "/" in a room
  pid_t victim = -1;    // a process outside
};

inline constexpr const char* through = "through";

struct Probe {
  const char* name;
  std::string (*attempt)(const Ground&);  // `through`, the name of an errno, or what was learnt
  // The control may need a capability; it runs in namespaces of its own, so that an ordinary user has it too.
  bool control_in_namespaces = false;
};

const std::vector<Probe>& network_probes();
const std::vector<Probe>& file_probes();
const std::vector<Probe>& process_probes();
const std::vector<Probe>& leak_probes();

// Nothing where there is no probe of that name.
const Probe* find_probe(std::string_view name);

// `through` for a call that gave `result` >= 0, else the name of its errno.
std::string told(long result);

}  // namespace carrel::escape
