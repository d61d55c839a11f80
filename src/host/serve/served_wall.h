// ServedWall: the namespace wall, with think rooms of named tenants out of `carrel serve` where one is there.
#pragma once

#include <memory>
#include <string>

#include "host/walls/wall.h"

namespace carrel {

enum class ServeUse : std::uint8_t {
  automatic,  // a server that answers and takes the order; a room of the run's own otherwise
  only,       // a server, or no think room at all
};

class ServedWall final : public Wall {
 public:
  // `rooms` makes what the server does not.
  ServedWall(std::unique_ptr<Wall> rooms, std::string socket, ServeUse use);

  // Once a server has taken an order, what comes of it is what comes of the room: it is not begun again.
  RoomOutcome run(RoomSpec spec, const std::function<void(const Progress&)>& progress,
                  const std::atomic<bool>& stop) override;

 private:
  std::unique_ptr<Wall> rooms_;
  std::string socket_;
  ServeUse use_;
};

}  // namespace carrel
