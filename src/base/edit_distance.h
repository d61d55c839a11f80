// Levenshtein's distance: how many bytes must be added, removed or replaced to make one text of the other.
#pragma once

#include <cstddef>
#include <string_view>

namespace carrel {

// The distance where it is at most `most`, else most + 1. Texts longer than 253 bytes, the longest name of a
// Kubernetes object, are cut to that. Only the band that such a distance can take is computed (Ukkonen,
// Information and Control 64, 1985).
std::size_t edit_distance(std::string_view a, std::string_view b, std::size_t most);

}  // namespace carrel
