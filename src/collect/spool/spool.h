// Spool: what one file of the bundle will hold, kept until its turn comes. A tar entry begins with its size,
// so nothing can be written to the bundle before it is whole.
//
// Up to 256 KiB stay in memory; what is longer goes to a file without a name in the bundle's own folder,
// which is gone when this program is, however it ends. One thread at a time.
//
// What lies on the disk is encrypted with a key that is in this program's memory alone (XChaCha20), for it is
// written before anything was masked in it.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/fd.h"
#include "base/result.h"
#include "digest/sha256.h"

namespace carrel {

using ByteSink = std::function<Status(std::string_view)>;

class Spool {
 public:
  explicit Spool(std::string folder) : folder_(std::move(folder)) {}

  // An Error of Code::machine where the disk takes no more.
  Status write(std::string_view bytes);
  // Forgets what was written, so that it can be asked for again.
  void restart();

  std::uint64_t size() const { return size_; }
  // The first 4 KiB, by which it is told what this is.
  std::string_view head() const { return head_; }
  std::string sha256() { return digest_.hex(); }  // called once, when all is written
  Status copy_to(const ByteSink& write) const;

 private:
  std::string folder_;
  std::string memory_;
  std::string head_;
  Fd file_;
  std::uint64_t number_ = 0;  // of this content: no other is encrypted with the same stream
  std::uint64_t size_ = 0;
  Sha256 digest_;

  Status write_to_file(std::string_view bytes, std::uint64_t at);
  void crypt(char* bytes, std::size_t size, std::uint64_t at) const;
};

// A file in `folder` that has no name, open for reading and writing. Where the file system has no such files,
// one whose name is taken away at once.
Result<Fd> nameless_file(const std::string& folder);

}  // namespace carrel
