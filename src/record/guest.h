// What the host and the init of a virtual machine tell each other, when the vm wall makes the room. Formats:
// docs/formats/wire.md.
//
// The host lays the room on a disk that the guest may only read: a line that names its version, the size of a
// GuestTask, the task, and then the bytes of the root's files in the order of its list. The guest's init
// answers with a GuestReport, before it hands on what the room's program answered.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "record/denial.h"
#include "record/limits.h"

namespace carrel {

// The disk's first bytes; eight more follow with the size of the task in bytes, little endian.
inline constexpr std::string_view guest_disk_magic = "carrel room disk 2\n";

// Where the machine's program finds the descriptor for last words, above all inputs.
inline constexpr int machine_words = 40;

// The ports of the guest's console device: the room's messages, its last words, and from here on its streams.
inline constexpr unsigned message_port = 1, words_port = 2, first_stream_port = 3;

// A stream comes as blocks: the number of their bytes first, in the machine's own order, and none at the end.
// That a port's other side has gone tells nothing: QEMU lets a guest that has not looked yet see no more of
// it than of one that never came.
using StreamBlockSize = std::uint32_t;

// An entry of the room's root, parents before what is in them.
struct GuestFile {
  enum class Kind : std::uint8_t { file, folder, link, count_ };
  std::string path;  // below the root, without a slash in front
  Kind kind = Kind::file;
  bool executable = false;
  std::uint64_t size = 0;  // of a file, bytes
  std::string target;      // of a link
  template <class Codec>
  void fields(Codec& c) {
    c(path, limit::path);
    c(kind);
    c(executable);
    c(size);
    c(target, limit::path);
  }
};

// An input, in the order of the room's descriptors. A disk has whole sectors, so the exact size is told here.
struct GuestInput {
  enum class Kind : std::uint8_t {
    stream,  // a port; it comes in blocks, below
    piped,   // a disk; the program gets its bytes through a pipe, as many as there are
    mapped,  // a disk that the program gets itself, to map it; zeros follow up to a whole sector
    count_
  };
  Kind kind = Kind::piped;
  std::uint64_t size = 0;  // bytes; 0 of a stream
  template <class Codec>
  void fields(Codec& c) {
    c(kind);
    c(size);
  }
};

struct GuestLimit {
  std::uint32_t resource = 0;  // RLIMIT_*
  std::uint64_t value = 0;
  template <class Codec>
  void fields(Codec& c) {
    c(resource);
    c(value);
  }
};

struct GuestTask {
  std::string program;  // path inside the root; empty: nothing is run, and the answer is empty too
  std::vector<std::string> arguments;
  std::vector<GuestInput> inputs;
  std::vector<GuestLimit> limits;
  std::uint32_t denials = 0;  // the program is killed at the next one
  bool rounds = false;        // the job is GuestJobs, and the program runs once for each of them
  std::vector<GuestFile> files;
  template <class Codec>
  void fields(Codec& c) {
    c(program, limit::path);
    c(arguments, 16, limit::path);
    c(inputs, 16);
    c(limits, 32);
    c(denials);
    c(rounds);
    c(files, 4096);
  }
};

// How the program ended, as the guest's init saw it. A host believes it no more than it believes a room.
struct GuestReport {
  enum class End : std::uint8_t { exited, signalled, too_many_denials, bad_message, lingered, count_ };
  End end = End::exited;
  std::uint32_t status = 0;  // exit status or signal
  std::string detail;        // what was wrong with a message
  std::vector<Denial> denials;
  std::uint64_t peak_memory = 0;    // of the program, bytes
  std::vector<std::string> layers;  // "guest linux 6.1.0", "landlock abi 2", ...
  template <class Codec>
  void fields(Codec& c) {
    c(end);
    c(status);
    c(detail, limit::detail);
    c(denials, 512);
    c(peak_memory);
    c(layers, 32, limit::name);
  }
};

// Rounds: one machine's program, started anew for each job and confined anew, one after the other. What
// probes are made of: a boot takes longer than most of them.
namespace limit {
inline constexpr std::size_t rounds = 512;
inline constexpr std::size_t round_job = 16 << 10;
inline constexpr std::size_t round_answer = 4 << 10;
}  // namespace limit

struct GuestJobs {
  std::vector<std::string> jobs;
  template <class Codec>
  void fields(Codec& c) {
    c(jobs, limit::rounds, limit::round_job);
  }
};

struct GuestRound {
  GuestReport report;
  std::string answer;  // the body of its result; empty where there was none
  template <class Codec>
  void fields(Codec& c) {
    c(report);
    c(answer, limit::round_answer);
  }
};

// The result: one for each job, in their order.
struct GuestRounds {
  std::vector<GuestRound> rounds;
  template <class Codec>
  void fields(Codec& c) {
    c(rounds, limit::rounds);
  }
};

}  // namespace carrel
