// SHA-256 of bytes, files and folders: how Carrel names what it read. FIPS 180-4, by libcrypto.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace carrel {

class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;
  void add(std::string_view bytes);
  // Lower-case hexadecimal, 64 characters. Called once.
  std::string hex();

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

std::string sha256_of(std::string_view bytes);

// Reads the descriptor from its current place to the end. Errors as read_some.
Result<std::string> sha256_of_fd(int fd);

}  // namespace carrel
