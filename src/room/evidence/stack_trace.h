// TraceTracker: tells, line by line, which lines belong to a stack trace, so that it stays whole.
//
// Java, Kotlin, Scala, .NET and Node (frames "at ..."), Ruby ("from x.rb:1:in"), Python (Traceback ... last
// line is the exception), Go (goroutine blocks). In Java's the head and the last "Caused by:" decide, in
// Python's the last line, and the field that pydantic tells below it.
#pragma once

#include <cstdint>
#include <string_view>

namespace carrel {

class TraceTracker {
 public:
  enum class Role : std::uint8_t {
    none,       // no part of a trace
    starts,     // begins one itself (Python's "Traceback")
    continues,  // belongs to the trace whose head is the line before
    cause,      // continues, and says what caused it ("Caused by: ...")
    ends,       // the exception at the end of Python's
  };
  Role next(std::string_view line);
  void reset() { *this = TraceTracker(); }
  bool open() const { return language_ != Language::none; }

 private:
  enum class Language : std::uint8_t { none, frames, python, fields, go };
  Role first(std::string_view line, std::string_view text);
  Language language_ = Language::none;
  std::size_t indent_ = 0;
  std::uint32_t lines_ = 0;
};

// The function and place that a frame of a trace names ("com.acme.Export.rows(Export.java:88)"), where they
// are the program's own; empty for a library's, a runtime's, and for what is no frame.
std::string_view own_frame(std::string_view line);

}  // namespace carrel
