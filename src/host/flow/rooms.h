// Rooms: asks each kind of room its one question, and keeps what the walls reported of all of them.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "host/walls/wall.h"
#include "record/room.h"

namespace carrel {

// What a room did, for the run record.
struct RoomTrace {
  RoomKind kind = RoomKind::read;
  std::string program;
  Caps caps;
  std::string input_sha256;        // of what it read, as it was hashed before
  std::string input_sha256_after;  // when the run was over; empty where it did not come so far
  RoomOutcome outcome;
};

// The room of a kind as every run makes it: `program` in its root, its only argument, and its caps.
// `memory` and `model_bytes` matter to the rooms that have a model, `threads` to the think room; an inspect
// room names its memory itself.
struct RoomShape {
  const char* program = "";
  Caps caps;
  unsigned processors = 1;  // how many it can keep busy
};
struct ModelNeeds {
  std::uint64_t memory = 0, model_bytes = 0;  // bytes; what else is mapped counts with the model
  unsigned threads = 1;
};
RoomShape room_shape(RoomKind kind, std::chrono::seconds wall_clock, const ModelNeeds& needs = {});

// What an earlier think room knew after its prompt's beginning, and what this one does.
struct PrefixState {
  std::string key;               // what it is kept under (prefix.h); empty: nothing is lent
  std::string saved;             // of the earlier room; empty: there is none
  std::uint64_t most_bytes = 0;  // of this one's
  std::string made;              // filled in; empty: the room made none
};

class Rooms {
 public:
  using OnProgress = std::function<void(const Progress&)>;

  // `folder` holds read-root/ (with carrel-read) and think-root/ (the room image with carrel-think).
  Rooms(Wall& wall, std::string folder, std::chrono::seconds wall_clock, const std::atomic<bool>& stop,
        OnProgress progress);

  // Errors: what the room itself refused (a damaged bundle, an unknown model), with its own code; a cap that
  // was hit (Code::does_not_fit); a wall that could not be made or was violated (Code::room_refused);
  // Code::interrupted.
  Result<ReadResult> read(const ReadJob& job, Fd bundle);
  Result<CheckResult> check(const CheckJob& job, Fd bundle);
  Result<ModelCard> inspect(const InspectJob& job, Fd model, std::uint64_t model_bytes);
  // `memory` is the cap on the room's own memory, beside the mapped model file; bytes.
  Result<ThinkResult> think(const ThinkJob& job, Fd model, std::uint64_t model_bytes, std::uint64_t memory,
                            PrefixState* state);

  // The think room may be one that is kept: for whom (RoomSpec::keep_for), and this run's id.
  void keep_think_room(std::string keep_for, std::string run) {
    keep_for_ = std::move(keep_for);
    run_ = std::move(run);
  }

  const std::vector<RoomTrace>& traces() const { return traces_; }
  // Says what the rooms of a kind read, and whether it was the same when the run was over.
  void name_input(RoomKind kind, const std::string& sha256, bool same_afterwards);
  // SHA-256 over the trees of the roots that were used, so that a run names its programs and libraries.
  Result<std::string> image_sha256() const;

 private:
  template <class Out, class Job>
  Result<Out> ask(RoomKind kind, const Job& job, std::vector<Fd> inputs, const ModelNeeds& needs = {},
                  Fd output = Fd());

  Wall& wall_;
  std::string folder_;
  std::chrono::seconds wall_clock_;
  const std::atomic<bool>& stop_;
  OnProgress progress_;
  std::string keep_for_, run_;
  std::vector<RoomTrace> traces_;
};

// SHA-256 over the trees of the rooms' roots below `folder`: the read room's, and the think room's where a
// model is used.
Result<std::string> image_sha256(const std::string& folder, bool with_model);

// The traces as one JSON array (docs/formats/proof.md).
std::string to_json(const std::vector<RoomTrace>& traces);

}  // namespace carrel
