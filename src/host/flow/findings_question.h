// What Carrel's own model is asked: which of the detectors' findings is the root of the trouble.
//
// A model of a few million weights writes poor sentences and copies names badly, but it can learn to tell a
// cause from its symptoms. So it is shown the findings instead of the lines, as the entries of a short
// prompt, and writes the id of one; cause, evidence, commands and what is missing are that finding's own,
// looked up. Its training texts (models/house) are made by this same code, so it is asked what it was taught.
// docs/prompt.md shows the text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "record/room.h"
#include "record/schema.h"

namespace carrel {

// Raised with every change of what the prompt of a finding's question or its answer looks like. A model file
// says under "carrel.prompt_version" which it was trained on; one of another version is refused.
inline constexpr std::uint32_t findings_prompt_version = 1;

// Turns a job into the question for one of the findings. Its question, model and sampling stay; all that the
// prompt shows besides, the schema and the cap are replaced. Returns the indices of the findings that its
// lines stand for, in the lines' order: the best first and at most two of one detector. Empty where there are
// no findings, and nothing to ask.
std::vector<std::size_t> ask_for_finding(const EvidenceList& evidence, ThinkJob* job);

// Puts into each whole try, in the place of a finding's id, the answer that the finding is, in the members of
// the playbook's schema: from here on it is like any model's. `shown`: what ask_for_finding() returned. An
// Error where the room names what it was not asked about.
Status expand_findings(const EvidenceList& evidence, const std::vector<std::size_t>& shown,
                       const Schema& schema, ThinkResult* result);

}  // namespace carrel
