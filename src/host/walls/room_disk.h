// The disk on which a virtual machine finds its room (record/guest.h), as a file in memory without a name.
#pragma once

#include <cstdint>
#include <string>

#include "base/fd.h"
#include "base/result.h"
#include "record/guest.h"

namespace carrel {

struct RoomDisk {
  Fd file;  // open for reading alone
  std::uint64_t bytes = 0;
};

// Lays the task and all files below `root` on a disk; an empty root has none. Files, folders and links alone:
// another kind is an Error.
Result<RoomDisk> make_room_disk(GuestTask task, const std::string& root);

}  // namespace carrel
