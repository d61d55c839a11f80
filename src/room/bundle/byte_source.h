// ByteSource: bytes pulled from a descriptor or from a compressed stream, and what packs them.
//
// Errors of this folder are predicates ("is truncated"): read_bundle() puts the bundle's name in front of
// them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "crypto/sealed_file.h"

namespace carrel {

class ByteSource {
 public:
  virtual ~ByteSource() = default;
  // Fills `into`; fewer bytes than `size` mean that the end was reached.
  virtual Result<std::size_t> read(char* into, std::size_t size) = 0;
  // Bytes of the bundle's own file that were used up so far.
  virtual std::uint64_t packed() const = 0;
};

// Bytes as the bundle has them, in blocks that are always full but the last, however small they come. Its
// first ones can be looked at before they are read.
class PackedSource : public ByteSource {
 public:
  Result<std::size_t> read(char* into, std::size_t size) final;
  std::uint64_t packed() const final { return packed_; }
  // The first bytes, at most `size`; read() gives them again. Called before the first read().
  Result<std::string_view> peek(std::size_t size);
  bool at_end() const { return at_end_; }

 protected:
  // Up to `size` bytes, at least one; 0 at the end.
  virtual Result<std::size_t> pull(char* into, std::size_t size) = 0;

 private:
  std::string head_;  // peeked
  std::size_t head_used_ = 0;
  std::uint64_t packed_ = 0;
  bool at_end_ = false;
};

// A descriptor's bytes.
class FdSource final : public PackedSource {
 public:
  explicit FdSource(int fd) : fd_(fd) {}

 protected:
  Result<std::size_t> pull(char* into, std::size_t size) override;

 private:
  int fd_;
};

// The bytes of a member of an archive: `next` gives one block after the other, valid until it is called
// again, and an empty one at the end.
class MemberSource final : public PackedSource {
 public:
  using Next = std::function<Result<std::string_view>()>;
  // `first`: what was read of it already.
  MemberSource(std::string_view first, Next next) : block_(first), next_(std::move(next)) {}

 protected:
  Result<std::size_t> pull(char* into, std::size_t size) override;

 private:
  std::string_view block_;
  Next next_;
};

// What a sealed bundle (crypto/sealed_file.h) holds. Nothing that is not authentic is given out, and a bundle
// that was cut short is an Error at its end.
class SealedSource final : public PackedSource {
 public:
  SealedSource(std::unique_ptr<PackedSource> sealed, RecipientSecret secret)
      : sealed_(std::move(sealed)), opener_(std::move(secret)) {}

 protected:
  Result<std::size_t> pull(char* into, std::size_t size) override;

 private:
  std::unique_ptr<PackedSource> sealed_;
  FileOpener opener_;
  std::string plain_;
  std::size_t used_ = 0;  // of plain_
  bool ended_ = false;
};

enum class Packing : std::uint8_t { gzip, zstd, xz, bzip2 };

// The unpacked bytes of a compressed file. gzip (RFC 1952, all its members) is read by zlib itself, because
// libarchive 3.6 does not verify the checksum and the length in its trailer; the others by libarchive's
// filters. What follows the last gzip member and is no zero byte is an Error, as in any damaged file.
Result<std::unique_ptr<ByteSource>> unpack(std::unique_ptr<PackedSource> packed, Packing packing);

}  // namespace carrel
