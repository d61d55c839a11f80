// Wall: runs one program in a room and tells, typed, how it ended.
//
// A wall fails closed: a layer that cannot be made ends the run with Ending::setup_error before the room has
// seen its task. Implementations: namespace_wall.h; vm_wall.h; a fake in tests.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "record/denial.h"
#include "record/room.h"
#include "record/wire.h"

namespace carrel {

struct Caps {
  std::chrono::milliseconds wall_clock{600'000};
  std::chrono::seconds cpu{1200};
  std::uint64_t address_space = 0;  // RLIMIT_AS, bytes; 0 is refused: every room names its limit
  std::uint64_t memory = 0;  // anonymous memory: RLIMIT_DATA and, where there is one, a memory cgroup; bytes
  std::uint32_t processes = 64;   // threads count
  std::uint32_t descriptors = 0;  // 0: what its inputs and a dynamic loader need
  std::uint64_t output_bytes = 64ULL << 20;
  std::uint32_t denials = 1000;  // the room is killed at the next one
};

// One room. The program finds its inputs as descriptors 3, 4, ... and behind them its output, where it has
// one; 0 carries the host's messages, 1 the room's, 2 is a bounded text of last words.
struct RoomSpec {
  RoomKind kind = RoomKind::read;
  std::string root;     // folder that becomes /, read-only
  std::string program;  // path inside the root
  std::vector<std::string> arguments;
  std::vector<Fd> inputs;  // opened and hashed by the host
  Fd output;               // none, or what room_memory.h makes: all that the room may write to
  Caps caps;
  unsigned processors = 1;  // how many it can keep busy
  std::string job;          // body of the job message
  // Of a think room that may be kept for a next run: digest of whose it is and what it is made of, and the
  // run's id. Empty: it is for this run alone.
  std::string keep_for, run;

  // How many files are handed over: inputs, and the output where there is one.
  std::size_t files() const { return inputs.size() + (output.valid() ? 1 : 0); }
};

enum class Ending : std::uint8_t {
  ok,           // a result or a refusal came and the room went in order
  setup_error,  // the wall could not be made
  violation,    // it broke a rule: too many denials, a bad message, a killed system call
  memory,
  time,  // wall clock or CPU
  output_cap,
  killed,       // by a signal nobody here sent, or an exit without a result
  interrupted,  // the caller asked to stop
  count_,
};
const char* to_string(Ending ending);

// Of a think room that outlives its run (kept_room.h).
struct KeptRecord {
  std::string room;               // its name, at random
  std::string since;              // when it was made: 2026-01-02T03:04:05Z
  std::vector<std::string> runs;  // that it worked for before this one, the first first; all of one tenant
  bool stays = false;             // it was kept after this run, too
};

struct RoomOutcome {
  Ending ending = Ending::setup_error;
  std::string detail;  // one sentence where it is not ok
  std::string remedy;
  Message answer;  // the result or refusal, when ending is ok
  std::vector<Denial> denials;
  std::string last_words;         // of descriptor 2, at most 4 KiB, to be escaped before it is shown
  std::uint64_t peak_memory = 0;  // bytes
  std::uint64_t bytes_out = 0;
  std::uint32_t survivors = 0;  // processes left after the end; never anything but 0
  double start_s = 0;           // until the room was sealed
  double elapsed_s = 0;
  // What was seen of the room from outside before it had its job, in the golden record's order.
  std::vector<std::pair<std::string, std::string>> posture;
  std::vector<std::string> layers;  // the layers that were made: "user namespace", "landlock abi 7", ...
  // Of the virtual machine that the room was in, or of the kept room that worked for this run, which the
  // posture is compared with; nothing where it was neither.
  std::optional<Caps> machine;
  std::optional<KeptRecord> kept;
  std::string configuration;  // sha256 of all that shaped the room but its inputs and job
};

// Of a room that was never started.
RoomOutcome not_made(const Error& error);

class Wall {
 public:
  virtual ~Wall() = default;
  // Blocks until the room has ended. `progress` gets each progress message on the calling thread. Setting
  // `stop` ends the room within 100 ms.
  virtual RoomOutcome run(RoomSpec spec, const std::function<void(const Progress&)>& progress,
                          const std::atomic<bool>& stop) = 0;
};

// What this machine lacks for a wall, each with its consequence and remedy; empty when it can be made.
struct Lack {
  std::string what, consequence, remedy;
};

}  // namespace carrel
