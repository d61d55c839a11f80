// The memory that a container asks for by itself, whatever it is given: the JVM's heap ("-Xmx2g"), Node's
// ("--max-old-space-size=2048"), `stress --vm-bytes 250M`, Redis' "--maxmemory".
#pragma once

#include <cstdint>
#include <string>

#include "room/evidence/survey.h"

namespace carrel {

// Of a limit, the most that a heap may have: it is not all that a process has.
inline constexpr double of_limit_for_heap = 0.9;

// What the container's command, or else its environment, asks for by itself.
struct AskedItself {
  double bytes = 0;
  std::string words;
  const Value* place = nullptr;
};
AskedItself memory_asked_by(const Value& container);

// A line of a file named after the pod's workload that asks for memory, where the bundle has no more of its
// spec than such pieces ("-o jsonpath").
struct AskedInPieces {
  const Document* document = nullptr;
  std::uint32_t line = 0;
  double bytes = 0;
  std::string words;
};
AskedInPieces memory_asked_in_pieces(const Survey& survey, const std::string& pod);

}  // namespace carrel
