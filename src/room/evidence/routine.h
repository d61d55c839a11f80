// Routine: what programs write at the level of a warning or an error as a matter of course, in systems that
// are well. It is looked at like a line of level info: no cause, and no sign of one.
#pragma once

#include <string_view>

namespace carrel {

class Question;

// Whether a line of a log is such a one. One that speaks of what the question asks about is none.
bool is_routine(std::string_view line, const Question& question);

}  // namespace carrel
