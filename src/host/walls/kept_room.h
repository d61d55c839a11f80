// KeptRoom: a think room that stays after its answer, with the model loaded, for the next run of the same
// tenant.
//
//   KeptRoom room(std::move(spec));
//   std::optional<RoomOutcome> outcome = room.ask(job, saved, memory, "20260102-030405-9f3a61", on_progress,
//   stop);
//
// It is made for its first job and watched on a thread of its own until it ends. Between two jobs it has no
// task: what the last one took is given back by the room, and what it was lent for states is zeros again. It
// is kept only while it is spotless: a refusal, one denied call, a byte out of turn, work without a job, a
// posture that changed or any other ending than Ending::ok is its end, and so is its 64th job (most_turns).
// Each job has the wall clock, CPU and output that a room of its own would have. Thread-safe.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "host/walls/turns.h"
#include "host/walls/wall.h"

namespace carrel {

class KeptRoom {
 public:
  // `spec` as for a room of one job: the model is its only input, it has no output, and its job is not looked
  // at. `state_bytes`: of the memory that it is lent for an earlier room's state, and again for its own; 0:
  // none.
  static Result<std::unique_ptr<KeptRoom>> make(RoomSpec spec, std::uint64_t state_bytes);
  // Ends the room.
  ~KeptRoom();
  KeptRoom(const KeptRoom&) = delete;
  KeptRoom& operator=(const KeptRoom&) = delete;

  // Has the room do one job for the run. `saved` is the earlier room's state, at most state_bytes; what the
  // room made of its own memory is copied into `made`, where that is valid. Nothing where the room had ended
  // before it took the job.
  std::optional<RoomOutcome> ask(const std::string& job, std::string_view saved, const Fd& made,
                                 const std::string& run, const std::function<void(const Progress&)>& progress,
                                 const std::atomic<bool>& stop);

  bool over() const { return turns_.over(); }
  const Caps& caps() const { return caps_; }  // of the whole room

 private:
  KeptRoom() = default;

  Caps caps_;
  std::string name_, since_;
  Fd earlier_, own_;  // what it reads and what it fills of states; none where there are none
  std::uint64_t state_bytes_ = 0;
  std::mutex mutex_;               // of all above while a job is done, and below
  std::vector<std::string> runs_;  // that it worked for
  Turns turns_;
  std::thread thread_;
};

}  // namespace carrel
