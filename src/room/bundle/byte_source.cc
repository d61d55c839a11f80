#include "room/bundle/byte_source.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/fd.h"

namespace carrel {

Result<std::size_t> FdSource::read(char* into, std::size_t size) {
  std::size_t filled = std::min(size, head_.size() - head_used_);
  std::memcpy(into, head_.data() + head_used_, filled);
  head_used_ += filled;
  while (filled < size && !at_end_) {
    const auto got = read_some(fd_, into + filled, size - filled);
    if (!got) return Error{Code::machine, "cannot be read: " + got.error().what, got.error().remedy};
    at_end_ = *got == 0;
    filled += *got;
  }
  packed_ += filled;
  return filled;
}

Result<std::string_view> FdSource::peek(std::size_t size) {
  std::string first(size, '\0');
  const auto got = read(first.data(), size);
  if (!got) return got.error();
  first.resize(*got);
  head_ = std::move(first);
  packed_ = 0;
  return std::string_view(head_);
}

}  // namespace carrel
