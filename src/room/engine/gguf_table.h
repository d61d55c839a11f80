// The table of tensors in a GGUF file's header: of which types a model's weights are, and how many. libllama
// tells only a summary of it. Format: GGUF versions 2 and 3, ggml's docs/gguf.md.
//
// The file is hostile: every count is checked before it is believed, nothing is held but the table itself,
// and a header that is wrong is an Error (bad_input).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

namespace carrel {

struct TensorEntry {
  std::uint32_t type = 0;    // as in enum ggml_type
  std::uint64_t values = 0;  // the product of its sides
  std::uint32_t sides = 0;   // two: a matrix
  std::uint64_t rows = 1;    // the second side
};

// Reads by place (pread), so the descriptor's offset stays where it is. `name` is for messages.
Result<std::vector<TensorEntry>> read_tensor_table(int file, const std::string& name);

}  // namespace carrel
