#include "room/constrain/quotable.h"

#include <algorithm>

#include "base/text.h"

namespace carrel {
namespace {

constexpr char border = '\0';

bool is_continuation(char byte) {
  return (static_cast<unsigned char>(byte) & 0xc0) == 0x80;
}

// Whether at least `count` code points stand at the start of the text before a border.
bool has_run(std::string_view text, std::uint32_t count) {
  std::uint32_t found = 0;
  for (const char byte : text) {
    if (found >= count || byte == border) break;
    found += is_continuation(byte) ? 0 : 1;
  }
  return found >= count;
}

}  // namespace

QuotableLines::QuotableLines(const std::vector<std::string_view>& lines) {
  std::size_t bytes = 0;
  for (const std::string_view line : lines) bytes += line.size();
  text_.reserve(bytes);
  starts_.reserve(lines.size() + 1);
  longest_.reserve(lines.size());
  starts_.push_back(0);
  for (const std::string_view line : lines) {
    std::uint32_t run = 0, longest = 0;
    for (std::size_t at = 0; at < line.size();) {
      const auto byte = static_cast<unsigned char>(line[at]);
      const std::size_t length = byte < 0x80 ? 1 : utf8_length(line.substr(at));
      const bool writable = length > 0 && (byte >= 0x20 || byte == '\n' || byte == '\t');
      if (writable) {
        text_.append(line, at, length);
        longest = std::max(longest, ++run);
      } else {
        text_ += border;
        run = 0;
      }
      at += std::max<std::size_t>(length, 1);
    }
    starts_.push_back(static_cast<std::uint32_t>(text_.size()));
    longest_.push_back(longest);
  }
}

std::vector<std::uint32_t> QuotableLines::too_short(std::uint32_t least) const {
  std::vector<std::uint32_t> out;
  for (std::uint32_t at = 0; at < longest_.size(); ++at) {
    if (longest_[at] < least) out.push_back(at + 1);
  }
  return out;
}

std::uint32_t QuotableLines::find(std::uint32_t number, std::uint32_t start, std::uint32_t size,
                                  unsigned char byte, std::uint32_t more) const {
  const std::string_view all = line(number);
  const std::string_view words = all.substr(start, size);
  // No place before `start` has the words, so none has more.
  for (std::size_t at = start; at < all.size(); ++at) {
    at = size == 0 ? all.find(static_cast<char>(byte), at) : all.find(words, at);
    if (at == std::string_view::npos || at + size >= all.size()) return none;
    if (static_cast<unsigned char>(all[at + size]) != byte) continue;
    std::size_t behind = at + size + 1;
    while (behind < all.size() && is_continuation(all[behind])) ++behind;  // the rest of this code point
    if (more == 0 || has_run(all.substr(behind), more)) return static_cast<std::uint32_t>(at);
  }
  return none;
}

void QuotableLines::add_next(std::uint32_t number, std::uint32_t start, std::uint32_t size,
                             ByteSet* out) const {
  const std::string_view all = line(number);
  const std::string_view words = all.substr(start, size);
  for (std::size_t at = all.find(words, start); at != std::string_view::npos && at + size < all.size();
       at = all.find(words, at + 1)) {
    out->set(static_cast<unsigned char>(all[at + size]));
  }
}

std::string_view QuotableLines::next(std::uint32_t number, std::uint32_t place, std::uint32_t count) const {
  const std::string_view all = line(number);
  std::size_t end = place;
  for (; end < all.size() && all[end] != border; ++end) {
    if (is_continuation(all[end])) continue;
    if (count-- == 0) break;
  }
  return all.substr(place, end - place);
}

std::uint32_t QuotableLines::first_run(std::uint32_t number, std::uint32_t count) const {
  const std::string_view all = line(number);
  for (std::uint32_t at = 0; at < all.size(); ++at) {
    if (!is_continuation(all[at]) && has_run(all.substr(at), count)) return at;
  }
  return none;
}

}  // namespace carrel
