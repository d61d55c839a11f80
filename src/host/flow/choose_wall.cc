#include "host/flow/choose_wall.h"

#include <cstdlib>

#include "host/serve/served_wall.h"
#include "host/serve/socket.h"
#include "host/walls/namespace_wall.h"
#include "host/walls/vm_wall.h"

namespace carrel {

Acceleration acceleration_of(const Settings& settings) {
  return settings.text("vm-accel") == "tcg" ? Acceleration::tcg : Acceleration::kvm;
}

std::string socket_of(const Settings& settings) {
  if (const std::string& given = settings.text("socket"); !given.empty()) return given;
  const auto environment = [](const char* name) { return std::getenv(name); };
  const std::string& data = settings.text("data");
  return serve_socket_path(environment, data.empty() ? user_data_folder(environment) : data);
}

Result<std::unique_ptr<Wall>> choose_wall(const Settings& settings, const std::string& rooms) {
  if (settings.text("wall") == "namespace") {
    std::unique_ptr<Wall> own = std::make_unique<NamespaceWall>();
    const std::string& serve = settings.text("serve");
    if (serve == "never") return own;
    return std::unique_ptr<Wall>(std::make_unique<ServedWall>(
        std::move(own), socket_of(settings), serve == "only" ? ServeUse::only : ServeUse::automatic));
  }
  auto image = find_vm_image(rooms);
  if (!image) return image.error();
  return std::unique_ptr<Wall>(
      std::make_unique<VmWall>(std::move(*image), acceleration_of(settings), user_cache_folder()));
}

Status wall_takes_engine(const Settings& settings) {
  for (const char* const name : {"wall", "vm-accel"}) {
    if (settings.source(name) != Source::playbook) continue;
    return Error{Code::usage, std::string("a playbook cannot set ") + name,
                 "take that line out of it, and name it with a flag, the environment or the user file"};
  }
  if (settings.text("wall") != "vm" || settings.text("engine") == "none") return {};
  return vm_takes(RoomKind::think, acceleration_of(settings));
}

}  // namespace carrel
