#include "record/room.h"

namespace carrel {

const char* to_string(RoomKind kind) {
  switch (kind) {
    case RoomKind::inspect:
      return "inspect";
    case RoomKind::read:
      return "read";
    case RoomKind::think:
      return "think";
    case RoomKind::check:
      return "check";
    case RoomKind::count_:
      break;
  }
  return "unknown";
}

const char* to_string(Stop stop) {
  switch (stop) {
    case Stop::complete:
      return "complete";
    case Stop::tokens:
      return "token cap";
    case Stop::time:
      return "time cap";
    case Stop::repetition:
      return "repetition";
    case Stop::settled:
      return "agreement settled";
    case Stop::failed:
    case Stop::count_:
      break;
  }
  return "failed";
}

}  // namespace carrel
