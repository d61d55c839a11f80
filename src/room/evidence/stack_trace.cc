#include "room/evidence/stack_trace.h"

#include "base/text.h"

namespace carrel {
namespace {

constexpr std::uint32_t kLongest = 4096;  // lines; what goes on after that is no trace

bool is_frame(std::string_view text) {
  if (text.starts_with("at ")) return text.size() > 3 && text[3] != ' ';
  if (text.starts_with("... ")) return text.ends_with(" more") || text.ends_with("common frames omitted");
  if (text.starts_with("from ")) return text.find(":in ") != std::string_view::npos;
  return text.starts_with("--- End of ");
}

bool is_cause(std::string_view text) {
  return text.starts_with("Caused by: ") || text.starts_with("---> ") || text.starts_with("[cause]: ");
}

bool is_goroutine(std::string_view text) {
  return text.starts_with("goroutine ") && text.ends_with("]:");
}

}  // namespace

TraceTracker::Role TraceTracker::first(std::string_view line, std::string_view text) {
  if (text.starts_with("Traceback (most recent call last)")) {
    language_ = Language::python;
    indent_ = line.size() - text.size();
    lines_ = 0;
    return Role::starts;
  }
  const bool indented = text.size() < line.size();
  if (indented && is_frame(text)) {
    language_ = Language::frames;
    lines_ = 0;
    return Role::continues;
  }
  if (!indented && is_goroutine(text)) {
    language_ = Language::go;
    lines_ = 0;
    return Role::continues;
  }
  return Role::none;
}

TraceTracker::Role TraceTracker::next(std::string_view line) {
  std::size_t blank = 0;
  while (blank < line.size() && (line[blank] == ' ' || line[blank] == '\t')) ++blank;
  const std::string_view text = trim(line);
  if (language_ == Language::none) return first(line, text);
  if (++lines_ > kLongest) {
    reset();
    return Role::none;
  }
  switch (language_) {
    case Language::frames:
      if (is_cause(text)) return Role::cause;
      if (is_frame(text) || (blank > 0 && !text.empty()) || text == "}" || text.starts_with("Suppressed: ")) {
        return Role::continues;
      }
      break;
    case Language::python:
      if (text.empty() || blank > indent_ || text.starts_with("File \"") ||
          text.starts_with("During handling of") || text.starts_with("The above exception") ||
          text.starts_with("Traceback (most recent")) {
        return Role::continues;
      }
      reset();
      return Role::ends;
    case Language::go:
      if (text.empty() || blank > 0 || text.ends_with(")") || text.starts_with("created by ") ||
          is_goroutine(text)) {
        return Role::continues;
      }
      break;
    case Language::none:
      break;
  }
  reset();
  return first(line, text);
}

}  // namespace carrel
