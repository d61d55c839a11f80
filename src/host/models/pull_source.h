// What `carrel models pull` is asked for: a URL, or a file of a repository of the Hugging Face hub.
#pragma once

#include <functional>
#include <string>

#include "base/result.h"

namespace carrel {

struct PullSource {
  std::string url;
  std::string file;       // the last part of its path: "qwen3-4b-q4_k_m.gguf"
  bool from_hub = false;  // whose answers name the file's SHA-256, and which may ask for a token
};

// "https://…", "http://…" or "hf:ORG/REPO[@REVISION]:PATH". HF_ENDPOINT names another hub. `environment` is
// getenv. Plain http is taken only from this machine or where `sha256_given`, because anybody on the way
// could give another file.
Result<PullSource> parse_pull_source(const std::string& text, bool sha256_given,
                                     const std::function<const char*(const char*)>& environment);

}  // namespace carrel
