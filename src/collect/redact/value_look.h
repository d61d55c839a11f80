// What a value looks like: a secret, or one of the things that stand where a secret could.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace carrel {

// Not a secret whatever its name: empty, true, null, a reference to a variable or a Secret, a type's name, a
// number of bytes, or what somebody has masked already.
bool is_no_secret(std::string_view value);

// Digits and letters without sense, 16 and more: at least three bits of entropy a character.
bool looks_random(std::string_view value);

// Letters with digits or signs between them, as a password in a sentence has.
bool looks_chosen(std::string_view value);

// The name of an object: lower-case words and small numbers joined by '-', '.' or '/'.
bool looks_like_object(std::string_view value);

// A path in a file system, or a URL.
bool looks_like_path(std::string_view value);

bool is_base64(std::string_view value);  // of whole groups of four, padded; not empty
// The bytes that base64 (also base64url, padded or not) stands for; empty where it is none.
std::string from_base64(std::string_view value);

}  // namespace carrel
