// Lines of a file of a bundle, on demand: read by a check room, for a person who looks at evidence in
// context.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "base/result.h"
#include "host/walls/wall.h"
#include "record/room.h"

namespace carrel {

struct LinesWish {
  std::string bundle;  // its path now
  std::string sha256;  // what it must still be
  bool kubernetes = true;
  std::string file;  // the member's name
  std::uint32_t line = 1;
  std::uint32_t around = 100;  // lines before and after; at most limit::surrounding_lines are told in all
};

// Error: Code::bad_input where the bundle is another one now; what the room refuses. A file or line that is
// not there gives no lines.
Result<Surroundings> lines_of(const LinesWish& wish, Wall& wall, const std::string& rooms,
                              const std::atomic<bool>& stop);

}  // namespace carrel
