// What the findings of one log explain of each other.
#pragma once

#include <vector>

#include "room/evidence/detect.h"

namespace carrel {

// Of findings of one file and component that end in another, are misled by it or are told in one breath with
// it, the other becomes the root: it comes first, with a line of what it led to. It may only warn.
void explain_within(std::vector<Observation>* findings);

// Cites the deciding lines of a file's other findings beside those of each, as far as there is room.
void cite_neighbours(std::vector<Observation>* findings);

}  // namespace carrel
