#include "made_model/gguf.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include <fcntl.h>

#include "base/fd.h"

namespace carrel::made_model {
namespace {

constexpr std::uint64_t kAlignment = 32;  // general.alignment's default
constexpr std::uint64_t kBlock = 32;      // values a block of the quantised types

// Types of values in the table of keys, as in enum gguf_type.
constexpr std::uint32_t kU32 = 4, kI32 = 5, kF32 = 6, kBool = 7, kString = 8, kArray = 9;

template <class T>
void put(std::string& out, T value) {
  static_assert(std::endian::native == std::endian::little);
  char bytes[sizeof(T)];
  std::memcpy(bytes, &value, sizeof(T));
  out.append(bytes, sizeof(T));
}

void put_string(std::string& out, std::string_view text) {
  put(out, static_cast<std::uint64_t>(text.size()));
  out += text;
}

// A positive normal number as IEEE half precision, cut toward zero: the same bits everywhere.
std::uint16_t half(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const auto sign = static_cast<std::uint16_t>((bits >> 16) & 0x8000);
  const int exponent = static_cast<int>((bits >> 23) & 0xff) - 127 + 15;
  if (exponent <= 0) return sign;
  return static_cast<std::uint16_t>(sign | (exponent << 10) | ((bits >> 13) & 0x3ff));
}

// SplitMix64: eight random bytes a step. Source: Steele, Lea, Flood, "Fast splittable pseudorandom number
// generators".
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }

 private:
  std::uint64_t state_;
};

// One block of values, uniform with the spread asked for. Each type draws the same bytes, so that the files
// of one seed hold the same model, only coarser.
void put_block(std::string& out, TensorType type, double spread, Random& random) {
  std::int8_t drawn[kBlock];
  for (std::size_t i = 0; i < kBlock; i += 8) {
    const std::uint64_t bits = random.next();
    std::memcpy(drawn + i, &bits, 8);
  }
  // Uniform over -128..127 has a standard deviation of 256 / sqrt(12).
  const auto step = static_cast<float>(spread * std::sqrt(12.0) / 256);
  switch (type) {
    case TensorType::f32:
      for (std::int8_t value : drawn) put(out, step * static_cast<float>(value));
      return;
    case TensorType::f16:
      for (std::int8_t value : drawn) put(out, half(step * static_cast<float>(value)));
      return;
    case TensorType::q8_0:  // ggml-common.h, block_q8_0: the step as a half, then 32 signed bytes
      put(out, half(step));
      out.append(reinterpret_cast<const char*>(drawn), kBlock);
      return;
    case TensorType::q4_0:  // block_q4_0: the step, then 16 bytes with value i low and i + 16 high, 8 meaning
                            // zero
      put(out, half(step * 16));
      for (std::size_t i = 0; i < kBlock / 2; ++i) {
        const unsigned low = static_cast<unsigned>((drawn[i] >> 4) + 8);
        const unsigned high = static_cast<unsigned>((drawn[i + kBlock / 2] >> 4) + 8);
        out += static_cast<char>(low | (high << 4));
      }
      return;
  }
}

std::uint64_t values_of(const Tensor& tensor) {
  std::uint64_t values = 1;
  for (std::uint64_t side : tensor.shape) values *= side;
  return values;
}

std::uint64_t aligned(std::uint64_t bytes) {
  return (bytes + kAlignment - 1) / kAlignment * kAlignment;
}

}  // namespace

std::uint64_t tensor_bytes(TensorType type, std::uint64_t values) {
  switch (type) {
    case TensorType::f32:
      return values * 4;
    case TensorType::f16:
      return values * 2;
    case TensorType::q8_0:
      return values / kBlock * 34;
    case TensorType::q4_0:
      return values / kBlock * 18;
  }
  return 0;
}

void Keys::begin(std::string_view key, std::uint32_t type) {
  put_string(bytes_, key);
  put(bytes_, type);
  ++count_;
}
void Keys::text(std::string_view key, std::string_view value) {
  begin(key, kString);
  put_string(bytes_, value);
}
void Keys::number(std::string_view key, std::uint32_t value) {
  begin(key, kU32);
  put(bytes_, value);
}
void Keys::real(std::string_view key, float value) {
  begin(key, kF32);
  put(bytes_, value);
}
void Keys::flag(std::string_view key, bool value) {
  begin(key, kBool);
  put(bytes_, static_cast<std::uint8_t>(value));
}
void Keys::texts(std::string_view key, const std::vector<std::string>& values) {
  begin(key, kArray);
  put(bytes_, kString);
  put(bytes_, static_cast<std::uint64_t>(values.size()));
  for (const std::string& value : values) put_string(bytes_, value);
}
void Keys::numbers(std::string_view key, const std::vector<std::int32_t>& values) {
  begin(key, kArray);
  put(bytes_, kI32);
  put(bytes_, static_cast<std::uint64_t>(values.size()));
  for (std::int32_t value : values) put(bytes_, value);
}

Status write_model(const std::string& path, const Keys& keys, const std::vector<Tensor>& tensors,
                   std::uint64_t seed) {
  Fd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (!file.valid()) return errno_error("cannot write " + path);
  std::string out = "GGUF";
  put(out, std::uint32_t{3});
  put(out, static_cast<std::uint64_t>(tensors.size()));
  put(out, keys.count());
  out += keys.bytes();
  std::uint64_t offset = 0;
  for (const Tensor& tensor : tensors) {
    put_string(out, tensor.name);
    put(out, static_cast<std::uint32_t>(tensor.shape.size()));
    for (std::uint64_t side : tensor.shape) put(out, side);
    put(out, static_cast<std::uint32_t>(tensor.type));
    put(out, offset);
    offset += aligned(tensor_bytes(tensor.type, values_of(tensor)));
  }
  out.resize(aligned(out.size()));
  Random random(seed);
  for (const Tensor& tensor : tensors) {
    const std::uint64_t values = values_of(tensor);
    for (std::uint64_t i = 0; i < values; i += kBlock) {
      if (tensor.spread == 0) {
        for (std::uint64_t j = i; j < std::min(values, i + kBlock); ++j) put(out, 1.0F);
      } else {
        put_block(out, tensor.type, tensor.spread, random);
      }
      if (out.size() >= (4U << 20)) {
        if (Status wrote = write_all(file.get(), out); !wrote) return std::move(wrote.error()).in(path);
        out.clear();
      }
    }
    // Every tensor but norms has a multiple of 32 values, so only their size can need padding.
    const std::uint64_t bytes = tensor_bytes(tensor.type, values);
    out.append(aligned(bytes) - bytes, '\0');
  }
  if (Status wrote = write_all(file.get(), out); !wrote) return std::move(wrote.error()).in(path);
  return {};
}

}  // namespace carrel::made_model
