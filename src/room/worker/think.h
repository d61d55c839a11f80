// The think room's work: evidence and questions in, one answer for each variant out.
#pragma once

#include "base/result.h"
#include "record/room.h"
#include "room/engine/decode.h"
#include "room/engine/engine.h"

namespace carrel {

// Runs the job on a loaded engine that is not open yet. `started`:
// when the job came, from which its wall_seconds count.
Result<ThinkResult> think(const ThinkJob& job, Engine& engine, std::chrono::steady_clock::time_point started,
                          const DecodeProgress& progress);

}  // namespace carrel
