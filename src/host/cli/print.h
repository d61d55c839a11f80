// Prints to stdout. Nothing is told where it fails: stdout remembers that, and run_cli tells it once at the
// end. (fmt::print would throw.)
#pragma once

#include <cstdio>
#include <utility>

#include <fmt/format.h>

namespace carrel {

template <class... T>
void print(fmt::format_string<T...> format, T&&... values) {
  std::fputs(fmt::format(format, std::forward<T>(values)...).c_str(), stdout);
}

}  // namespace carrel
