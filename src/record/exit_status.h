// The exit statuses of `carrel` and `support-diag`; docs/exit-codes.md describes them.
#pragma once

#include "base/result.h"

namespace carrel::exit_status {

inline constexpr int passed = 0;  // the report passed its checks, whatever its verdict
inline constexpr int internal = 1;
inline constexpr int usage = 2;
inline constexpr int checks_failed = 3;
inline constexpr int bad_input = 4;
inline constexpr int does_not_fit = 5;
inline constexpr int room_refused = 6;
inline constexpr int machine = 7;
inline constexpr int interrupted = 130;  // as a shell reports SIGINT
inline constexpr int reader_left = 141;  // as a shell reports SIGPIPE

constexpr int of(Code code) {
  switch (code) {
    case Code::usage:
      return usage;
    case Code::bad_input:
      return bad_input;
    case Code::does_not_fit:
      return does_not_fit;
    case Code::room_refused:
      return room_refused;
    case Code::interrupted:
      return interrupted;
    case Code::machine:
      return machine;
    case Code::internal:
      break;
  }
  return internal;
}

}  // namespace carrel::exit_status
