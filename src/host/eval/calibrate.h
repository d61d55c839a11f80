// Makes a playbook's calibration out of an evaluation of it.
#pragma once

#include "host/eval/evaluation.h"
#include "record/calibration.h"

namespace carrel {

// `before`, and beside it what this evaluation tells (of the detectors, or of its model), in the place of
// what the same cases told before. Of another playbook or version nothing is kept. An Error where no case of
// it can be used.
Result<Calibration> calibrate(const Evaluation& evaluation, Calibration before);

}  // namespace carrel
