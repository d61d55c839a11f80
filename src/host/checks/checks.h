// The checks of a report that need no room: pure functions, each one verdict with the reason a person needs.
// None asks a model, none changes the report.
//
// "fail": something in the report does not stand. "warn": it may stand, and a person should look. What each
// check promises and what it cannot see: docs/formats/answer-schema.md.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "record/command.h"
#include "record/evidence.h"
#include "record/report.h"
#include "record/room.h"
#include "record/schema.h"

namespace carrel {

// "schema": the answer as decoded is one JSON object of the schema, in draft 7's meaning; evidence ids are of
// the first `ids` of `lines`, a quote stands in its line, commands are of the patterns over the names. The
// order of properties, white space and escapes are free.
Check check_schema(const std::string& answer_json, const Schema& schema, std::size_t ids,
                   const std::vector<EvidenceLine>& lines, const std::vector<CommandPattern>& patterns,
                   const std::vector<Name>& names);

// "commands": each command of the report is plain words that one of the patterns allows, over names that the
// bundle has or refers to.
Check check_commands(const std::vector<Command>& commands, const std::vector<CommandPattern>& patterns,
                     const std::vector<Name>& names);

// "text": names and numbers in the cause and in the commands' reasons stand in what the report cites.
Check check_text(const Report& report, const EvidenceList& evidence);

// "citations": what the check room found where the report cites. `found` has one entry for each entry of the
// report's evidence, in its order.
Check check_citations(const std::vector<ReportEvidence>& cited, const std::vector<CheckResult::Place>& found);

// "searched": what was searched and counted is what the check room counted again.
Check check_searched(const std::vector<Searched>& told, const std::vector<Searched>& counted);

// "names": the names that the report's commands and absences rest on were found again by the check room,
// present or referenced as told. An entry of `found` with an empty kind was not found.
Check check_names(const std::vector<Name>& told, const std::vector<Name>& found);

}  // namespace carrel
