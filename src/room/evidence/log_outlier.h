// One pod that says another thing than its peers: of several replicas the one that came up with another
// setting, of several runs of a job the later ones. Nothing in its own log need look wrong.
#pragma once

#include <vector>

#include "room/evidence/detect.h"
#include "room/evidence/log_store.h"
#include "room/evidence/question.h"

namespace carrel {

// Compares what the logs of one workload's pods say once or twice each ("table ready: source=image"), setting
// by setting. Values that differ everywhere (addresses, ids) and numbers of runs tell nothing.
std::vector<Observation> odd_pods(const LogStore& store, const Question& question);

}  // namespace carrel
