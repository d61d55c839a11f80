#include "host/walls/wall.h"

namespace carrel {

const char* to_string(Ending ending) {
  switch (ending) {
    case Ending::ok:
      return "ok";
    case Ending::setup_error:
      return "setup_error";
    case Ending::violation:
      return "violation";
    case Ending::memory:
      return "memory";
    case Ending::time:
      return "time";
    case Ending::output_cap:
      return "output_cap";
    case Ending::killed:
      return "killed";
    case Ending::interrupted:
      return "interrupted";
    case Ending::count_:
      break;
  }
  return "unknown";
}

RoomOutcome not_made(const Error& error) {
  RoomOutcome outcome;
  outcome.ending = Ending::setup_error;
  outcome.detail = error.what;
  outcome.remedy = error.remedy;
  return outcome;
}

}  // namespace carrel
