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

// Told what cannot be opened, by its name below the folder (a folder's ends with '/'), and why.
using Unreadable = std::function<void(const std::string& name, const std::string& why)>;

// Calls `write` with the stream's bytes until it is whole or `write` fails. What lies in the folder and
// cannot be opened is told to `unreadable` and left out; without one, of the folder itself, and where a file
// shrinks while it is read, that is an Error naming it (nothing is left out in silence).
Status write_tar(const std::string& folder, const std::function<Status(std::string_view)>& write,
                 const Unreadable& unreadable = nullptr);

}  // namespace carrel
