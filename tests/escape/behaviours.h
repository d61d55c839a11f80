// Hostile and broken room programs: each plays one part, from its start to its end.
#pragma once

#include <string_view>

namespace carrel::escape {

// Plays the part and returns the exit status; -1 where there is none of that name.
int behave(std::string_view name);

}  // namespace carrel::escape
