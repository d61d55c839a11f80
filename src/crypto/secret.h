// Secret<N>: N secret bytes with one owner, wiped when they go, never copied and never printed.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string>

#include "base/result.h"

namespace carrel {

// Overwrites in a way that no compiler leaves out.
void wipe(std::span<unsigned char> bytes);
void wipe(std::string& text);

template <std::size_t N>
class Secret {
 public:
  Secret() = default;
  Secret(Secret&& other) noexcept : bytes_(other.bytes_) { wipe(other.bytes_); }
  Secret& operator=(Secret&& other) noexcept {
    if (this != &other) {
      bytes_ = other.bytes_;
      wipe(other.bytes_);
    }
    return *this;
  }
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  ~Secret() { wipe(bytes_); }

  static constexpr std::size_t size() { return N; }
  unsigned char* data() { return bytes_.data(); }
  const unsigned char* data() const { return bytes_.data(); }

 private:
  std::array<unsigned char, N> bytes_{};
};

// Makes libsodium ready; it then has its random numbers and knows the processor. Everything here calls it. A
// program that seals itself calls it before the seal, which may deny what it asks of the kernel. Error:
// Code::machine, where the kernel gives no random numbers.
Status prepare_crypto();

}  // namespace carrel
