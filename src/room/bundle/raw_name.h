// The names of members as the archive has them, byte for byte. libarchive gives names as C strings in the
// locale's character set: one with a NUL byte ends there, and in a room, which has no locale, a zip's UTF-8
// name is lost.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace carrel {

// True where a name in these tar headers holds a NUL byte. `headers` are the blocks of one member from its
// first header to its data: pax headers (POSIX.1-2001), GNU long names and the member's own. In the latter a
// NUL is the name's end by definition.
bool tar_name_has_nul(std::string_view headers);

// The name in the local header (APPNOTE 6.3.10, 4.3.7) that ends where a zip member's data begins; nothing
// where there is no such header before `data_begins`. `fd` is not moved.
std::optional<std::string> zip_name(int fd, std::uint64_t data_begins);

}  // namespace carrel
