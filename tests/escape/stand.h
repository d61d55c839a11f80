// Where the hostile programs play: a root for the room, the real wall, and the control on the bare host, each
// as the caller and, when the caller is root, as an ordinary user too.
#pragma once

#include <functional>
#include <ostream>
#include <string>
#include <vector>

#include "host/probe/run_probe.h"
#include "host/walls/wall.h"

namespace carrel::escape {

// The caller, an ordinary user, and an ordinary user that calls itself root in a user namespace of its own
// where no other user is mapped (`unshare -Ur`, a rootless container).
enum class Who { caller, user, rootless };

// `caller`, and `user` where the caller is root. `rootless` works everywhere, and is asked for by name.
std::vector<Who> everyone();
std::string name_of(Who who);

// A room of the escape probe: a static root with /probe, one input with the text "input", small caps.
RoomSpec probe_room(const std::string& part, const std::string& job = "");
// The same with the dynamic probe and the libraries it names.
RoomSpec dynamic_room(const std::string& part, const std::string& job = "");

struct Stopping {
  int after_ms = -1;  // set the stop flag then; never when negative
};

// Runs the room through the NamespaceWall. As `user` in a process of its own that has given root up.
RoomOutcome run_room(RoomSpec spec, Who who, Stopping stopping = {});

// Runs the probes of the group, each in the twin of a small room, or of one that is kept, as who is asked
// for.
std::vector<ProbeVerdict> run_group(const std::string& group, Who who, bool kept);

// Runs `work` in a process of its own, as who is asked for, and returns what it wrote into its descriptor.
std::string in_a_process(Who who, const std::function<void(int)>& work);

// A folder with the probe's root and its controls, as an installation has it.
std::string probe_root();
// The caps of the rooms here: small, so that every limit is soon reached.
Caps small_caps();

// Text for a failed expectation.
std::string shown(const RoomOutcome& outcome);

}  // namespace carrel::escape
