// Log templates: a line with its parameters masked.
//
// What is masked: any word (letters and digits) that holds a digit, so numbers, times, addresses, durations,
// hex and generated ids; the hexadecimal groups of a UUID; the value after a key that ends in "id"; a quoted
// value without spaces in running text. HTTP status codes from 400 to 529 and numeric JSON levels stay,
// because they tell severity. Two lines have the same template when their masked texts are the same.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace carrel {

// Hash of the masked text (at most the first 4096 bytes of a line count).
std::uint64_t template_hash(std::string_view line);

// The masked text itself, each parameter as '#'.
std::string template_text(std::string_view line);

// Hash of the bytes as they are.
std::uint64_t exact_hash(std::string_view bytes, std::uint64_t seed);

// Where a line goes on after the date and time at its start; 0 if it has none. "503 x" has none.
std::size_t after_time(std::string_view line);

inline constexpr std::size_t kHashedBytes = 4096;

}  // namespace carrel
