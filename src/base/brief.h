// Long messages made short enough for a sentence.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace carrel {

// At most `limit` bytes on one line, with "..." where it was cut: in its middle, so that a chain of wrapped
// errors keeps its beginning and its cause; at its end where there is no room for both.
std::string brief(std::string_view text, std::size_t limit);

// At most `limit` bytes from its beginning, and no word in half, unless it is a long one.
std::string_view cut_words(std::string_view text, std::size_t limit);

}  // namespace carrel
