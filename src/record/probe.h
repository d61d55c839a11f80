// What a probe room is asked and what it answers: one attempt to get out of a room (docs/formats/wire.md).
//
// A probe room is the twin of a room of another kind: the same program's name, arguments, caps and layers,
// and so the same configuration digest. Its root holds the probe in place of that program.
#pragma once

#include <cstdint>
#include <string>

#include "record/limits.h"

namespace carrel {

struct ProbeJob {
  std::string name;                   // of the probe
  std::string program;                // the room's own, as it finds it
  std::uint32_t outside_process = 0;  // a process of the host
  std::string outside_file;           // a file of the host that everybody may read
  // How far the probes of limits go: beyond the caps of the room, and of a virtual machine around it.
  std::uint64_t memory = 0;
  std::uint32_t processes = 0;
  std::uint64_t output_bytes = 0;
  std::uint32_t denials = 0;
  std::uint32_t last_descriptor = 3;  // that the room was given
  template <class Codec>
  void fields(Codec& c) {
    c(name, limit::name);
    c(program, limit::path);
    c(outside_process);
    c(outside_file, limit::path);
    c(memory);
    c(processes);
    c(output_bytes);
    c(denials);
    c(last_descriptor);
  }
};

// `through`, the name of an errno, or what the attempt learnt.
struct ProbeResult {
  std::string outcome;
  template <class Codec>
  void fields(Codec& c) {
    c(outcome, limit::detail);
  }
};

}  // namespace carrel
