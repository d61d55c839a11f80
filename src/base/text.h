// Text that came from outside: made valid UTF-8, and made harmless before anybody sees it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace carrel {

// Length in bytes (1 to 4) of the UTF-8 sequence at the start of `text`; 0 when it is not one (overlong
// forms, surrogates and code points above U+10FFFF are not). Source: Unicode 15, table 3-7.
std::size_t utf8_length(std::string_view text);

bool is_utf8(std::string_view text);

// How many bytes (0 to 3) at the end may be the start of a sequence that goes on in the next chunk.
std::size_t unfinished_utf8(std::string_view bytes);

// The text with every invalid byte replaced by U+FFFD.
std::string to_utf8(std::string_view bytes);

// At most `limit` bytes of it, cut between code points.
std::string_view cut_utf8(std::string_view text, std::size_t limit);

// For a terminal or a log: control characters (C0 but newline and tab where `lines` is set, DEL, C1),
// bidirectional overrides and isolates, zero-width characters, and line separators are shown as \x1b or
// \u202e. Invalid UTF-8 is shown byte by byte as \xNN.
std::string escape_for_terminal(std::string_view text, bool lines = false);

// A JSON string literal, quotes included, of the text made valid UTF-8. What escape_for_terminal() would not
// show as it is stands as \uXXXX: the same text to a reader of JSON, and harmless to a terminal that it is
// printed on.
std::string printable_json_string(std::string_view text);

// ASCII only: the case of other letters is left alone.
std::string to_lower(std::string_view text);

// True where `needle` stands in `text`, ASCII case folded. `needle` is in lower case.
bool contains_folded(std::string_view text, std::string_view needle);

std::string_view trim(std::string_view text);

}  // namespace carrel
