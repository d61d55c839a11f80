// The host's name for digest/sha256.h.
#pragma once

#include "digest/sha256.h"  // IWYU pragma: export
