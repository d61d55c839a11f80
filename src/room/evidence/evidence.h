// Makes the one ranked evidence list of a bundle from what the detectors and the logs say.
#pragma once

#include <string>
#include <vector>

#include "record/evidence.h"
#include "room/evidence/mine.h"
#include "room/inventory/inventory.h"

namespace carrel {

// Detects, mines, ranks, and cuts to limit::evidence_bytes and limit::evidence_lines; what was cut is in
// left_out by file and reason. Fills lines, findings (the best first; where nothing is wrong one finding of
// Verdict::no_fault that cites what shows it; where nothing can be told none), names, searched, objects,
// format and lines_read; the caller adds files, bytes_read and the reader's own left_out. Deterministic.
EvidenceList make_evidence(const Inventory& inventory, const LogMiner& logs, const std::string& question);

}  // namespace carrel
