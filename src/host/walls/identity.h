// Whom a room runs as: one user id of the host, mapped into the room's user namespace.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <sys/types.h>

#include "base/result.h"

namespace carrel {

struct Identity {
  std::uint32_t user = 0, group = 0;  // on the host
  bool drop_groups = false;           // the host may, and then must, drop supplementary groups
};

// True where the host's process may map ids that are not its own (CAP_SETUID and CAP_SETGID: root).
bool may_map_any_id();

// A user id for the room with this process id, from the ids that /proc/self/uid_map (its text) gives this
// process: from 0x60000000 up where they reach so far, where no Linux distribution hands ids out, else from
// the upper half of the largest range. Process ids are unique among living processes, so two living rooms
// differ as long as the range has room for that. 0 where there is no such id.
std::uint32_t room_id(std::string_view id_map, pid_t process);

// True where the map (the text of /proc/self/uid_map) has one id alone and it is not root's outside.
bool is_one_ordinary_user(std::string_view id_map);

// Whether rooms get user ids of their own here (root) or the caller's (an ordinary user, and the "root" of a
// namespace that has an ordinary user alone). Asked once for a room: the child and the host must go by the
// same answer. Fails closed: root without the right to map ids would run the room as root.
Result<bool> rooms_get_own_id();

// The identity for a room with this process id.
Result<Identity> choose_identity(pid_t process, bool own_id);

// Writes the maps of the process's user namespace.
Status map_identity(pid_t process, const Identity& identity);

}  // namespace carrel
