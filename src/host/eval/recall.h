// Recall at budget: whether a line that decides the case is among those that a model with so many tokens for
// evidence would be given. It measures what is read and how it is ranked, whatever is made of it afterwards.
#pragma once

#include <array>
#include <cstdint>

#include "host/eval/case.h"
#include "record/evidence.h"

namespace carrel {

inline constexpr std::array<std::uint32_t, 4> recall_budgets = {512, 1024, 2048, 4096};  // tokens of evidence

// Tokens that a line takes in a prompt, estimated: a token for each three bytes of its entry, which is its
// id, its address, its reason and its quote (docs/prompt.md). Byte-level BPE of 32,000 to 150,000 tokens
// takes one for 2.5 to 3.5 bytes of such text.
std::uint32_t estimated_tokens(const EvidenceLine& line);

// For each budget, whether it holds a deciding line when the list is taken in its order.
std::array<bool, recall_budgets.size()> recall_at_budgets(const Case& label, const EvidenceList& evidence);

}  // namespace carrel
