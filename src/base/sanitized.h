// Whether this is compiled for the address sanitizer, under which code without optimising takes twenty times
// as long: tests that say the same again and again say it less often there.
#pragma once

namespace carrel {

#if defined(__SANITIZE_ADDRESS__)
inline constexpr bool sanitized = true;
#else
inline constexpr bool sanitized = false;
#endif

}  // namespace carrel
