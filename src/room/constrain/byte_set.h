// The bytes that may come next in an answer.
#pragma once

#include <bitset>

namespace carrel {

using ByteSet = std::bitset<256>;

}  // namespace carrel
