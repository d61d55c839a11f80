// The key of a map of pseudonyms, from where the user keeps it.
#pragma once

#include <string>

#include "collect/redact/map_file.h"

namespace carrel {

// For a new map: the key in `file`, which is made with mode 0600 where there is none; without a file, of a
// passphrase that is asked for twice on the terminal.
Result<MapLock> lock_for_new_map(const std::string& file);

// For a map that is there: the key in `file`, or the passphrase that is asked for.
Unlock unlock_map(const std::string& file);

}  // namespace carrel
