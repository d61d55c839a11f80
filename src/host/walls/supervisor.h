// The host's side of a living room: moves its messages, answers its denied calls, holds its clock and caps,
// and tells how it ended. Everything the room sends is taken for hostile.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <string>

#include <sys/types.h>

#include "base/fd.h"
#include "host/walls/cgroup.h"
#include "host/walls/denials.h"
#include "host/walls/layers_left_out.h"
#include "host/walls/setup.h"
#include "host/walls/wall.h"

namespace carrel {

// A room whose process was started.
struct RunningRoom {
  pid_t process = -1;
  Fd pidfd;
  Fd job;                             // write end of the room's descriptor 0
  Fd messages;                        // read end of its descriptor 1
  Fd words;                           // read end of its descriptor 2
  Fd report;                          // read end of the set-up's report
  std::uint32_t user = 0, group = 0;  // on the host
};

class Supervisor {
 public:
  using Clock = std::chrono::steady_clock;

  // `started` is when the wall began with this room. All are borrowed and outlive the supervisor.
  Supervisor(const RoomSpec& spec, const Cgroup& cgroup, const std::function<void(const Progress&)>& progress,
             const std::atomic<bool>& stop, Clock::time_point started, const LayersLeftOut& without,
             RoomOutcome& outcome);

  // Blocks until the room's first process, and with it its whole pid namespace, is gone and waited for; fills
  // all of the outcome but survivors, layers and configuration. SIGPIPE must be blocked.
  void watch(RunningRoom room);

 private:
  enum class Stage { setup, sealed, answered };

  void end(Ending ending, std::string detail, std::string remedy = "");
  void poll_once();
  void check_clock();
  double cpu_used() const;  // seconds
  double cpu_cap() const;   // seconds
  void end_for_cpu();
  void read_report();
  void read_messages();
  void read_words();
  Status look_at_room(int listener);
  void send_job();
  void count_output(std::size_t bytes);
  void receive(Message message);
  void on_sealed(const std::string& body);
  void serve_denials();
  void reap();
  void judge(int status, double cpu_seconds);

  const RoomSpec& spec_;
  const Cgroup& cgroup_;
  const std::function<void(const Progress&)>& progress_;
  const std::atomic<bool>& stop_;
  const Clock::time_point started_;
  const LayersLeftOut& without_;
  RoomOutcome& outcome_;

  RunningRoom room_;
  Stage stage_ = Stage::setup;
  bool ended_ = false;   // the outcome's ending is decided
  bool exited_ = false;  // the process is gone
  Clock::time_point kill_time_, answer_time_;
  FrameReader frames_;
  Denials denials_;
  std::string job_frame_;
  std::size_t job_sent_ = 0;
};

}  // namespace carrel
