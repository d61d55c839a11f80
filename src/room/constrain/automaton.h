// The automaton that keeps an answer inside its schema: a byte at a time over compact JSON.
//
//   auto grammar = compile(*schema, lines_kept, playbook_patterns, names);
//   std::unique_ptr<Constraint> constraint = start(*grammar);
//
// The language (docs/formats/answer-schema.md): no white space; properties in the schema's order, optional
// ones may be skipped; strings of whole code points with the escapes \" \\ \/ \n \t and no raw control
// characters, whole words of a pattern or of a quoted line; integers without leading zeros; enumerations,
// evidence ids and commands in their one spelling. It holds exactly the answers that can be completed: an
// alternative that cannot (evidence is demanded and there is none, no name fills a command) is not there at
// all, so no allowed byte leads nowhere.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "record/command.h"
#include "record/evidence.h"
#include "record/schema.h"
#include "room/constrain/mask.h"

namespace carrel {

// A schema compiled for one run. Immutable; shared by the tries, and by threads.
class Grammar;

// `evidence_count`: how many evidence lines were kept; their ids are evidence_id(0, n) to evidence_id(n - 1,
// n). `lines`: their texts, for schemas that quote them. An Error (Code::bad_input) where no answer at all is
// possible, with what is missing.
Result<std::shared_ptr<const Grammar>> compile(const Schema& schema, std::size_t evidence_count,
                                               const std::vector<CommandPattern>& patterns,
                                               const std::vector<Name>& names,
                                               const std::vector<std::string_view>& lines = {});

std::unique_ptr<Constraint> start(std::shared_ptr<const Grammar> grammar);

}  // namespace carrel
