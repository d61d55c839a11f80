// What a room tried and was denied: in a run's record, and told by the guest of a virtual machine.
#pragma once

#include <cstdint>
#include <string>

#include "record/limits.h"

namespace carrel {

// One kind of denied system call of a run.
struct Denial {
  std::string call;       // "socket"
  std::string arguments;  // of the first: "(2, 1, 0)"
  std::uint64_t count = 0;
  template <class Codec>
  void fields(Codec& c) {
    c(call, limit::name);
    c(arguments, limit::name);
    c(count);
  }
};

}  // namespace carrel
