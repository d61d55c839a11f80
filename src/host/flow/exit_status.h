// The host's name for record/exit_status.h.
#pragma once

#include "record/exit_status.h"  // IWYU pragma: export
