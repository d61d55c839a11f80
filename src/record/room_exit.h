// The exit statuses by which a room's program tells the host how it ended. Anything else is a crash.
#pragma once

namespace carrel::room_exit {

inline constexpr int in_order = 0;  // after its result, or after it refused
inline constexpr int memory =
    71;  // an allocation failed (EX_OSERR of sysexits.h); seal.cc ends every room this way

}  // namespace carrel::room_exit
