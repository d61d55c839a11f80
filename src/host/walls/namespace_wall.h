// NamespaceWall: a room out of Linux namespaces, limits, cgroups, Landlock and seccomp. The default wall.
//
//   NamespaceWall wall;
//   RoomOutcome outcome = wall.run(std::move(spec), on_progress, stop);
//
// Order of the layers, each fatal when it cannot be made but the cgroups (the limits hold without them):
//   1. clone3 with user, mount, pid, net, ipc, uts and cgroup namespaces and a pidfd; a cgroup with
//      caps where this user may make one; one user id mapped, which is not root's and, when root starts the
//      room, no other room's.
//   2. the root folder mounted read-only, nosuid, nodev; pivot_root; the old root detached; no /proc, /sys or
//      /dev.
//   3. ids and capabilities dropped, no_new_privs, not dumpable, death with the host, a session of its own,
//      only the inputs' descriptors, an empty environment.
//   4. limits on address space, memory, processes, descriptors, file size, CPU, core, message queues, locked
//      memory.
//   5. Landlock and 6. seccomp, put on by the room's own program (room/seal/seal.h) before it has seen its
//      task; the host takes the filter's listener, verifies from outside what it can, and only then sends the
//      job.
//
// Every denied system call is answered EPERM and recorded; none is ever let through.
// Needs /proc on the host. Thread-safe: rooms may run at the same time from several threads.
#pragma once

#include "host/walls/layers_left_out.h"
#include "host/walls/wall.h"

namespace carrel {

struct Machine;
class Turns;

class NamespaceWall : public Wall {
 public:
  NamespaceWall() = default;
  // A wall with holes, for the tests of its layers.
  explicit NamespaceWall(const LayersLeftOut& without) : without_(without) {}

  RoomOutcome run(RoomSpec spec, const std::function<void(const Progress&)>& progress,
                  const std::atomic<bool>& stop) override;

 private:
  LayersLeftOut without_;
};

// An Error where a wall runs no such room: without a limit, or with an input that is more than bytes to be
// read.
Status check_spec(const RoomSpec& spec);

// The same for a room whose program is a virtual machine's (vm_wall.h): `machine` says what differs; null for
// none.
RoomOutcome make_room(RoomSpec spec, Machine* machine, const LayersLeftOut& without,
                      const std::function<void(const Progress&)>& progress, const std::atomic<bool>& stop);

// The same for a room that is kept: it is made at the first of the turns, which has been asked, and its job,
// progress and stop come from them. Returns when it is gone, with what became of its last turn.
RoomOutcome keep_room(RoomSpec spec, Turns& turns);

}  // namespace carrel
