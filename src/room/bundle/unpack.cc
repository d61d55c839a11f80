#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>
#include <zlib.h>

#include "room/bundle/archive_handle.h"
#include "room/bundle/byte_source.h"

namespace carrel {
namespace {

constexpr std::size_t input_block = 256 << 10;

Error truncated(std::uint64_t packed) {
  return {Code::bad_input, fmt::format("is truncated: its compressed data stops after {} bytes", packed),
          "get a complete copy of it"};
}

Error damaged(std::uint64_t packed, std::string_view why) {
  return {Code::bad_input, fmt::format("is damaged near byte {} of its compressed data ({})", packed, why),
          "get an undamaged copy of it"};
}

class GzipSource final : public ByteSource {
 public:
  explicit GzipSource(std::unique_ptr<PackedSource> packed)
      : packed_(std::move(packed)), input_(input_block) {}
  GzipSource(const GzipSource&) = delete;
  GzipSource& operator=(const GzipSource&) = delete;
  ~GzipSource() override { inflateEnd(&stream_); }

  Status open() {
    constexpr int gzip_window = 15 + 16;  // the largest window; 16: a gzip header and trailer, nothing else
    if (inflateInit2(&stream_, gzip_window) != Z_OK)
      return Error{Code::machine, "needs more memory to unpack", ""};
    return {};
  }

  Result<std::size_t> read(char* into, std::size_t size) override {
    stream_.next_out = reinterpret_cast<Bytef*>(into);
    stream_.avail_out = static_cast<uInt>(size);
    while (stream_.avail_out > 0 && !ended_) {
      if (stream_.avail_in == 0) {
        if (auto filled = refill(); !filled) return filled.error();
      }
      if (stream_.avail_in == 0 && between_members_) {
        ended_ = true;
      } else if (between_members_ && *stream_.next_in == 0) {
        pad();
      } else if (auto step = inflate_some(); !step) {
        return step.error();
      }
    }
    return size - stream_.avail_out;
  }

  std::uint64_t packed() const override { return packed_->packed() - stream_.avail_in; }

 private:
  Status refill() {
    const auto got = packed_->read(input_.data(), input_.size());
    if (!got) return got.error();
    stream_.next_in = reinterpret_cast<Bytef*>(input_.data());
    stream_.avail_in = static_cast<uInt>(*got);
    return {};
  }

  // Zero bytes after a member are the padding of a tape or a block device.
  void pad() {
    padded_ = true;
    while (stream_.avail_in > 0 && *stream_.next_in == 0) {
      ++stream_.next_in;
      --stream_.avail_in;
    }
  }

  Status inflate_some() {
    if (padded_) return damaged(packed(), "bytes that belong to no part of it");
    if (stream_.avail_in == 0) return truncated(packed());
    between_members_ = false;
    const int status = inflate(&stream_, Z_NO_FLUSH);
    if (status == Z_MEM_ERROR) return Error{Code::machine, "needs more memory to unpack", ""};
    if (status == Z_DATA_ERROR || status == Z_NEED_DICT || status == Z_STREAM_ERROR)
      return damaged(packed(), stream_.msg == nullptr ? "not gzip" : stream_.msg);
    if (status == Z_STREAM_END) {
      between_members_ = true;
      inflateReset(&stream_);
    }
    return {};
  }

  std::unique_ptr<PackedSource> packed_;
  std::vector<char> input_;
  z_stream stream_{};
  bool between_members_ = false;  // a member has just ended: here the file may end
  bool padded_ = false;
  bool ended_ = false;
};

class FilterSource final : public ByteSource {
 public:
  explicit FilterSource(std::unique_ptr<PackedSource> packed)
      : packed_(std::move(packed)), input_(input_block) {}

  Status open(Packing packing) {
    archive_.reset(archive_read_new());
    if (archive_ == nullptr) return Error{Code::machine, "needs more memory to unpack", ""};
    archive* const handle = archive_.get();
    archive_read_support_format_raw(handle);
    switch (packing) {
      case Packing::zstd:
        archive_read_support_filter_zstd(handle);
        break;
      case Packing::xz:
        archive_read_support_filter_xz(handle);
        break;
      case Packing::bzip2:
        archive_read_support_filter_bzip2(handle);
        break;
      case Packing::gzip:
        break;
    }
    archive_entry* entry = nullptr;
    if (archive_read_open(handle, this, nullptr, &FilterSource::pull, nullptr) != ARCHIVE_OK)
      return failure();
    const int status = archive_read_next_header(handle, &entry);
    // Two filters: the named one, and libarchive's own that reads the bytes. With one it took them as they
    // are.
    if (status < ARCHIVE_WARN || (status != ARCHIVE_EOF && archive_filter_count(handle) < 2))
      return failure();
    ended_ = status == ARCHIVE_EOF;
    return {};
  }

  Result<std::size_t> read(char* into, std::size_t size) override {
    std::size_t filled = 0;
    while (filled < size && !ended_) {
      if (rest_.empty()) {
        const void* block = nullptr;
        std::size_t length = 0;
        la_int64_t offset = 0;
        const int status = archive_read_data_block(archive_.get(), &block, &length, &offset);
        if (status < ARCHIVE_OK) return failure();
        ended_ = status == ARCHIVE_EOF;
        if (!ended_) rest_ = {static_cast<const char*>(block), length};
      }
      const std::size_t taken = std::min(size - filled, rest_.size());
      std::memcpy(into + filled, rest_.data(), taken);
      rest_.remove_prefix(taken);
      filled += taken;
    }
    return filled;
  }

  std::uint64_t packed() const override {
    return static_cast<std::uint64_t>(std::max<la_int64_t>(0, archive_filter_bytes(archive_.get(), -1)));
  }

 private:
  static la_ssize_t pull(archive*, void* self, const void** block) {
    auto* const source = static_cast<FilterSource*>(self);
    const auto got = source->packed_->read(source->input_.data(), source->input_.size());
    *block = source->input_.data();
    if (got) return static_cast<la_ssize_t>(*got);
    source->broken_ = got.error();
    return ARCHIVE_FATAL;
  }

  Error failure() const {
    if (!broken_.what.empty()) return broken_;
    if (packed_->at_end() && packed() >= packed_->packed()) return truncated(packed_->packed());
    const char* const why = archive_error_string(archive_.get());
    return damaged(packed(), why == nullptr ? "its header" : why);
  }

  std::unique_ptr<PackedSource> packed_;
  std::vector<char> input_;
  ReadHandle archive_;
  std::string_view rest_;
  Error broken_;  // of the descriptor below
  bool ended_ = false;
};

}  // namespace

Result<std::unique_ptr<ByteSource>> unpack(std::unique_ptr<PackedSource> packed, Packing packing) {
  if (packing == Packing::gzip) {
    auto source = std::make_unique<GzipSource>(std::move(packed));
    if (auto opened = source->open(); !opened) return opened.error();
    return std::unique_ptr<ByteSource>(std::move(source));
  }
  auto source = std::make_unique<FilterSource>(std::move(packed));
  if (auto opened = source->open(packing); !opened) return opened.error();
  return std::unique_ptr<ByteSource>(std::move(source));
}

}  // namespace carrel
