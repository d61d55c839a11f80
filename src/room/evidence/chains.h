// Chains from a symptom to what stands behind it, over findings of several objects and logs: who is evicted
// and who fills the disk, an alert and what it counts, a webhook and the pod that should answer it, what
// waits for something that is not ready and that.
#pragma once

#include <vector>

#include "room/evidence/detect.h"
#include "room/evidence/question.h"

namespace carrel {

// Weighs and words findings anew that belong together, so that the root comes before its symptoms or is told
// with them. `of_objects` and `of_logs`: how near each is to what the question names; a root is as near as
// what led to it.
void tell_chains(std::vector<Observation>* objects, std::vector<double>* of_objects,
                 std::vector<Observation>* logs, std::vector<double>* of_logs, const Question& question);

}  // namespace carrel
