// How long something took, as a line of a log tells it.
#pragma once

#include <string_view>

namespace carrel {

// The longest time that the text tells in milliseconds or seconds ("took 8137 ms", "5.2s"), in seconds; 0:
// none.
double longest_time(std::string_view text);

}  // namespace carrel
