// What hosts, resolvers and running processes show of what logs complain of: who listens on a port, whose
// search domain answers, who still serves an old certificate, who writes to a slow disk; and on which nodes
// it is so.
#pragma once

#include <vector>

#include "room/evidence/detect.h"

namespace carrel {

// Tells the logs' findings with what the objects' show of them.
void tell_of_hosts(const std::vector<Observation>& objects, std::vector<Observation>* logs);

}  // namespace carrel
