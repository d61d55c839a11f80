// The probes of the vm wall. There are two rooms to get out of: the one inside the guest, and QEMU's own.
//
// Inside, all probes that end in order are made in one virtual machine, each by a program of its own that is
// started and confined as a run's is (VmWall::run_rounds); those that are to end their room have a machine
// each. In QEMU's place the same attempts are made by a program that has what QEMU has and is held as QEMU
// is: what a guest comes to that has broken out of its machine. All have the configuration of a run's room.
#pragma once

#include <atomic>
#include <functional>
#include <vector>

#include "base/result.h"
#include "host/probe/run_probe.h"
#include "host/walls/vm_wall.h"

namespace carrel {

// `on_progress(done, total)` counts verdicts. Their groups are those of the probes, and for QEMU's place
// "machine: " and the group. An Error where no machine can be made, or it was interrupted.
Result<std::vector<ProbeVerdict>> run_vm_probes(
    VmWall& wall, const TwinRoom& twin, const ProbeStand& stand,
    const std::function<void(std::size_t, std::size_t)>& on_progress, const std::atomic<bool>& stop);

}  // namespace carrel
