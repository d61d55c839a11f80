// What Prometheus reads of `carrel serve`: its text exposition format, version 0.0.4
// (prometheus.io/docs/instrumenting/exposition_formats), in base units. Nothing of a tenant, a bundle, a
// model or a run is in it: rooms are told apart by a number counted from 1.
#pragma once

#include <string>
#include <string_view>

#include "host/serve/warm_rooms.h"

namespace carrel {

inline constexpr const char* metrics_type = "text/plain; version=0.0.4; charset=utf-8";

// `started`: seconds since 1970 when the server began.
std::string metrics_text(const WarmRooms& rooms, std::string_view version, double started);

}  // namespace carrel
