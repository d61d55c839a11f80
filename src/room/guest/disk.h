// The disk on which the host laid the room (record/guest.h).
#pragma once

#include <string>

#include "base/result.h"
#include "record/guest.h"

namespace carrel {

// The task, and the disk's descriptor stands at the first file's bytes.
Result<GuestTask> read_guest_task(int disk);

// Writes the root's files from the disk, where read_guest_task() left it, below `folder`, which it makes:
// readable for everybody, writable for the caller alone. Names that leave the folder are refused.
Status unpack_root(int disk, const GuestTask& task, const std::string& folder);

}  // namespace carrel
