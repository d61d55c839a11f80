#include "host/probe/vm_probes.h"

#include <algorithm>
#include <map>

namespace carrel {
namespace {

using std::chrono::milliseconds;

constexpr std::string_view of_the_machine = "machine: ";

class VmProbes {
 public:
  VmProbes(VmWall& wall, const TwinRoom& twin, const ProbeStand& stand,
           const std::function<void(std::size_t, std::size_t)>& on_progress, const std::atomic<bool>& stop)
      : wall_(wall),
        twin_(twin),
        stand_(stand),
        on_progress_(on_progress),
        stop_(stop),
        inside_(expected_in_guest(twin.kind == RoomKind::think || twin.kind == RoomKind::inspect)),
        outside_(expected_of_machine(wall.acceleration() == Acceleration::kvm)) {}

  Result<std::vector<ProbeVerdict>> run() {
    for (const auto part :
         {&VmProbes::in_one_machine, &VmProbes::in_machines_of_their_own, &VmProbes::in_place_of_machine}) {
      if (Status done = (this->*part)(); !done) return done.error();
    }
    return std::move(verdicts_);
  }

 private:
  // Whether the room ends in order, so that another can follow it in the same machine.
  static bool ends_in_order(const Expectation& expectation) { return expectation.ending == Ending::ok; }

  Status in_one_machine() {
    std::vector<const Expectation*> expectations;
    std::vector<std::string> jobs;
    std::optional<RoomSpec> spec;
    for (const Expectation& expectation : inside_) {
      if (!ends_in_order(expectation)) continue;
      auto room = attempt_room(twin_, stand_, expectation);
      if (!room) return room.error();
      expectations.push_back(&expectation);
      jobs.push_back(room->job);
      spec = std::move(*room);
    }
    const std::vector<RoomOutcome> outcomes = wall_.run_rounds(std::move(*spec), jobs, stop_);
    if (outcomes[0].ending == Ending::setup_error) {
      return Error{Code::room_refused, "no virtual machine can be made here: " + outcomes[0].detail,
                   outcomes[0].remedy};
    }
    for (std::size_t i = 0; i < outcomes.size(); ++i) {
      if (Status done = add(*expectations[i], outcomes[i]); !done) return done;
    }
    return {};
  }

  Status in_machines_of_their_own() {
    for (const Expectation& expectation : inside_) {
      if (ends_in_order(expectation)) continue;
      auto outcome = expectation.brief ? run_briefly(expectation)
                                       : run_attempt(wall_, twin_, stand_, expectation, stop_);
      if (Status done = add(expectation, outcome); !done) return done;
    }
    return {};
  }

  // The clock of a machine counts from its boot, which takes as long as this host is busy.
  RoomOutcome run_briefly(const Expectation& expectation) {
    const double boot_s = wall_.preflight(stop_).boot_s;
    TwinRoom twin = twin_;
    Expectation as_it_is = expectation;
    as_it_is.brief = false;  // the clock is named here
    RoomOutcome outcome;
    for (twin.caps.wall_clock = milliseconds(4000 + static_cast<long>(2000 * boot_s));;
         twin.caps.wall_clock *= 2) {
      outcome = run_attempt(wall_, twin, stand_, as_it_is, stop_);
      if (outcome.start_s > 0 || twin.caps.wall_clock > twin_.caps.wall_clock || stop_) return outcome;
    }
  }

  Status in_place_of_machine() {
    for (const Expectation& expectation : outside_) {
      auto spec = attempt_room(twin_, stand_, expectation);
      if (!spec) return spec.error();
      RoomOutcome outcome = wall_.run_in_place_of_machine(std::move(*spec), stand_.root(), stop_);
      for (Denial& denial : outcome.denials) {
        if (denial.call.starts_with(of_the_machine)) denial.call.erase(0, of_the_machine.size());
      }
      if (Status done = add(expectation, outcome); !done) return done;
      verdicts_.back().group.insert(0, of_the_machine);
    }
    return {};
  }

  Status add(const Expectation& expectation, const RoomOutcome& outcome) {
    if (stop_) return Error{Code::interrupted, "interrupted", ""};
    auto [control, is_new] = controls_.try_emplace(expectation.probe);
    if (is_new) control->second = run_control(stand_, expectation.probe);
    verdicts_.push_back(judge(expectation, outcome, control->second));
    if (on_progress_) on_progress_(verdicts_.size(), inside_.size() + outside_.size());
    return {};
  }

  VmWall& wall_;
  const TwinRoom& twin_;
  const ProbeStand& stand_;
  const std::function<void(std::size_t, std::size_t)>& on_progress_;
  const std::atomic<bool>& stop_;
  const std::vector<Expectation> inside_, outside_;
  std::map<std::string, std::string> controls_;
  std::vector<ProbeVerdict> verdicts_;
};

}  // namespace

Result<std::vector<ProbeVerdict>> run_vm_probes(
    VmWall& wall, const TwinRoom& twin, const ProbeStand& stand,
    const std::function<void(std::size_t, std::size_t)>& on_progress, const std::atomic<bool>& stop) {
  return VmProbes(wall, twin, stand, on_progress, stop).run();
}

}  // namespace carrel
