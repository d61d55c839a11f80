// The server of kept rooms: takes orders of this user's `carrel` over a socket and has them done by
// WarmRooms.
#pragma once

#include <atomic>

#include "host/serve/socket.h"
#include "host/serve/warm_rooms.h"

namespace carrel {

// Serves until `stop` is set; jobs that go on are ended then. An order whose sender leaves is ended with its
// room. The rooms are the caller's to end.
void serve_rooms(const ServeSocket& socket, WarmRooms& rooms, const std::atomic<bool>& stop);

}  // namespace carrel
