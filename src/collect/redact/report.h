// The report of what was masked where, by class: for people and as JSON.
#pragma once

#include <string>
#include <vector>

#include "collect/redact/redactor.h"

namespace carrel {

// "masked 12 secrets (5 different) in 2 files: password 8, token 4"; "nothing was masked" where there was
// none.
std::string redaction_summary(const std::vector<FileRedactions>& files, const Pseudonyms& pseudonyms);

// {"version":1,"values":5,"files":[{"file":"…","classes":{"password":{"count":8,"lines":[2,4]}}}]}: files
// without a secret are left out; `lines` has the first ones.
std::string redaction_report_json(const std::vector<FileRedactions>& files, const Pseudonyms& pseudonyms);

}  // namespace carrel
