// Runs probes in rooms and on the bare host, and judges what came of them.
//
//   ProbeStand stand = *ProbeStand::make(folder + "/probe-root");
//   ProbeVerdict verdict = run_probe(wall, twin, stand, *find_expected("socket_inet"), stop);
//
// A twin is the description of another room, as a run would make it: its program's name, arguments, caps,
// number of inputs and output, so that both have the same configuration digest. Only its root is the probe's
// own.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "base/fd.h"
#include "host/probe/expected.h"
#include "host/walls/wall.h"

namespace carrel {

// A temporary folder with what an attempt needs outside; gone with this.
class ProbeStand {
 public:
  // `root` is the folder of the probe's root: probe-root of an installation. An Error where there is none.
  static Result<ProbeStand> make(const std::string& root);
  ProbeStand(ProbeStand&&) noexcept;
  ProbeStand& operator=(ProbeStand&&) = delete;
  ~ProbeStand();

  const std::string& root() const { return root_; }
  const std::string& folder() const { return folder_; }
  // The input of a probe room, opened anew: 8 KiB that everybody may change, so that only the wall keeps the
  // room from it.
  Result<Fd> input() const;
  // A file as another tenant might have it.
  std::string outside_file() const { return folder_ + "/outside"; }

 private:
  ProbeStand(std::string root, std::string folder) : root_(std::move(root)), folder_(std::move(folder)) {}
  std::string root_, folder_;
};

struct TwinRoom {
  RoomKind kind = RoomKind::read;
  std::string program;                 // "/carrel-read"
  std::vector<std::string> arguments;  // {"read"}
  std::size_t inputs = 1;
  Caps caps;
  bool output = false;  // it is lent memory behind its inputs
  bool kept = false;    // as `carrel serve` keeps it (kept_room.h), behind the namespace wall
};
// "read", "kept"
std::string name_of(const TwinRoom& twin);

enum class ProbeEnd : std::uint8_t {
  held,            // exactly the expected outcome, and the control came through
  broken,          // anything else in the room
  proves_nothing,  // the expected outcome, but the control failed too
  count_,
};
const char* to_string(ProbeEnd end);

struct ProbeVerdict {
  std::string probe, group;
  ProbeEnd end = ProbeEnd::broken;
  std::string outcome;  // what the attempt learnt; empty where the room ended otherwise
  Ending ending = Ending::ok;
  std::string denied;  // "socket(2, 1, 0)", the first of what was denied
  std::uint64_t denials = 0;
  std::string control;  // on the bare host
  std::string why;      // one sentence, where it is not held
  bool brief = false;
  std::string configuration;  // of the room
  std::vector<std::string> layers;
  template <class Codec>
  void fields(Codec& c) {
    c(probe, limit::name);
    c(group, limit::name);
    c(end);
    c(outcome, limit::detail);
    c(ending);
    c(denied, limit::detail);
    c(denials);
    c(control, limit::detail);
    c(why, limit::detail);
    c(brief);
    c(configuration, limit::name);
    c(layers, 64, limit::name);
  }
};

// A room that is asked for the probe.
Result<RoomSpec> attempt_room(const TwinRoom& twin, const ProbeStand& stand, const Expectation& expectation);
// What it did; in a kept room as its first job.
RoomOutcome run_attempt(Wall& wall, const TwinRoom& twin, const ProbeStand& stand,
                        const Expectation& expectation, const std::atomic<bool>& stop);
// What the control came to: a program of its own on the bare host, ended after ten seconds.
std::string run_control(const ProbeStand& stand, const std::string& probe);
// The judgement of the two.
ProbeVerdict judge(const Expectation& expectation, const RoomOutcome& outcome, const std::string& control);

ProbeVerdict run_probe(Wall& wall, const TwinRoom& twin, const ProbeStand& stand,
                       const Expectation& expectation, const std::atomic<bool>& stop);

}  // namespace carrel
