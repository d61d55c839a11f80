// Keys as lines of text: a label that says what the bytes are, and the bytes in base64.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace carrel {

// "LABEL:BASE64". The text holds the secret; whoever has it wipes it.
std::string key_line(std::string_view label, std::span<const unsigned char> bytes);

// Reads such a line into `bytes`, all of them. Error: Code::bad_input, naming the label that was wanted and
// nothing of what was read.
Status read_key_line(std::string_view label, std::string_view text, std::span<unsigned char> bytes);

}  // namespace carrel
