#include "room/engine/gguf_table.h"

#include <bit>
#include <cerrno>
#include <cstring>
#include <limits>

#include <fmt/format.h>
#include <unistd.h>

namespace carrel {
namespace {

constexpr std::uint64_t most_keys = 1 << 16;
constexpr std::uint64_t most_tensors = 1 << 17;
constexpr std::uint64_t most_elements = 1 << 24;  // of one list; vocabularies have a few hundred thousand
constexpr std::uint64_t longest_text = 1 << 26;   // bytes
constexpr std::uint32_t most_sides = 8;

// Types of values in the table of keys, as in enum gguf_type; their sizes in bytes, 0 where it varies.
constexpr std::uint32_t text_type = 8, list_type = 9;
constexpr std::uint64_t value_sizes[] = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};

static_assert(std::endian::native == std::endian::little);

// The file from its start, in order. After a failure every read gives zero.
class Header {
 public:
  explicit Header(int file) : file_(file), block_(1 << 16) {}

  template <class T>
  T number() {
    T value{};
    if (!fill(sizeof value)) return T{};
    std::memcpy(&value, block_.data() + at_, sizeof value);
    at_ += sizeof value;
    return value;
  }
  void skip(std::uint64_t bytes) {
    const std::uint64_t held = end_ - at_;
    if (bytes <= held) {
      at_ += static_cast<std::size_t>(bytes);
      return;
    }
    if (bytes > std::numeric_limits<std::int64_t>::max() - offset_) return fail();
    offset_ += bytes - held;
    at_ = end_ = 0;
  }
  void skip_text() {
    const auto size = number<std::uint64_t>();
    if (size > longest_text) return fail();
    skip(size);
  }
  void fail() { ok_ = false; }
  bool ok() const { return ok_; }

 private:
  // Makes at least so many bytes readable at at_.
  bool fill(std::size_t bytes) {
    if (!ok_) return false;
    if (end_ - at_ >= bytes) return true;
    std::memmove(block_.data(), block_.data() + at_, end_ - at_);
    end_ -= at_;
    at_ = 0;
    while (end_ < bytes) {
      const ssize_t got =
          ::pread(file_, block_.data() + end_, block_.size() - end_, static_cast<off_t>(offset_));
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) {
        fail();
        return false;
      }
      end_ += static_cast<std::size_t>(got);
      offset_ += static_cast<std::uint64_t>(got);
    }
    return true;
  }

  int file_;
  std::vector<char> block_;
  std::size_t at_ = 0, end_ = 0;
  std::uint64_t offset_ = 0;  // of the file, behind the block
  bool ok_ = true;
};

void skip_list(Header* header) {
  const auto type = header->number<std::uint32_t>();
  const auto count = header->number<std::uint64_t>();
  if (type >= std::size(value_sizes) || type == list_type || count > most_elements) return header->fail();
  if (type != text_type) return header->skip(value_sizes[type] * count);
  for (std::uint64_t i = 0; i < count && header->ok(); ++i) header->skip_text();
}

void skip_value(Header* header) {
  const auto type = header->number<std::uint32_t>();
  if (type >= std::size(value_sizes)) return header->fail();
  if (type == text_type) return header->skip_text();
  if (type == list_type) return skip_list(header);
  header->skip(value_sizes[type]);
}

TensorEntry tensor(Header* header) {
  TensorEntry entry;
  entry.values = 1;
  header->skip_text();
  entry.sides = header->number<std::uint32_t>();
  if (entry.sides > most_sides) header->fail();
  for (std::uint32_t i = 0; i < entry.sides && header->ok(); ++i) {
    const auto side = header->number<std::uint64_t>();
    if (side == 0 || entry.values > (std::uint64_t{1} << 48) / side) header->fail();
    if (header->ok()) entry.values *= side;
    if (i == 1) entry.rows = side;
  }
  entry.type = header->number<std::uint32_t>();
  header->number<std::uint64_t>();  // where its values are
  return entry;
}

}  // namespace

Result<std::vector<TensorEntry>> read_tensor_table(int file, const std::string& name) {
  Header header(file);
  const auto magic = header.number<std::uint32_t>();
  const auto version = header.number<std::uint32_t>();
  const auto tensors = header.number<std::uint64_t>();
  const auto keys = header.number<std::uint64_t>();
  std::vector<TensorEntry> table;
  if (magic != 0x46554747 || version < 2 || version > 3 || tensors > most_tensors || keys > most_keys)
    header.fail();
  for (std::uint64_t i = 0; i < keys && header.ok(); ++i) {
    header.skip_text();
    skip_value(&header);
  }
  for (std::uint64_t i = 0; i < tensors && header.ok(); ++i) {
    TensorEntry entry = tensor(&header);
    if (header.ok()) table.push_back(entry);
  }
  if (header.ok()) return table;
  return Error{Code::bad_input,
               fmt::format("the header of {} is damaged or not of GGUF version 2 or 3", name),
               "get the model file again"};
}

}  // namespace carrel
