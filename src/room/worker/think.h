// The think room's work: evidence and questions in, one answer for each variant out.
#pragma once

#include <chrono>
#include <span>
#include <string_view>

#include "base/result.h"
#include "record/room.h"
#include "record/wire.h"
#include "room/engine/decode.h"
#include "room/engine/engine.h"

namespace carrel {

// The memory behind the job's StateLoan; parts that are not lent are empty.
struct StateMemory {
  std::string_view saved;
  std::span<char> free;
};

using ThinkProgress = std::function<void(const Progress&)>;

// Runs the job on a loaded engine that is not open, and closes it again. `trie` is of the engine's vocabulary
// (all_bytes in plain_tokens.h), made once a model: with 152,000 tokens that takes a fifth of a second.
// `started`: when the job came, from which its wall_seconds count. With a saved state less is read, and the
// answer is the same.
Result<ThinkResult> think(const ThinkJob& job, Engine& engine, const TokenTrie& trie,
                          std::chrono::steady_clock::time_point started, const StateMemory& memory,
                          const ThinkProgress& progress);

}  // namespace carrel
