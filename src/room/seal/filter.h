// The room's system call filter: what a program needs that computes, starts threads and reads what it has
// open.
#pragma once

#include "base/result.h"

namespace carrel {

// Puts the filter on this thread and all that it starts, and returns its listener's descriptor: the host must
// take it, or a denied call never returns. Allowed calls run; clone3 fails with ENOSYS; a call of another
// architecture kills the process; every other call waits for the host's answer, which is EPERM. Needs
// no_new_privs.
Result<int> install_filter();

}  // namespace carrel
