// The devices of the virtual machine that is a room: the guest's init brings up those few that the host gave
// it.
#pragma once

#include <cstdint>
#include <string>

#include "base/fd.h"
#include "base/result.h"

namespace carrel {

// Loads the drivers that stand in /modules, each after those that it needs, and shows the devices in /dev.
Status bring_up_devices();

// A disk of the machine, 0 the first; open for reading alone. An Error where it is not there, or could be
// written to.
Result<Fd> open_disk(unsigned number);

// Reads so many bytes of a disk or a port; an Error where it ends before.
Status read_exactly(int device, char* into, std::size_t size);

// A port of the machine's console device; waits until the host's side of it is there.
Result<Fd> open_port(unsigned number);

// The network devices there are, but the loopback that every kernel has. Wanted: none.
std::string network_devices();

}  // namespace carrel
