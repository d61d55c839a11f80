// Landlock: after restrict_paths() this process opens no path but those it named. Source: the kernel's
// Documentation/userspace-api/landlock.rst.
#pragma once

#include <string>

#include "base/result.h"

namespace carrel {

// The kernel's Landlock ABI (1 and up), 0 where there is none.
int landlock_abi();

// Denies this process every access to files by path but reading, and where `executable` is set executing,
// below `readable` (nothing when it is empty), TCP (ABI 4), and signals and abstract sockets to processes
// outside (ABI 6). Needs no_new_privs. Fails closed: a kernel without Landlock is an Error (Code::machine).
Status restrict_paths(const std::string& readable, bool executable = false);

}  // namespace carrel
