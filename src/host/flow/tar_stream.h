// Writes a folder as a tar stream (POSIX pax interchange format), so that a room reads folders as it reads
// archives.
//
// Regular files, folders' symbolic links and special files are all in it as what they are; the room decides
// what it refuses. Order is by name and times are left out, so the same content gives the same bytes.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace carrel {

// Calls `write` with the stream's bytes until it is whole or `write` fails. A file that cannot be opened, or
// that shrinks while it is read, is an Error naming it (nothing is left out in silence).
Status write_tar(const std::string& folder, const std::function<Status(std::string_view)>& write);

}  // namespace carrel
