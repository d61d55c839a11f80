// A model of random weights: a GGUF file that loads and decodes in llama.cpp like any model of its shape, and
// writes noise. For tests and benchmarks. The same wish gives the same bytes on every machine.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "made_model/gguf.h"

namespace carrel::made_model {

struct Shape {
  std::uint32_t layers = 2;
  std::uint32_t width = 64;
  std::uint32_t heads = 4;
  std::uint32_t kv_heads = 2;
  std::uint32_t feed_forward = 128;
  std::uint32_t vocabulary = 2000;
  bool tied = false;  // the output layer is the embedding's
};

// "tiny" (loads in milliseconds), "15M", "135M" (the shape of SmolLM2-135M), "0.5B" and "1.5B" (of Qwen2.5).
std::optional<Shape> named_shape(std::string_view name);

// ChatML as llama.cpp recognises it.
extern const char* const chat_ml;

struct Wish {
  Shape shape;
  std::string architecture = "llama";  // or "qwen2"
  std::string name = "random weights";
  std::string chat_template = chat_ml;  // empty: the file has none
  TensorType type = TensorType::q8_0;
  std::uint32_t context = 32768;
  std::uint64_t seed = 1;
  double temperature = -1;           // general.sampling.temp; negative: the file says nothing
  std::uint32_t prompt_version = 0;  // carrel.prompt_version; 0: the file says nothing
};

// Writes the file at `path`. A shape that ggml's blocks cannot hold is an Error of Code::usage.
Status make_model(const std::string& path, const Wish& wish);

}  // namespace carrel::made_model
