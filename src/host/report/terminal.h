// The report for a person at a terminal. Text of the bundle and of a model is escaped, whatever the terminal.
#pragma once

#include <string>
#include <string_view>

#include "record/report.h"

namespace carrel {

struct TerminalStyle {
  bool colour = false;
  std::size_t width = 100;  // columns
};

std::string to_terminal(const Report& report, const TerminalStyle& style);

// One line for a batch: run, input, verdict, confidence, checks and the cause, cut to the width.
std::string to_summary_line(const Report& report, const TerminalStyle& style);

// "4.2 MB", powers of 1000.
std::string human_bytes(std::uint64_t bytes);

// "12,003"
std::string human_count(std::uint64_t count);

}  // namespace carrel
