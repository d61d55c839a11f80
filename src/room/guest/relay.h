// The room's program inside a virtual machine, and the guest's init beside it: hands its messages to the
// host, answers its denied calls, holds its limits, and tells how it ended. What the program sends is taken
// for hostile here too; the host believes neither.
#pragma once

#include <string>
#include <vector>

#include <sys/types.h>

#include "base/fd.h"
#include "base/result.h"
#include "confine/denials.h"
#include "record/guest.h"
#include "record/wire.h"

namespace carrel {

struct RunningProgram {
  pid_t process = -1;
  Fd pidfd;
  Fd job;       // write end of its descriptor 0
  Fd messages;  // read end of its descriptor 1
  Fd words;     // read end of its descriptor 2
};

// Starts the task's program with `root` as its root, which must be read-only, and its inputs as 3, 4, ...: as
// a user without rights, within the task's limits.
Result<RunningProgram> start_program(const GuestTask& task, const std::string& root,
                                     const std::vector<Fd>& inputs);

class Relay {
 public:
  // Ports to the host: the room's channel and its last words.
  Relay(const GuestTask& task, int host, int host_words)
      : task_(task), host_(host), host_words_(host_words) {}

  // Blocks until the program is gone and everything is told to the host.
  Status run(RunningProgram program, std::vector<std::string> layers);

 private:
  Status poll_once();
  Status read_messages();
  Status receive(const Message& message);
  Status read_job();
  void write_job();
  void read_words();
  void end(GuestReport::End how, std::string detail = "");
  Status tell();

  const GuestTask& task_;
  const int host_, host_words_;
  RunningProgram program_;
  Denials denials_;
  FrameReader frames_;
  std::string forward_;  // messages of one read, which go on in one piece
  GuestReport report_;
  bool ended_ = false;  // report_.end is decided
  bool exited_ = false;
  bool sealed_ = false;
  std::string job_;  // what came from the host and is not yet with the program
  std::size_t job_used_ = 0;
  std::string answer_;  // the frame that is held until the program has ended
  long long answered_ms_ = 0;
};

}  // namespace carrel
