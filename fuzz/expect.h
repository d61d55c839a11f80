// What a fuzzer expects of the code it drives. A broken expectation ends the program, and the finding's first
// line says where it stands.
#pragma once

#include <cstdio>
#include <cstdlib>

namespace carrel {

// std::source_location needs a newer clang than Debian 12's.
inline void expect(bool holds, const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
  if (holds) return;
  std::fprintf(stderr, "expected at %s:%d\n", file, line);
  std::abort();
}

}  // namespace carrel
