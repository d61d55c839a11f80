// VmWall: a room in a virtual machine of its own, made by QEMU, which itself runs in a room of namespaces.
//
//   auto image = find_vm_image(rooms);
//   VmWall wall(*image, Acceleration::kvm, cache_folder);
//   RoomOutcome outcome = wall.run(std::move(spec), on_progress, stop);
//
// Any RoomSpec that the namespace wall runs, this one runs too, with the same messages and endings. The guest
// has a kernel of its own, no network device, the room's root and inputs on disks that only the host's side
// could write and does not, and one console device for the messages. Inside, the program is started as in a
// room of namespaces: without rights, within limits, with Landlock and seccomp; the guest's init answers and
// counts its denied calls. Outside, QEMU has all layers of namespace_wall.h, with a filter of its own.
//
// With software emulation (tcg) floating point is thousands of times slower, so it reads and checks and runs
// no model; it is taken only when it was asked for. Before its first room a wall boots a guest that does
// nothing: whether that works is kept for this boot of the host, its kernel and the image (`carrel doctor`
// tries again).
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "host/walls/vm_command.h"
#include "host/walls/vm_image.h"
#include "host/walls/wall.h"

namespace carrel {

struct Preflight {
  bool works = false;
  std::string why;  // one sentence where it does not
  std::string remedy;
  double boot_s = 0;  // from the start of QEMU to init's first message
};

// Whether rooms of this kind run with this acceleration at all.
Status vm_takes(RoomKind kind, Acceleration acceleration);

// The most time from the start of QEMU until the program inside is sealed.
std::chrono::milliseconds boot_limit(Acceleration acceleration);

class VmWall : public Wall {
 public:
  // `cache_folder` keeps the verdicts; empty: none is kept.
  VmWall(VmImage image, Acceleration acceleration, std::string cache_folder);

  RoomOutcome run(RoomSpec spec, const std::function<void(const Progress&)>& progress,
                  const std::atomic<bool>& stop) override;

  // The room's program once for each of the jobs, one after the other in one machine, each time anew and
  // confined anew, with the inputs opened anew (no streams): one outcome for each. A round is ok where its
  // program answered and ended in order, and killed otherwise; a machine that cannot be made is the outcome
  // of all. The configuration is that of run().
  std::vector<RoomOutcome> run_rounds(RoomSpec spec, const std::vector<std::string>& jobs,
                                      const std::atomic<bool>& stop);

  // In QEMU's own place, with what QEMU is given but /dev/kvm: /carrel-boot of another root, which makes no
  // machine. What a QEMU comes to that was taken over. The configuration is that of run().
  RoomOutcome run_in_place_of_machine(RoomSpec spec, const std::string& root, const std::atomic<bool>& stop);

  Acceleration acceleration() const { return acceleration_; }

  // Boots a guest that does nothing, within a deadline. `again`: even where the verdict is known.
  Preflight preflight(const std::atomic<bool>& stop, bool again = false);

 private:
  struct Manner {
    bool rounds = false;  // the job is GuestJobs
    std::string root;     // in place of the image's; empty: that
  };
  // Why no room of this kind is made here, as its outcome; nothing where it is.
  std::optional<RoomOutcome> refusal(const RoomSpec& spec, const std::atomic<bool>& stop);
  RoomOutcome run_machine(RoomSpec spec, std::chrono::milliseconds boot, const Manner& manner,
                          const std::function<void(const Progress&)>& progress,
                          const std::atomic<bool>& stop);
  std::string verdict_key() const;
  Preflight boot_once(const std::atomic<bool>& stop);

  const VmImage image_;
  const Acceleration acceleration_;
  const std::string cache_folder_;
};

// $XDG_CACHE_HOME/carrel or ~/.cache/carrel; empty where neither is set.
std::string user_cache_folder();

}  // namespace carrel
