// What a logger puts before its message: colours, times, levels, processes, classes.
#pragma once

#include <string_view>

#include "room/evidence/line_class.h"

namespace carrel {

// Takes it off, part by part, and keeps level, time and logger in `out`; the rest of the line.
std::string_view take_head(std::string_view line, LineClass* out);

}  // namespace carrel
