// What `carrel eval` and `carrel sweep` begin with.
#pragma once

#include <string>
#include <vector>

#include "host/cli/cli.h"
#include "host/eval/evaluate.h"

namespace carrel {

// The playbook over the chosen cases of a folder, with the settings as they are. What is odd about the cases
// is told on stderr.
Result<EvalRequest> eval_request(const Desk& desk, const std::string& playbook, const std::string& cases,
                                 const std::vector<std::string>& only, const std::string& split);

}  // namespace carrel
