// What a file is, told by its first bytes and never by its name.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace carrel {

enum class Content : std::uint8_t {
  empty,
  tar,
  zip,
  gzip,
  zstd,
  xz,
  bzip2,
  encrypted,    // by gpg, age, openssl, ansible-vault: `name` says which
  unsupported,  // an archive or a compression that Carrel does not read: `name` says which
  binary,
  text,
};

struct Recognised {
  Content content = Content::text;
  const char* name = "";  // "a gzip file"
  const char* remedy = "";
};

// Enough bytes to recognise anything by.
inline constexpr std::size_t recognise_bytes = 8192;

// `head` is the file's first bytes; only the first recognise_bytes are looked at, and all of the file where
// it has fewer. Sources: the formats' own specifications and RFC 4880 (4.2, 5.1, 5.3) for PGP packets.
Recognised recognise(std::string_view head);

// True where the content is an archive or compressed: as a member of a bundle it is left out.
bool is_packed(Content content);

}  // namespace carrel
