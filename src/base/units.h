// Sizes that more than one part counts in.
#pragma once

#include <cstdint>

namespace carrel {

inline constexpr std::uint64_t mib = 1ULL << 20;  // bytes

}  // namespace carrel
