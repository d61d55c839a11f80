// What the redactor cannot read: packed files, text in UTF-16 or UTF-32, and what is no text at all. Secrets
// in these would stay, so they are refused or left out, never passed on.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace carrel {

// A file is judged by so many of its first bytes.
inline constexpr std::size_t judged_head_bytes = 4 << 10;

struct Unreadable {
  std::string what;    // what is said of the file: "is packed (gzip), and secrets in it would stay"
  std::string remedy;  // as an Error has it
};

// Nothing where the head is that of text, of no matter which encoding whose ASCII is ASCII. NULs are no
// reason: a log that was cut while it was written has runs of them.
std::optional<Unreadable> judge_readable(std::string_view head);

}  // namespace carrel
