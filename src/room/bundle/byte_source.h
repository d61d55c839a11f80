// ByteSource: bytes pulled from a descriptor or from a compressed stream, and what packs them.
//
// Errors of this folder are predicates ("is truncated"): read_bundle() puts the bundle's name in front of
// them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace carrel {

class ByteSource {
 public:
  virtual ~ByteSource() = default;
  // Fills `into`; fewer bytes than `size` mean that the end was reached.
  virtual Result<std::size_t> read(char* into, std::size_t size) = 0;
  // Bytes of the bundle's own file that were used up so far.
  virtual std::uint64_t packed() const = 0;
};

// The descriptor's bytes, in blocks that are always full but the last, however small the writes into a pipe
// were.
class FdSource final : public ByteSource {
 public:
  explicit FdSource(int fd) : fd_(fd) {}
  Result<std::size_t> read(char* into, std::size_t size) override;
  std::uint64_t packed() const override { return packed_; }
  // The first bytes, at most `size`; read() gives them again. Called before the first read().
  Result<std::string_view> peek(std::size_t size);
  bool at_end() const { return at_end_; }

 private:
  int fd_;
  std::string head_;  // peeked
  std::size_t head_used_ = 0;
  std::uint64_t packed_ = 0;
  bool at_end_ = false;
};

enum class Packing : std::uint8_t { gzip, zstd, xz, bzip2 };

// The unpacked bytes of a compressed file. gzip (RFC 1952, all its members) is read by zlib itself, because
// libarchive 3.6 does not verify the checksum and the length in its trailer; the others by libarchive's
// filters. What follows the last gzip member and is no zero byte is an Error, as in any damaged file.
Result<std::unique_ptr<ByteSource>> unpack(std::unique_ptr<FdSource> packed, Packing packing);

}  // namespace carrel
