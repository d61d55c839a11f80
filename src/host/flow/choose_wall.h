// From the settings `wall` and `vm-accel` to the wall that they name.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "host/settings/settings.h"
#include "host/walls/vm_command.h"
#include "host/walls/wall.h"

namespace carrel {

// The wall for rooms whose roots lie in the folder `rooms`. An Error where its image is missing; whether it
// holds here is found out by its first room.
Result<std::unique_ptr<Wall>> choose_wall(const Settings& settings, const std::string& rooms);

// An Error where these settings ask a wall for rooms that it does not make, told before any work is done.
Status wall_takes_engine(const Settings& settings);

// Where `carrel serve` listens, or would.
std::string socket_of(const Settings& settings);

Acceleration acceleration_of(const Settings& settings);

}  // namespace carrel
