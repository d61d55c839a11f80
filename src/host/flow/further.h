// A further question about a bundle: its evidence begins with what the earlier run's prompt showed, line for
// line, so that the model's work on that can be taken up.
#pragma once

#include <cstddef>
#include <string>

#include "base/result.h"
#include "host/ledger/ledger.h"
#include "record/evidence.h"

namespace carrel {

struct Earlier {
  EvidenceList evidence;
  std::size_t shown = 0;  // the first so many of its lines were in the prompt, or could be cited
};

// What the earlier run had, from its record. Errors that say which: it is not in this ledger, it was purged,
// it came to no evidence, or it read another bundle than this (`input_sha256`).
Result<Earlier> read_earlier(Ledger& ledger, const std::string& run, const std::string& input_sha256);

// The lines that were shown, in their order, then what the new question brought, then the rest of the
// earlier ones. Where the earlier prompt had no room for all of its lines, the last of those that were shown
// give way to what stands in the new list's first quarter and was not shown: so at least three quarters of
// what was read before are read no more. Findings cite the same lines as in `now`.
EvidenceList after_earlier(const Earlier& earlier, EvidenceList now);

}  // namespace carrel
