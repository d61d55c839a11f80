// Text by its code points, and white space as the field's pattern languages see it.
#pragma once

#include <string>
#include <string_view>

namespace carrel {

// The text's code points; an invalid byte is U+FFFD.
std::u32string to_code_points(std::string_view text);

// True for what Python's str.isspace() and its regular expressions' \s take for white space.
bool is_white_space(char32_t point);

// The text as UTF-8 with white space at its ends taken away and every other run of it made one space.
std::string fold_white_space(std::string_view text);

}  // namespace carrel
