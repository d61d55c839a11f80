// One run over one hostile bundle, with a fate for its rooms.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "host/ledger/ledger.h"
#include "host/playbook/playbook.h"

namespace carrel::soak {

// How many runs ended in which way: "a report", "refused: bad input", "room: killed", ...
using Tally = std::map<std::string, int>;

// What is wrong afterwards, a sentence; empty where all is as it must be: no process is left and no
// descriptor more than after the first run of this process, every room ended in a way that fits its fate, and
// the run came to a report or to an error of its kind. The number draws bundle and fate. `folder` is for the
// bundle, which is gone again afterwards.
std::string one_run(std::uint32_t number, const Playbook& playbook, const std::string& folder, Ledger& ledger,
                    Tally* tally);

}  // namespace carrel::soak
