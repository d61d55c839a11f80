// LogStore: what the miner keeps of the text that streamed by: per file its counts, and the templates worth
// keeping.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "room/evidence/line_class.h"
#include "room/evidence/mechanism.h"
#include "room/inventory/line_sink.h"

namespace carrel {

// One line or stack trace of a log with all lines of its template.
// A line of a trace that tells a cause: "Caused by: ...".
struct TraceCause {
  std::uint32_t line = 0;
  std::string text;
};

struct LogEntry {
  std::uint32_t file = 0;  // index into LogStore::files
  std::uint64_t hash = 0;
  std::uint32_t count = 0;
  std::uint32_t first_line = 0;
  std::uint32_t last_line = 0;
  Severity severity = Severity::unknown;
  bool stated = false;  // the logger wrote the level
  std::string example;  // the first line, verbatim, at most limit::quote bytes of valid UTF-8
  std::string message;  // without time, level, logger
  std::string details;  // its other fields, where the message is only a name
  std::string first_time, last_time, logger;
  const Mechanism* mechanism = nullptr;
  std::uint32_t phrase_begin = 0, phrase_end = 0;  // of the mechanism's phrase in `message`
  int shared_words = 0;                            // with the question
  std::uint32_t topics = 0;
  int meets_time = 0;        // Question::meets_time
  bool first_fault = false;  // the first line of error level in its file
  bool at_start = false;     // among the first lines of its file
  bool at_end = false;       // among the last lines of its file
  bool burst = false;        // much of it came at once
  bool commonest = false;    // the most frequent template of its file
  bool recovered = false;    // a later line says that this is over
  bool handled = false;      // it says itself that it is none of the program's: "ignored", "client went away"
  bool tells_value = false;  // a setting or a measure: "expiry: 60 seconds", "76.2% of total CPU time"
  bool tells_cause = false;  // "causing", "due to"
  double score = 0;
  // A stack trace: its lines and their text as far as it fits into limit::quote, and the line that decides.
  std::uint32_t trace_first = 0;  // 0: no trace
  std::uint32_t trace_end = 0;
  std::string trace;
  std::uint32_t decisive_line = 0;  // 0: the head decides
  std::string decisive;
  std::vector<TraceCause> causes;  // that stand before the decisive line
  std::string frame;               // where in the program's own code, verbatim
  std::uint32_t frame_line = 0;

  bool is_fault() const { return severity >= Severity::warning; }
  bool is_error() const { return severity >= Severity::error; }
};

// Pods of one workload count as one component: its namespace, the name without generated endings, and the
// container; of a file that is of no pod, its path.
std::string workload_of(const TextFile& file);

struct LogFile {
  TextFile file;
  std::uint64_t lines = 0;
  std::uint64_t error_lines = 0;  // of level error and above
  std::uint64_t warning_lines = 0;
  std::uint64_t dropped_lines = 0;   // of templates that were not kept
  std::uint64_t overflow_lines = 0;  // lines whose template found no room
  bool mined = false;                // structured files are counted, not mined
};

struct LogStore {
  std::vector<LogFile> files;
  std::vector<LogEntry> entries;  // in the order of files, then of first lines
  std::uint64_t lines = 0;
};

}  // namespace carrel
