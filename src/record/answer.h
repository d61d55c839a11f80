// The answer of one try, as decoded: ids and texts, nothing that stands on its own. The report is made from
// it by looking the ids up (record/report.h).
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "record/evidence.h"

namespace carrel {

struct Answer {
  std::vector<std::string> evidence;  // ids, in the order of citing
  Verdict verdict = Verdict::insufficient_evidence;
  std::string root_cause;
  std::vector<Command> commands;
  std::vector<std::string> missing;
  std::string confidence;  // "low", "medium", "high"
};

const char* to_string(Verdict verdict);

// Reads the JSON text of a try. Its shape must already have been checked against the playbook's schema; a
// member that the schema left out stays empty. A text that is not a JSON object is an Error.
Result<Answer> parse_answer(const std::string& json);

}  // namespace carrel
