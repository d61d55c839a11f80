// The seccomp listener: answers every denied system call of a sealed process with EPERM and keeps the record
// of them. The host has one for each room; in a virtual machine its init has one for the program it runs.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <sys/types.h>

#include "base/fd.h"
#include "base/result.h"
#include "record/denial.h"

namespace carrel {

class Denials {
 public:
  // Takes the listener out of the room's process. The descriptor number is the room's word: what is no
  // listener is an Error (Code::room_refused).
  Status take(int pidfd, std::uint32_t listener);

  // The descriptor to poll, -1 before take() and after the last process that could be denied something is
  // gone.
  int descriptor() const { return listener_.get(); }

  // Answers one call, when one waits. Never lets it through.
  void serve();
  // The next call of this name is answered once by this descriptor in place of EPERM, whatever it asked for:
  // no argument of the call is looked at or believed.
  void lend(std::string call, Fd descriptor);
  // Nobody can be denied anything more.
  void close() { listener_.reset(); }

  std::uint64_t count() const { return count_; }
  // By the name of the call.
  std::vector<Denial> record() const;

 private:
  bool lent(std::uint64_t request, const std::string& call);

  Fd listener_;
  Fd lent_;
  std::string lent_to_;
  std::uint64_t count_ = 0;
  std::map<std::int64_t, Denial> by_call_;  // key: architecture << 32 | number
};

}  // namespace carrel
