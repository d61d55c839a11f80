// A cascade: service C fails, B times out on C, A answers 503. What the logs of A and B say is true, and C is
// the root.
#pragma once

#include <vector>

#include "record/evidence.h"
#include "room/evidence/detect.h"

namespace carrel {

// Follows findings of logs that complain of what they depend on (refused, timed out, HTTP 5xx) to the finding
// of the component they depend on, as far as names, kinds of service or the namespace tell. The last of a
// chain gets more weight than all that led to it, their relevance (one value per finding) and a line of each.
void lift_roots(std::vector<Observation>* logs, std::vector<double>* relevances);

}  // namespace carrel
