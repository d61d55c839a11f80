#include "room/bundle/raw_name.h"

#include <algorithm>
#include <charconv>

#include <unistd.h>

namespace carrel {
namespace {

constexpr std::size_t tar_block = 512;

// A header's size field: octal digits, or (GNU) a big-endian number after a byte of 0x80.
std::uint64_t tar_size(std::string_view field) {
  std::uint64_t size = 0;
  const bool is_binary = static_cast<unsigned char>(field[0]) >= 0x80;
  for (std::size_t i = is_binary ? 1 : 0; i < field.size(); ++i) {
    const auto byte = static_cast<unsigned char>(field[i]);
    if (is_binary) {
      size = size << 8 | byte;
    } else if (byte >= '0' && byte <= '7') {
      size = size << 3 | (byte - '0');
    }
  }
  return size;
}

// Records "<length> <key>=<value>\n".
bool pax_path_has_nul(std::string_view records) {
  while (!records.empty()) {
    std::size_t length = 0;
    const auto parsed = std::from_chars(records.data(), records.data() + records.size(), length);
    if (parsed.ec != std::errc() || length == 0 || length > records.size()) return false;
    std::string_view record = records.substr(0, length);
    records.remove_prefix(length);
    record.remove_prefix(std::min(record.find(' '), record.size() - 1) + 1);
    const std::size_t equals = record.find('=');
    if (equals == record.npos) continue;
    const std::string_view key = record.substr(0, equals);
    const bool is_name = key == "path" || key == "linkpath" || key == "GNU.sparse.name";
    if (is_name && record.find('\0', equals) != record.npos) return true;
  }
  return false;
}

unsigned little(std::string_view bytes, std::size_t at) {
  return static_cast<unsigned char>(bytes[at]) |
         static_cast<unsigned>(static_cast<unsigned char>(bytes[at + 1])) << 8;
}

}  // namespace

bool tar_name_has_nul(std::string_view headers) {
  while (headers.size() >= tar_block) {
    const char type = headers[156];
    const std::uint64_t size = tar_size(headers.substr(124, 12));
    headers.remove_prefix(tar_block);
    const bool is_extension = type == 'x' || type == 'X' || type == 'g' || type == 'L' || type == 'K';
    if (!is_extension) return false;
    if (size > headers.size()) return false;
    std::string_view body = headers.substr(0, size);
    headers.remove_prefix(
        std::min<std::uint64_t>((size + tar_block - 1) / tar_block * tar_block, headers.size()));
    if (type == 'L' || type == 'K') {
      // A long name ends with NUL bytes; none may be inside.
      const std::size_t last = body.find_last_not_of('\0');
      if (last != body.npos && body.substr(0, last).find('\0') != body.npos) return true;
    } else if (pax_path_has_nul(body)) {
      return true;
    }
  }
  return false;
}

std::optional<std::string> zip_name(int fd, std::uint64_t data_begins) {
  constexpr std::size_t fixed = 30;
  // Names and extra fields are short: the near part is looked at first.
  for (const std::uint64_t reach : {std::uint64_t{1024}, std::uint64_t{fixed + 2 * 65535}}) {
    std::string before(std::min(data_begins, reach), '\0');
    const ssize_t got =
        pread(fd, before.data(), before.size(), static_cast<off_t>(data_begins - before.size()));
    if (got != static_cast<ssize_t>(before.size())) return std::nullopt;
    for (std::size_t at = before.rfind("PK\x03\x04"); at != before.npos;
         at = before.rfind("PK\x03\x04", at - 1)) {
      if (before.size() - at >= fixed &&
          at + fixed + little(before, at + 26) + little(before, at + 28) == before.size())
        return before.substr(at + fixed, little(before, at + 26));
      if (at == 0) break;
    }
  }
  return std::nullopt;
}

}  // namespace carrel
