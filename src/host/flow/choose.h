// From a think room's tries to one answer: what most tries agree on.
#pragma once

#include <string>

#include "base/result.h"
#include "host/playbook/playbook.h"
#include "record/evidence.h"
#include "record/report.h"
#include "record/room.h"

namespace carrel {

// Fills the report from the whole try that most others agree with (the first of equals), with its
// confidence (confidence.h), the support of each claim, and the engine's figures. Returns the chosen try's
// JSON. Where no try came to a whole answer the report says so as insufficient evidence, with the reason each
// try ended, and the returned text is empty.
Result<std::string> choose_answer(const Playbook& playbook, const ThinkResult& result,
                                  const EvidenceList& evidence, std::size_t ids, Report* report);

}  // namespace carrel
