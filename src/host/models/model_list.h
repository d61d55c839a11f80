// The models that have a name: where each file lies, and what it was when it was listed.
//
//   <data>/models/list.json       the list; replaced whole, under a lock, so that a crash leaves the old or
//   the new <data>/models/NAME.gguf       what `carrel models pull` got
//
// A listed file stays where it is and is never copied. Its SHA-256 is kept, so that a file that was changed
// since is told before it is used. Format: docs/formats/models.md. Several processes may use one list.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace carrel {

struct ListedModel {
  std::string name;  // what --model takes
  std::string path;  // absolute
  std::string sha256;
  std::uint64_t bytes = 0;
  std::string about;     // as its own header has it: "qwen2 0.5B Q8_0"
  std::string source;    // "file", "ollama", "lmstudio", "hf-cache", or what was pulled
  std::string verified;  // who named the sum that the bytes were compared with; empty: nobody did
};

// True for 1 to 128 of letters, digits, '.', '_', '-', '+', ':', beginning with a letter or a digit.
bool is_model_name(const std::string& name);

// 64 figures, in lower case.
bool is_sha256(std::string_view text);

// A file's or a store's own word for a model, made a name: what a name may not have becomes '-'.
std::string model_name_of(const std::string& text);

// By name. No list yet is an empty one; a damaged one or one of a newer version is an Error (machine).
Result<std::vector<ListedModel>> listed_models(const std::string& data);

// The model of that name; an Error (usage) where there is none.
Result<ListedModel> find_model(const std::string& data, const std::string& name);

// Puts the model on the list under its name, in the place of one of that name and the same bytes. The name of
// other bytes is taken: an Error (usage), unless `rename` is set, where the first figures of the sum are put
// behind it. The name it got.
Result<std::string> list_model(const std::string& data, ListedModel model, bool rename);

// Takes it off the list; its file stays. An Error (usage) where there is none.
Result<ListedModel> unlist_model(const std::string& data, const std::string& name);

}  // namespace carrel
