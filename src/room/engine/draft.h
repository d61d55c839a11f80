// Guesses at what a try writes next, so that several tokens are checked in one batch where otherwise each
// takes a step: answers quote the evidence, and tries say the same as earlier ones.
//
// A guess is prompt lookup: what followed the last tokens where they stood before. It costs no model and
// changes nothing but the cut into batches, for what is chosen is chosen from the model's own logits after
// each token. Whether it earns its cost is the calibration's to say (record/calibration.h), never the
// clock's.
#pragma once

#include <span>
#include <vector>

#include "room/constrain/mask.h"
#include "room/engine/engine.h"

namespace carrel {

// What followed the last tokens of `tail` in the latest place of the first source that has them, at most
// `most` tokens: four of them are looked for in all sources, then three, then two. Empty where they stand
// nowhere. `tail` may be among the sources.
Tokens look_up(std::span<const Token> tail, const std::vector<std::span<const Token>>& sources,
               std::size_t most);

// The first of the tokens, as many as the constraint allows one after the other, an end of the answer
// excluded.
Tokens allowed_of(const Tokens& tokens, const Engine& engine, const Constraint& constraint);

}  // namespace carrel
