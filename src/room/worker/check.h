// The check room's work: does what a report claims stand in the bundle? Asks no model, and knows nothing of
// how the report was made. docs/formats/citation.md defines when a citation holds.
#pragma once

#include <cstdint>
#include <functional>

#include "base/result.h"
#include "record/room.h"

namespace carrel {

// Reads the bundle at `bundle_fd` to its end and answers every entry of the job. `progress` may be empty.
Result<CheckResult> check_room(int bundle_fd, const CheckJob& job,
                               const std::function<void(std::uint64_t)>& progress);

}  // namespace carrel
