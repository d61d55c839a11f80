// WarmRooms: the think rooms that `carrel serve` keeps, one for each tenant and model, each for a set time
// after its last job and all within a cap on memory. Thread-safe.
//
// A room is used again only for the same `keep_for` (a digest of the tenant, the model, the room image), the
// same model file (device, inode, size, times) and the same caps and lent memory; where one of the latter
// differs, the room that was kept is ended first. A job waits while the room of its tenant and model has
// another, and where memory is short, idle rooms give way, the one used longest ago first.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "host/serve/order.h"
#include "host/walls/kept_room.h"

namespace carrel {

// What has come of all rooms since the server began; sums only ever grow.
struct ServeCounts {
  std::uint64_t rooms_made = 0;
  std::map<std::string, std::uint64_t> rooms_ended;  // by why: idle, memory, replaced, used, stopped
  std::map<std::string, std::uint64_t> runs;         // by how they ended (to_string(Ending))
  std::uint64_t warm_runs = 0;                       // that found a room
  std::uint64_t prompt_tokens = 0, reused_tokens = 0, output_tokens = 0;
  double run_s = 0, load_s = 0, prefill_s = 0, decode_s = 0;
};

// One room as it is now.
struct ServedRoom {
  std::uint64_t number = 0;  // counted from 1; says nothing of whose it is
  bool busy = false;
  std::uint64_t reserved = 0;  // bytes, counted into the cap
  Progress progress;           // the last of its job; all zero where it has told none
};

class WarmRooms {
 public:
  struct Limits {
    std::chrono::seconds keep{600};  // after its last job
    std::uint64_t memory = 0;        // bytes, of all rooms: their caps, their models, what they are lent
  };
  explicit WarmRooms(const Limits& limits) : limits_(limits) {}
  // Ends all rooms. No job may be going on.
  ~WarmRooms();
  WarmRooms(const WarmRooms&) = delete;
  WarmRooms& operator=(const WarmRooms&) = delete;

  // Has a room do the job, `files` as they came with it. An Error where no room could be made for it: what it
  // asks for is not to be had, or is no order.
  Result<RoomOutcome> run(const ServeOrder& order, std::vector<Fd> files,
                          const std::function<void(const Progress&)>& progress,
                          const std::atomic<bool>& stop);

  // Ends what has been idle for long enough; to be called every second or so.
  void end_idle();

  ServeCounts counts() const;
  std::vector<ServedRoom> rooms() const;
  const Limits& limits() const { return limits_; }

 private:
  using Clock = std::chrono::steady_clock;
  struct Entry {
    std::string keep_for, shape;
    std::unique_ptr<KeptRoom> room;
    ServedRoom shown;
    Clock::time_point idle_since;
  };
  using Entries = std::list<Entry>;

  // The room for this job, marked busy; made where there is none. Waits for one that is busy.
  Result<Entries::iterator> take(const ServeOrder& order, const Fd& model, std::uint64_t model_bytes,
                                 const std::string& shape, const std::atomic<bool>& stop, bool* warm);
  bool make_way(std::uint64_t bytes);
  void end(Entries::iterator entry, const std::string& why);
  void count(const RoomOutcome& outcome, bool warm);

  const Limits limits_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  Entries entries_;
  ServeCounts counts_;
};

}  // namespace carrel
