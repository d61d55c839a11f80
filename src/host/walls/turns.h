// Turns: the jobs of a room that is kept, one after the other, between whoever asks and the thread on which
// the room is watched (supervisor.h). Thread-safe; whoever asks waits for the one before.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>

#include "base/fd.h"
#include "base/result.h"
#include "host/walls/wall.h"

namespace carrel {

// How many jobs one room may have; then it ends, whatever it was.
inline constexpr std::uint32_t most_turns = 64;

// One job; all of it is borrowed for as long as ask() takes.
struct Turn {
  const std::string* job = nullptr;  // body of the job message
  const std::function<void(const Progress&)>* progress = nullptr;
  const std::atomic<bool>* stop = nullptr;
};

class Turns {
 public:
  Turns();

  // ---- who asks ----
  // Blocks until the room has answered or ended. Nothing where it had ended before it took the job.
  std::optional<RoomOutcome> ask(const Turn& turn);
  // The room is to end. Whoever asks after that gets nothing.
  void close();
  bool over() const;

  // ---- who watches the room ----
  // Readable when there is a turn, or the end.
  int descriptor() const { return wake_.get(); }
  // The next turn, once for each. Nothing: there is none yet, or there will be none (closed()).
  std::optional<Turn> next();
  bool closed() const;
  void answer(RoomOutcome outcome);
  // The room is gone: this is what became of its last turn.
  void finish(RoomOutcome outcome);

 private:
  void wake() const;

  Fd wake_;  // eventfd
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<Turn> waiting_;
  bool taken_ = false;  // the room has a job
  std::optional<RoomOutcome> answered_;
  bool asking_ = false, closed_ = false, over_ = false;
};

}  // namespace carrel
