// Attempts to get out of a room, each one thing, by name. The same attempt runs in a room, where it must fail
// in its own exact way, and on the bare host as a control, where it must come through: an attempt that fails
// on the host too proves nothing about the wall. What each must come to is the host's to know
// (host/probe/expected.h).
//
// On the bare host an attempt harms nothing: what would change the machine is asked for with arguments that
// the kernel refuses only after it has looked at the caller's rights.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

namespace carrel::probe {

// Where an attempt runs and what there is for it.
struct Ground {
  bool in_room = true;
  int input = 3;  // a file: the room's read-only input; on the host open for reading and writing
  // Where a think room's state of an earlier one and its memory are; on the host a file, and memory that is
  // not sealed.
  int saved = 4, output = 5;
  int last = 3;              // the last descriptor that the room was given
  std::string program;       // a path that exists and may be executed
  std::string passwd;        // the host's password file, as an escape would name it
  std::string folder;        // to make things in: "/" in a room
  std::string outside_file;  // a file of the host, such as another tenant's
  pid_t victim = -1;         // a process outside
  // What the probes of limits try to pass.
  std::uint64_t memory = 64ULL << 20;
  std::uint32_t processes = 64;
  std::uint64_t output_bytes = 1ULL << 20;
  std::uint32_t denials = 1000;
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
const std::vector<Probe>& kernel_probes();
const std::vector<Probe>& limit_probes();
const std::vector<Probe>& leak_probes();
const std::vector<Probe>& memory_probes();

// All of the above.
std::vector<const Probe*> all_probes();
// Nothing where there is no probe of that name.
const Probe* find_probe(std::string_view name);

// `through` for a call that gave `result` >= 0, else the name of its errno.
std::string told(long result);
// The same, where `expected` is what the kernel says once it has let the call through to its arguments.
std::string told(long result, int expected);
// Opens the path and tells; what was opened is closed again.
std::string open_at(const std::string& path, int flags);
// `call` in a child of its own, so that what it changes ends with it; its answer comes back by exit status.
// In a room, which can have no child, it is called as it is.
std::string in_a_child(const Ground& ground, long (*call)(const Ground&));

// What a program that an attempt runs is told to do: to print `through`, or in a room to answer it.
const char* word_of(const Ground& ground);

// The control of a probe on the bare host: what came of it, in `folder`, which is its own.
std::string control_outcome(const Probe& probe, const std::string& program, const std::string& folder);

}  // namespace carrel::probe
