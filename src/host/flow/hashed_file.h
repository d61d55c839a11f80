// HashedFile: a file opened once and named by the SHA-256 of its bytes, for the rooms that read it.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>

#include "base/fd.h"
#include "base/result.h"

namespace carrel {

using HashProgress = std::function<void(std::uint64_t done, std::uint64_t total)>;  // bytes

class HashedFile {
 public:
  // Opens and hashes a regular file. Setting `stop` ends it (Code::interrupted).
  static Result<HashedFile> open(const std::string& path, const HashProgress& progress,
                                 const std::atomic<bool>& stop);

  // A descriptor of its own at the file's start: rooms that read one after the other must not share an
  // offset.
  Result<Fd> descriptor() const;

  // An Error where the bytes are not those that were hashed. They are read again only where the file's change
  // time is another one; whoever can set that back owns the machine.
  Status unchanged() const;

  const std::string& path() const { return path_; }
  const std::string& sha256() const { return sha256_; }
  std::uint64_t bytes() const { return bytes_; }

 private:
  std::string path_, sha256_;
  std::uint64_t bytes_ = 0;
  Fd file_;
  std::int64_t changed_at_ = 0;  // nanoseconds
};

}  // namespace carrel
