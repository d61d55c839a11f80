// A run as a file that leaves the ledger: a page that opens from the disk with the evidence in it, JSON,
// Markdown (review.h), or a tar with all of these and the objects.
#pragma once

#include <string>

#include "base/json_writer.h"
#include "base/result.h"
#include "host/ledger/ledger.h"
#include "host/review/review.h"

namespace carrel {

// One HTML page without scripts, pictures or links; it loads nothing. Texts are escaped.
std::string report_html(const RunInContext& run);

// The whole record: the row, the report as it is kept, notes, claims with what stands around them and what
// they came to, decisions. `RunRecord` in docs/api/openapi.yaml is its shape.
std::string record_json(const RunInContext& run);

// The members of one decision.
void write_review(JsonPage& json, const ReviewRow& review);

// report.html, report.md, report.json, record.json and objects/<role> below a folder named after the run. The
// same record gives the same bytes.
Result<std::string> record_tar(const Ledger& ledger, const RunInContext& run);

}  // namespace carrel
