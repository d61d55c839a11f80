#include "room/worker/surroundings.h"

#include <algorithm>

#include "base/text.h"

namespace carrel {
namespace {

std::string hexadecimal(const std::uint8_t* bytes, std::size_t size) {
  constexpr char digits[] = "0123456789abcdef";
  std::string out;
  for (std::size_t i = 0; i < size; ++i) {
    out += digits[bytes[i] >> 4];
    out += digits[bytes[i] & 15];
  }
  return out;
}

}  // namespace

SurroundingLines::SurroundingLines(const std::vector<Citation>& citations, std::uint32_t around)
    : citations_(citations),
      around_(std::min<std::uint32_t>(around, limit::surrounding_lines)),
      found_(citations.size()) {
  if (around == 0) return;
  for (std::size_t i = 0; i < citations.size(); ++i) by_file_.emplace(citations[i].at.file, i);
}

void SurroundingLines::begin(const TextFile& file) {
  open_.clear();
  line_ = 1;
  text_.clear();
  line_is_empty_ = true;
  const auto [from, to] = by_file_.equal_range(file.path);
  for (auto entry = from; entry != to; ++entry) open_.push_back(entry->second);
  // A name that stands twice in an archive: the last file of that name is the one that is told of, as it is
  // of its citations.
  for (const std::size_t index : open_) found_[index] = {};
  if (!open_.empty()) sha256_init(&digest_);
}

void SurroundingLines::add(std::string_view bytes) {
  if (open_.empty()) return;
  sha256_update(&digest_, bytes.size(), reinterpret_cast<const std::uint8_t*>(bytes.data()));
  while (!bytes.empty()) {
    const std::size_t end = std::min(bytes.find('\n'), bytes.size());
    if (text_.size() < limit::quote) text_ += bytes.substr(0, std::min(end, limit::quote - text_.size()));
    line_is_empty_ = line_is_empty_ && end == 0;
    if (end == bytes.size()) return;
    end_line();
    bytes.remove_prefix(end + 1);
  }
}

void SurroundingLines::end_line() {
  for (const std::size_t index : open_) {
    const Address& at = citations_[index].at;
    const std::uint32_t first = at.line > around_ ? at.line - around_ : 1;
    if (line_ < first || line_ > std::uint64_t{at.end_line} + around_) continue;
    Surroundings& found = found_[index];
    if (found.lines.size() >= limit::surrounding_lines) continue;
    if (found.lines.empty()) found.first_line = line_;
    if (text_.ends_with('\r')) text_.pop_back();
    // Bytes that are no UTF-8 grow where they are replaced.
    found.lines.emplace_back(cut_utf8(to_utf8(text_), limit::quote));
  }
  text_.clear();
  line_is_empty_ = true;
  ++line_;
}

void SurroundingLines::end() {
  if (open_.empty()) return;
  if (!line_is_empty_) end_line();
  std::uint8_t bytes[SHA256_DIGEST_SIZE];
  sha256_digest(&digest_, sizeof bytes, bytes);
  for (const std::size_t index : open_) {
    found_[index].file_sha256 = hexadecimal(bytes, sizeof bytes);
    found_[index].file_lines = line_ - 1;
  }
}

}  // namespace carrel
