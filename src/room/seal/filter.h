// The system call filters: of a room's program, which computes, starts threads and reads what it has open;
// and of a virtual machine's, which also loads itself and drives KVM.
#pragma once

#include "base/result.h"

namespace carrel {

// Puts the filter on this thread and all that it starts, and returns its listener's descriptor: the host must
// take it, or a denied call never returns. Allowed calls run; clone3 fails with ENOSYS; a call of another
// architecture kills the process; every other call waits for the host's answer, which is EPERM. Needs
// no_new_privs.
Result<int> install_filter();

// The same for QEMU, put on before it is executed: beside the above it may execute and load what its root
// holds (which is all that it can open), wait for events, and use descriptors that it was given. With `kvm`,
// KVM's ioctls are allowed, and opening something for writing waits for the host, which lends it /dev/kvm;
// without, nothing is there to be opened for writing (ENOENT). What QEMU only tries and does without fails
// quietly.
Result<int> install_machine_filter(bool kvm);

}  // namespace carrel
