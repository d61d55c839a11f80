// The quote dumper: what somebody gets who pastes the most severe-looking lines of a bundle. A floor on the
// scale of every evaluation, so that nobody takes the grader for the tool.
#pragma once

#include "host/eval/grade.h"
#include "record/evidence.h"

namespace carrel {

// Knows no object, no detector and no rank: lines are taken by the severest word in them, then by file and
// line.
GivenAnswer dump_quotes(const EvidenceList& evidence);

}  // namespace carrel
