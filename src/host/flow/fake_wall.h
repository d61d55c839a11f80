// A wall for tests: no room is made; each kind of room answers what the test says.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "host/walls/wall.h"
#include "record/codec.h"

namespace carrel {

class FakeWall final : public Wall {
 public:
  // The outcome of a room, given its specification. Rooms of kinds without one end as Ending::setup_error.
  std::map<RoomKind, std::function<RoomOutcome(RoomSpec&)>> rooms;
  std::vector<RoomKind> made;

  RoomOutcome run(RoomSpec spec, const std::function<void(const Progress&)>&,
                  const std::atomic<bool>&) override {
    made.push_back(spec.kind);
    const auto room = rooms.find(spec.kind);
    return room == rooms.end() ? RoomOutcome{} : room->second(spec);
  }

  template <class Record>
  static RoomOutcome answer(const Record& record, MessageType type = MessageType::result) {
    RoomOutcome outcome;
    outcome.ending = Ending::ok;
    outcome.answer = {type, *encode(record)};
    return outcome;
  }
};

}  // namespace carrel
