// A made vocabulary: byte-level BPE in the form of GPT-2, big enough to be like a real one.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace carrel::made_model {

struct Vocabulary {
  std::vector<std::string> tokens;  // as the file stores them: GPT-2's letters for bytes
  std::vector<std::int32_t> types;  // llama_token_type: 1 normal, 3 control, 4 user-defined
  std::vector<std::string> merges;  // "left right", the earlier the stronger
  std::uint32_t end_of_text = 0;
  std::uint32_t end_of_turn = 0;  // <|im_end|>
};

// All 256 bytes, so that any text can be written; words of logs and JSON; then random syllables until there
// are `size` tokens, the last ones special (ChatML's, and <think>, </think>, <tool_call> as user-defined).
// `size` is at least 300.
Vocabulary make_vocabulary(std::size_t size, std::uint64_t seed);

}  // namespace carrel::made_model
