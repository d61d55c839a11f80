// Who holds the lock that others wait for. PostgreSQL tells it beside each wait (log_lock_waits), by the
// number of a process.
#pragma once

#include <vector>

#include "room/evidence/log_store.h"

namespace carrel {

inline constexpr const char* lock_wait = "lock-wait";  // the mechanism of a line that tells of such a wait

// The entries that tell who holds it, at most two: what that process ran or does, which may stand in another
// file (pg_stat_activity), and the line that names it. Empty where `lead` is of another mechanism, or
// nothing tells.
std::vector<const LogEntry*> holders_of(const LogStore& store, const LogEntry& lead);

// True where a line tells of a statement that waits to change a table's definition (ALTER TABLE): while it
// waits, all that comes after it does, too.
bool changes_definition(const LogEntry& entry);

}  // namespace carrel
