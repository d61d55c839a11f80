#include "room/bundle/recognise.h"

#include <algorithm>
#include <array>

namespace carrel {
namespace {

using namespace std::string_view_literals;

constexpr const char* repack = "pack it again as .tar.gz, .tar.zst, .tar.xz, .tar or .zip";
constexpr const char* decrypt = "decrypt it first and give the decrypted file";

struct Magic {
  std::string_view bytes;
  Recognised recognised;
};

constexpr std::array<Magic, 26> magics{{
    {"\x1f\x8b"sv, {Content::gzip, "a gzip file", ""}},
    {"\x28\xb5\x2f\xfd"sv, {Content::zstd, "a zstd file", ""}},
    {"\xfd"
     "7zXZ\0"sv,
     {Content::xz, "an xz file", ""}},
    {"PK\x03\x04"sv, {Content::zip, "a zip archive", ""}},
    {"PK\x05\x06"sv, {Content::zip, "a zip archive", ""}},
    {"PK\x07\x08"sv, {Content::unsupported, "a zip archive in several parts", repack}},
    {"carrel bundle 1\n"sv,  // crypto/sealed_file.h
     {Content::encrypted, "encrypted (carrel)",
      "give the secret of the key that it was sealed to, with --key FILE"}},
    {"Salted__"sv, {Content::encrypted, "encrypted (openssl)", decrypt}},
    {"U2FsdGVkX1"sv, {Content::encrypted, "encrypted (openssl, base64)", decrypt}},
    {"age-encryption.org/"sv, {Content::encrypted, "encrypted (age)", decrypt}},
    {"-----BEGIN AGE ENCRYPTED FILE-----"sv, {Content::encrypted, "encrypted (age)", decrypt}},
    {"-----BEGIN PGP MESSAGE-----"sv, {Content::encrypted, "encrypted (gpg)", decrypt}},
    {"$ANSIBLE_VAULT;"sv, {Content::encrypted, "encrypted (ansible-vault)", decrypt}},
    {"LUKS\xba\xbe"sv, {Content::encrypted, "encrypted (LUKS)", decrypt}},
    {"7z\xbc\xaf\x27\x1c"sv, {Content::unsupported, "a 7z archive", repack}},
    {"Rar!\x1a\x07"sv, {Content::unsupported, "a rar archive", repack}},
    {"\x04\x22\x4d\x18"sv, {Content::unsupported, "an lz4 file", repack}},
    {"\x1f\x9d"sv, {Content::unsupported, "a compress (.Z) file", repack}},
    {"LZIP\x01"sv, {Content::unsupported, "an lzip file", repack}},
    {"\x89LZO\0"sv, {Content::unsupported, "an lzop file", repack}},
    {"!<arch>\n"sv, {Content::unsupported, "an ar archive or a Debian package", repack}},
    {"\xed\xab\xee\xdb"sv, {Content::unsupported, "an RPM package", repack}},
    {"xar!"sv, {Content::unsupported, "a xar archive", repack}},
    {"MSCF\0\0\0\0"sv, {Content::unsupported, "a cabinet archive", repack}},
    {"SQLite format 3\0"sv, {Content::binary, "an SQLite database", ""}},
    {"\x7f"
     "ELF"sv,
     {Content::binary, "a program", ""}},
}};

unsigned at(std::string_view head, std::size_t index) {
  return index < head.size() ? static_cast<unsigned char>(head[index]) : 0U;
}

// A POSIX tar header's own checksum: the sum of its 512 bytes with the checksum field taken as spaces.
bool is_tar_header(std::string_view head) {
  if (head.size() < 512) return false;
  unsigned sum = 0;
  for (std::size_t i = 0; i < 512; ++i) sum += i >= 148 && i < 156 ? ' ' : at(head, i);
  unsigned told = 0;
  std::size_t i = 148;
  while (i < 156 && head[i] == ' ') ++i;
  if (i == 156 || head[i] < '0' || head[i] > '7') return false;
  for (; i < 156 && head[i] >= '0' && head[i] <= '7'; ++i)
    told = told * 8 + static_cast<unsigned>(head[i] - '0');
  return told == sum;
}

// A public-key or symmetric session key packet at the start, old or new header.
bool is_pgp(std::string_view head) {
  const unsigned first = at(head, 0);
  switch (first) {
    case 0x84:
      return at(head, 2) == 3;
    case 0x85:
      return at(head, 3) == 3;
    case 0x8c:
      return at(head, 1) < 64 && (at(head, 2) == 4 || at(head, 2) == 5);
    case 0xc1:
      return at(head, 1) < 192 ? at(head, 2) == 3 : at(head, 3) == 3;
    case 0xc3:
      return at(head, 1) < 64 && at(head, 2) >= 4 && at(head, 2) <= 6;
    default:
      return false;
  }
}

// "070707" and a header of octal digits, or "070701" and "070702" and one of hexadecimal digits. The digits
// are looked at too, since a log line may begin with such a time of day.
bool is_cpio(std::string_view head) {
  const bool is_old = head.starts_with("070707");
  if (!is_old && !head.starts_with("070701") && !head.starts_with("070702")) return false;
  const std::size_t size = is_old ? 76 : 110;
  return head.size() >= size && head.substr(0, size).find_first_not_of("0123456789abcdefABCDEF") == head.npos;
}

bool is_bzip2(std::string_view head) {
  return head.size() > 3 && head.starts_with("BZh") && head[3] >= '1' && head[3] <= '9' &&
         (head.size() < 10 || head.substr(4, 6) == "\x31\x41\x59\x26\x53\x59"sv ||
          head.substr(4, 6) == "\x17\x72\x45\x38\x50\x90"sv);
}

}  // namespace

Recognised recognise(std::string_view head) {
  head = head.substr(0, recognise_bytes);
  if (head.empty()) return {Content::empty, "empty", ""};
  for (const Magic& magic : magics) {
    if (head.starts_with(magic.bytes)) return magic.recognised;
  }
  if (is_cpio(head)) return {Content::unsupported, "a cpio archive", repack};
  if (is_bzip2(head)) return {Content::bzip2, "a bzip2 file", ""};
  if (is_tar_header(head)) return {Content::tar, "a tar archive", ""};
  if (is_pgp(head)) return {Content::encrypted, "encrypted (gpg)", decrypt};
  // A tar without members is 1024 zero bytes or more.
  if (head.size() >= 512 && head.find_first_not_of('\0') == head.npos)
    return {Content::tar, "a tar archive", ""};
  if (head.find('\0') != head.npos) return {Content::binary, "a binary file", ""};
  return {Content::text, "a text file", ""};
}

bool is_packed(Content content) {
  switch (content) {
    case Content::tar:
    case Content::zip:
    case Content::gzip:
    case Content::zstd:
    case Content::xz:
    case Content::bzip2:
    case Content::unsupported:
      return true;
    default:
      return false;
  }
}

}  // namespace carrel
