#include "collect/redact/unreadable.h"

#include <algorithm>

#include "base/text.h"

namespace carrel {
namespace {

using namespace std::string_view_literals;

struct Packer {
  std::string_view magic;
  std::string_view name;
  std::size_t at = 0;
};

constexpr Packer packers[] = {
    {"\x1f\x8b"sv, "gzip"},
    {"PK\x03\x04"sv, "zip"},
    {"\xfd"
     "7zXZ"sv,
     "xz"},
    {"\x28\xb5\x2f\xfd"sv, "zstd"},
    {"BZh"sv, "bzip2"},
    {"7z\xbc\xaf"sv, "7z"},
    {"\x04\x22\x4d\x18"sv, "lz4"},
    {"Rar!"sv, "rar"},
    {"\x1f\x9d"sv, "compress"},
    {"ustar"sv, "tar", 257},
};

std::string_view packer_of(std::string_view head) {
  for (const Packer& packer : packers) {
    if (head.size() > packer.at && head.substr(packer.at).starts_with(packer.magic)) return packer.name;
  }
  return {};
}

// Are the units of so many bytes characters of ASCII, one in four of them at least? Those of text whose
// units are single bytes never are.
bool has_wide_ascii(std::string_view head, std::size_t width, bool big_endian) {
  const std::size_t units = head.size() / width;
  std::size_t ascii = 0;
  for (std::size_t i = 0; i < units; ++i) {
    const std::string_view unit = head.substr(i * width, width);
    const std::size_t low = big_endian ? width - 1 : 0;
    const char c = unit[low];
    const bool alone = static_cast<std::size_t>(std::count(unit.begin(), unit.end(), '\0')) == width - 1;
    if (alone && (c == '\t' || c == '\n' || c == '\r' || (c >= ' ' && c < 0x7f))) ++ascii;
  }
  return ascii > 0 && ascii * 4 >= units;
}

std::string_view wide_encoding_of(std::string_view head) {
  // UTF-32's mark of little endian begins with that of UTF-16.
  for (const std::string_view mark : {"\xff\xfe\0\0"sv, "\0\0\xfe\xff"sv}) {
    if (head.starts_with(mark)) return "UTF-32";
  }
  for (const std::string_view mark : {"\xff\xfe"sv, "\xfe\xff"sv}) {
    if (head.starts_with(mark)) return "UTF-16";
  }
  if (has_wide_ascii(head, 4, false) || has_wide_ascii(head, 4, true)) return "UTF-32";
  if (has_wide_ascii(head, 2, false) || has_wide_ascii(head, 2, true)) return "UTF-16";
  return {};
}

// Text has escapes, and now and then a byte that somebody wrote into a log; not one control in a hundred.
// Where it has more, as FIX parts its fields by SOH, it is UTF-8 without NULs still.
bool is_binary(std::string_view head) {
  std::size_t bytes = 0, controls = 0;
  for (const char c : head) {
    if (c == '\0') continue;
    ++bytes;
    const bool usual = (c >= '\a' && c <= '\r') || c == '\x1b';
    if (static_cast<unsigned char>(c) < ' ' && !usual) ++controls;
  }
  if (controls * 100 <= bytes) return false;
  return bytes < head.size() || !is_utf8(head.substr(0, head.size() - unfinished_utf8(head)));
}

}  // namespace

std::optional<Unreadable> judge_readable(std::string_view head) {
  head = head.substr(0, judged_head_bytes);
  if (const std::string_view packer = packer_of(head); !packer.empty())
    return Unreadable{"is packed (" + std::string(packer) + "), and secrets in it would stay",
                      "unpack it and give what is inside"};
  if (const std::string_view encoding = wide_encoding_of(head); !encoding.empty())
    return Unreadable{"is text in " + std::string(encoding) + ", and secrets in it would stay",
                      "write it as UTF-8 first: iconv -f " + std::string(encoding) + " -t UTF-8"};
  if (is_binary(head))
    return Unreadable{"is no text, and secrets in it would stay", "give it without such files"};
  return std::nullopt;
}

}  // namespace carrel
