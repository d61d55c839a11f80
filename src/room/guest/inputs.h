// The inputs of the program in a virtual machine, as it finds them from descriptor 3 on.
#pragma once

#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "record/guest.h"

namespace carrel {

// Opens them anew each time: a disk as such where it is to be mapped, else through a pipe that ends where the
// file did. A stream comes but once.
Result<std::vector<Fd>> open_inputs(const GuestTask& task);

}  // namespace carrel
