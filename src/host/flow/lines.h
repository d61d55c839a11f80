// Lines of a file of a bundle, on demand: read by a check room, for a person who looks at evidence in
// context.
#pragma once

#include <atomic>
#include <cstdint>
#include <list>
#include <memory>
#include <string>

#include "base/result.h"
#include "host/flow/input.h"
#include "host/walls/wall.h"
#include "record/room.h"

namespace carrel {

inline constexpr std::uint32_t most_lines = limit::surrounding_lines / 2;  // of one answer

struct LinesWish {
  std::string bundle;  // its path
  std::string sha256;  // what it must still be
  std::string key;     // opens a sealed bundle; empty where there is none
  std::string file;    // the member's name
  std::uint32_t first = 1;
  std::uint32_t count = 1;  // at most most_lines
};

// Bundles that were opened and hashed lately, so that turning pages of a large one does not hash it again.
// Not thread-safe.
class OpenBundles {
 public:
  // Error: Code::bad_input where the bundle is not there, or is another one now.
  Result<std::shared_ptr<const Input>> open(const std::string& path, const std::string& sha256,
                                            const std::atomic<bool>& stop);

 private:
  static constexpr std::size_t most = 4;
  std::list<std::shared_ptr<const Input>> inputs_;  // the one used last first
};

// At most `count` lines from `first` on, fewer at the end of the file; `lines` is empty where the file or the
// line is not there. Errors: those of OpenBundles, and what the room refuses.
Result<Surroundings> lines_of(const LinesWish& wish, OpenBundles& bundles, Wall& wall,
                              const std::string& rooms, const std::atomic<bool>& stop);

}  // namespace carrel
