// What the pages of evaluations and of sweeps have in common: no script, and nothing from elsewhere.
#pragma once

#include <string>

#include "host/eval/score.h"

namespace carrel {

// The page up to its first heading, which is the title; "</body></html>" is the caller's.
std::string html_begin(const std::string& title);

// SVG: a bar up to the share, with a line over its 95 % interval; a floor's is fainter.
std::string share_bar(const Share& share, bool floor = false);

}  // namespace carrel
