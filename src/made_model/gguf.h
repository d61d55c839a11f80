// Writes GGUF, the model files of llama.cpp. Format: GGUF version 3, ggml's docs/gguf.md; all numbers little
// endian.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace carrel::made_model {

// Numbers as in enum ggml_type.
enum class TensorType : std::uint32_t { f32 = 0, f16 = 1, q4_0 = 2, q8_0 = 8 };

// Bytes of so many values (a multiple of 32 for the quantised types).
std::uint64_t tensor_bytes(TensorType type, std::uint64_t values);

struct Tensor {
  std::string name;
  TensorType type = TensorType::f32;
  std::vector<std::uint64_t> shape;  // the innermost first
  double spread = 0;                 // standard deviation of its values; 0: all ones
};

// The file's table of keys, in order of adding.
class Keys {
 public:
  void text(std::string_view key, std::string_view value);
  void number(std::string_view key, std::uint32_t value);
  void real(std::string_view key, float value);
  void flag(std::string_view key, bool value);
  void texts(std::string_view key, const std::vector<std::string>& values);
  void numbers(std::string_view key, const std::vector<std::int32_t>& values);
  std::uint64_t count() const { return count_; }
  const std::string& bytes() const { return bytes_; }

 private:
  void begin(std::string_view key, std::uint32_t type);
  std::uint64_t count_ = 0;
  std::string bytes_;
};

// Writes the whole file at `path`; values come from `seed` and are the same on every machine.
Status write_model(const std::string& path, const Keys& keys, const std::vector<Tensor>& tensors,
                   std::uint64_t seed);

}  // namespace carrel::made_model
