// Makes a playbook's calibration out of an evaluation of it.
#pragma once

#include "host/eval/evaluation.h"
#include "record/calibration.h"

namespace carrel {

// `before`, with the part that this evaluation speaks of (without a model, or of its model) made anew from
// its cases. The detectors' weights become steps on which more weight was never less often right (pool
// adjacent violators; Ayer et al., 1955). An Error where no case of it can be used.
Result<Calibration> calibrate(const Evaluation& evaluation, Calibration before);

}  // namespace carrel
