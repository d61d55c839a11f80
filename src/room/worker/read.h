// The read room's work: from a bundle to the ranked evidence list.
#pragma once

#include <cstdint>
#include <functional>

#include "base/result.h"
#include "record/room.h"

namespace carrel {

// Reads the bundle at `bundle_fd` to its end. `progress` gets the bundle's bytes read so far; it may be
// empty. Deterministic: the same bytes and the same job give the same list.
Result<ReadResult> read_room(int bundle_fd, const ReadJob& job,
                             const std::function<void(std::uint64_t)>& progress);

}  // namespace carrel
