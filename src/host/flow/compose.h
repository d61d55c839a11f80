// From evidence and answers to a report: nothing is invented on the way, ids are looked up.
#pragma once

#include <string>

#include "record/answer.h"
#include "record/report.h"
#include "record/schema.h"

namespace carrel {

// One of the detectors' findings as an answer; without a model it is the best. Ids are those of the whole
// list. Where there is no such finding, the answer says that the cause cannot be told.
Answer answer_of_detectors(const EvidenceList& evidence, std::size_t chosen = 0);

// The JSON text a model would have decoded for this answer, with the members that the schema has.
std::string answer_json(const Answer& answer, const Schema& schema);

// Fills verdict, root_cause, evidence, commands and missing of the report. Ids are of the first `count` lines
// of the list; one that stands for none of them is left out (the schema check tells it).
void fill_report(Report* report, const Answer& answer, const EvidenceList& evidence, std::size_t count);

// The searched listings that a cited line stands for: those of the findings whose deciding line is cited.
void fill_searched(Report* report, const Answer& answer, const EvidenceList& evidence, std::size_t count);

// Where one of the findings is the answer: the others as alternatives, the strongest first.
void fill_alternatives(Report* report, const EvidenceList& evidence);

}  // namespace carrel
