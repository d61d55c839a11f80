// Bundles that nobody honest makes, drawn at random: docs/hostile-bundles.md's tricks, beside what a detector
// looks at, whole, cut short or damaged.
#pragma once

#include <random>
#include <string>

namespace carrel::soak {

// The same numbers give the same bytes.
std::string hostile_bundle(std::mt19937& random);

}  // namespace carrel::soak
