// What the API shows of the ledger's rows and of kept records, as JSON (docs/api/openapi.yaml). A run whole
// is record_json() of host/review/export.h.
#pragma once

#include <string>
#include <vector>

#include "base/json_writer.h"
#include "host/ledger/rows.h"
#include "record/evidence.h"
#include "record/report.h"
#include "record/room.h"

namespace carrel {

// Members of one item of a list; the caller makes the object.
void write_waiting(JsonPage& json, const QueueRow& row);
void write_head(JsonPage& json, const RunRow& row);
void write_citing(JsonPage& json, const CitingClaim& claim);
void write_evaluation(JsonPage& json, const EvaluationRow& row);

// Evidence lines `first` to `last` (not it) of a ranked list; the first `kept` were in the prompt.
void write_evidence(JsonPage& json, const std::string& name, const std::vector<EvidenceLine>& lines,
                    std::size_t first, std::size_t last, std::size_t kept);

std::string prompt_json(const ThinkJob& job, std::size_t kept);
std::string tries_json(const ThinkResult& result, const std::vector<TryOutcome>& outcomes);
std::string lines_json(const std::string& file, const Surroundings& lines);

}  // namespace carrel
