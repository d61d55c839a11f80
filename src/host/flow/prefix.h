// Which state of an earlier think room a run may take up: one kept under the key of just what this run is.
#pragma once

#include <string>

#include "record/room.h"

namespace carrel {

// What a state is of, beside what the job says; digests in hexadecimal.
struct PrefixOrigin {
  std::string tenant, bundle_sha256, model_sha256, image_sha256;
};

// SHA-256 in hexadecimal over all that shapes a state but its tokens, which the state names itself: the
// above, the chat template and the system text, threads, chunk and exactness.
std::string prefix_key(const PrefixOrigin& origin, const ThinkJob& job);

// SHA-256 over what a think room that is kept must have been made for: the tenant, the model, the image.
std::string room_key(const PrefixOrigin& origin);

}  // namespace carrel
