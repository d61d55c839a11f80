// The digest of what shapes a room: two rooms with the same one are held by the same wall.
#pragma once

#include <string>
#include <vector>

#include "host/walls/wall.h"

namespace carrel {

// sha256 in hexadecimal over the kind, the program and its arguments, the caps, the number of inputs, whether
// there is an output, and the layers that were made. The content of the root is told by the digest of its
// image, in the run record; its place, the inputs and the job do not belong to it.
std::string configuration_digest(const RoomSpec& spec, const std::vector<std::string>& layers);

}  // namespace carrel
