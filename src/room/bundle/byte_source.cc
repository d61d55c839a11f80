#include "room/bundle/byte_source.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/fd.h"

namespace carrel {
namespace {

constexpr std::size_t sealed_block = 256 << 10;

}  // namespace

Result<std::size_t> PackedSource::read(char* into, std::size_t size) {
  std::size_t filled = std::min(size, head_.size() - head_used_);
  std::string_view(head_).substr(head_used_).copy(into, filled);
  head_used_ += filled;
  while (filled < size && !at_end_) {
    const auto got = pull(into + filled, size - filled);
    if (!got) return got.error();
    at_end_ = *got == 0;
    filled += *got;
  }
  packed_ += filled;
  return filled;
}

Result<std::string_view> PackedSource::peek(std::size_t size) {
  std::string first(size, '\0');
  const auto got = read(first.data(), size);
  if (!got) return got.error();
  first.resize(*got);
  head_ = std::move(first);
  packed_ = 0;
  return std::string_view(head_);
}

Result<std::size_t> FdSource::pull(char* into, std::size_t size) {
  auto got = read_some(fd_, into, size);
  if (!got) return Error{Code::machine, "cannot be read: " + got.error().what, got.error().remedy};
  return got;
}

Result<std::size_t> MemberSource::pull(char* into, std::size_t size) {
  if (block_.empty()) {
    const auto next = next_();
    if (!next) return next.error();
    block_ = *next;
  }
  const std::size_t taken = std::min(size, block_.size());
  block_.copy(into, taken);
  block_.remove_prefix(taken);
  return taken;
}

Result<std::size_t> SealedSource::pull(char* into, std::size_t size) {
  while (used_ == plain_.size() && !ended_) {
    plain_.clear();
    used_ = 0;
    std::string sealed(sealed_block, '\0');
    const auto got = sealed_->read(sealed.data(), sealed.size());
    if (!got) return got.error();
    sealed.resize(*got);
    if (Status opened = opener_.add(sealed, &plain_); !opened) return opened.error();
    ended_ = *got < sealed_block;
    if (!ended_) continue;
    if (Status whole = opener_.finish(&plain_); !whole) return whole.error();
  }
  const std::size_t taken = std::min(size, plain_.size() - used_);
  std::memcpy(into, plain_.data() + used_, taken);
  used_ += taken;
  return taken;
}

}  // namespace carrel
