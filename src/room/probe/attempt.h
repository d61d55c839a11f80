// What carrel-probe does on either side of the wall.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace carrel::probe {

// In a room: makes the attempt that the job (an encoded ProbeJob) names; the encoded ProbeResult.
Result<std::string> attempt(std::string_view job);

// What the program does where an attempt to execute it came through (word_of in probe.h); nothing for another
// word. The exit status.
std::optional<int> was_executed(std::string_view word);

// On the bare host: prints what came of the attempt in `folder`, and returns the exit status.
int print_control(std::string_view name, const std::string& program, const std::string& folder);

}  // namespace carrel::probe
