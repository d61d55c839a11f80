// Whether this is compiled for the address sanitizer, under which code takes many times as long: tests that
// say the same again and again say it less often there.
#pragma once

namespace carrel {

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define CARREL_SANITIZED true
#endif
#endif
#if !defined(CARREL_SANITIZED)
#define CARREL_SANITIZED false
#endif
inline constexpr bool sanitized = CARREL_SANITIZED;
#undef CARREL_SANITIZED

}  // namespace carrel
