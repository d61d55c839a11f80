// Readers of JSON and YAML that keep the place of every value.
//
// Input is hostile: nesting, size and aliases are bounded (depth 128, 4 million values, YAML aliases are
// copied within that count), invalid UTF-8 becomes U+FFFD, duplicate keys keep the last. An error names line
// and reason.
#pragma once

#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/value.h"

namespace carrel {

Result<Value> read_json(std::string_view text);

// All documents of a YAML stream.
Result<std::vector<Value>> read_yaml(std::string_view text);

}  // namespace carrel
