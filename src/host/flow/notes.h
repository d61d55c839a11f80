// The notes of a run: a sentence for each stage on what it decided, and why. The ledger keeps them.
#pragma once

#include <vector>

#include "host/ledger/detail.h"
#include "record/evidence.h"
#include "record/report.h"

namespace carrel {

// Of the stages the run went through, in their order, also of a run that failed on the way.
std::vector<Note> notes_of(const Report& report, const EvidenceList& evidence);

}  // namespace carrel
