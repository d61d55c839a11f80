// The signature of a whole file: a line of text that is kept beside it, as FILE.sig. It is over the file's
// SHA-256 in hexadecimal. docs/formats/sealed.md has the format.
#pragma once

#include <string>
#include <string_view>

#include "crypto/sign.h"

namespace carrel {

// Where the signature of `file` is kept.
std::string signature_path(const std::string& file);

std::string file_signature_text(const SigningKeys& keys, std::string_view digest);
// Whether the line is the signature of this digest by this key. Error: Code::bad_input, where it is no such
// line.
Result<bool> is_file_signature(std::string_view line, const VerifyingKey& key, std::string_view digest);

// Whether `file`, whose digest this is, has a signature beside it. One that is there has to hold. Error:
// Code::bad_input, where it does not, is no signature, or cannot be read.
Result<bool> has_file_signature(const std::string& file, const VerifyingKey& key, std::string_view digest);

}  // namespace carrel
