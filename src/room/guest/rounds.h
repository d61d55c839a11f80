// A program that runs many times in one virtual machine, each time for a job of its own (GuestTask::rounds).
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "record/guest.h"

namespace carrel {

// Takes the jobs from the host, runs one round after the other, each with the relay that a single room has,
// and answers with what became of all of them. Called by the guest's first process. A round that has not
// ended after half a minute is ended, and told as one that lingered.
Status run_rounds(const GuestTask& task, const std::string& root, int host, int host_words,
                  std::vector<std::string> layers);

}  // namespace carrel
