// Who vouches for an input: its signature, BUNDLE.sig beside it, checked with the key that the user trusts
// (--signed-by). The host has hashed the input before, and parses nothing of it here.
#pragma once

#include <optional>

#include "host/flow/input.h"
#include "host/settings/settings.h"
#include "record/report.h"

namespace carrel {

// The check "signature" of the report: passed, or a warning where there is no signature; nothing where no key
// was named. Error: Code::bad_input, where there is one that does not hold, and for a key that is none.
Result<std::optional<Check>> check_signature(const Settings& settings, const Input& input);

}  // namespace carrel
