// The host's side of a living room: moves its messages, answers its denied calls, holds its clock and caps,
// and tells how it ended. Everything the room sends is taken for hostile.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include <sys/types.h>

#include "base/fd.h"
#include "confine/denials.h"
#include "host/walls/cgroup.h"
#include "host/walls/layers_left_out.h"
#include "host/walls/setup.h"
#include "host/walls/turns.h"
#include "host/walls/wall.h"
#include "record/guest.h"

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

// What differs where the room is a virtual machine. Its own program is the machine's, which seals itself
// first; the room's runs inside, seals itself there, and is told of by the guest's init.
struct Machine {
  std::chrono::milliseconds boot{};  // the most time until the program inside has sealed itself
  Fd kvm;  // /dev/kvm, lent to the machine's program once; invalid where the machine is made by software
  std::uint64_t memory = 0;  // the room's own cap, within that of its machine; bytes
};

// What a room is watched as: a machine or not, kept for more turns or not, and its first turn.
struct Watch {
  Machine* machine = nullptr;
  Turns* turns = nullptr;
  Turn first;
};

class Supervisor {
 public:
  using Clock = std::chrono::steady_clock;

  // `started` is when the wall began with this room. All are borrowed and outlive the supervisor.
  Supervisor(const RoomSpec& spec, const Cgroup& cgroup, const Watch& watch, Clock::time_point started,
             const LayersLeftOut& without, RoomOutcome& outcome);

  // Blocks until the room's first process, and with it its whole pid namespace, is gone and waited for; fills
  // all of the outcome but survivors, layers and configuration. SIGPIPE must be blocked.
  void watch(RunningRoom room);

 private:
  enum class Stage { setup, booting, sealed, answered, waiting };

  void end(Ending ending, std::string detail, std::string remedy = "");
  void poll_once();
  void check_clock();
  double cpu_used() const;  // seconds
  double cpu_cap() const;   // seconds
  void end_for_cpu();
  void end_for_memory();
  void read_report();
  void read_messages();
  void read_words();
  Status look_at_room(int listener);
  std::uint64_t peak_memory(std::uint64_t resident) const;  // bytes
  bool may_stay(const Message& answer) const;
  void end_turn(Message answer);
  void begin_turn();
  Status frame_job();
  void send_job();
  void count_output(std::size_t bytes);
  void receive(Message message);
  void on_sealed(const std::string& body);
  void on_sealed_inside();
  void on_guest(const std::string& body);
  void serve_denials();
  void reap();
  void judge(int status, double cpu_seconds);
  bool judge_guest();

  const RoomSpec& spec_;
  const Cgroup& cgroup_;
  Turn turn_;                  // whom it works for
  Clock::time_point started_;  // the turn, and the room with the first
  const LayersLeftOut& without_;
  RoomOutcome& outcome_;
  Machine* const machine_;  // null where the room is none
  Turns* const turns_;      // null where the room is not kept
  std::uint32_t turns_done_ = 0;
  double cpu_before_ = 0;  // that was used when this turn began, or when the room began to wait

  RunningRoom room_;
  Stage stage_ = Stage::setup;
  bool ended_ = false;   // the outcome's ending is decided
  bool exited_ = false;  // the process is gone
  Clock::time_point kill_time_, answer_time_;
  FrameReader frames_;
  Denials denials_;
  std::optional<GuestReport> guest_;
  std::string job_frame_;
  std::size_t job_sent_ = 0;
};

}  // namespace carrel
