// A seal with layers left out, for the ablation: what a room's program must put on itself, it can leave off.
#pragma once

#include <string>

namespace carrel::escape {

// As seal_and_receive_job(), but without Landlock, or with a filter that lets every call through; its
// listener is still there, so that the host sees the room it expects. Ends the program where that fails.
std::string seal_but(bool landlock, bool filter);

}  // namespace carrel::escape
