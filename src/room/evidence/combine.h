// Combines what the objects say (detectors) with what the logs say into findings, the best first.
//
// Rules: what the question names comes before what it does not; a log that explains a pod's crash, failed job
// or probe is the root, the crash its symptom; an object that explains what a log complains of (a policy that
// blocks, a missing Secret, a Role without the verb) is the root, the log line its symptom; without a fault
// that weighs enough the verdict is no_fault where something shows health.
#pragma once

#include <vector>

#include "room/evidence/detect.h"
#include "room/evidence/question.h"

namespace carrel {

std::vector<Observation> combine(std::vector<Observation> of_objects, std::vector<Observation> of_logs,
                                 const Question& question);

}  // namespace carrel
