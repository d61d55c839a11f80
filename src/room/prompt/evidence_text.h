// The evidence as text for a model. All of it is valid UTF-8 with control characters escaped.
#pragma once

#include <string>
#include <vector>

#include "record/room.h"

namespace carrel {

// "[E001] api-0.log:214 (error level, seen 214 times)\n  connection refused\n"; further lines of a quote are
// indented too, so that none of them can pass for an entry.
std::string evidence_entry(const EvidenceLine& line, const std::string& id);

// What else is known about the bundle, one entry each, the most useful first: what was searched and not
// there, what is referenced and missing, what there is, what the reader left out.
std::vector<std::string> evidence_notes(const ThinkJob& job);

}  // namespace carrel
