// Progress on stderr: one line that is rewritten on a terminal, with the stage, how far it is and the time
// left; plain lines, one a stage, elsewhere; nothing when quiet.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "host/flow/run.h"

namespace carrel {

class ProgressLine {
 public:
  ProgressLine(const std::string& input, bool quiet);
  ~ProgressLine();
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  RunObserver observer();
  // A stage begins; how far it is, in the stage's own unit.
  void stage(const std::string& name);
  void progress(std::uint64_t done, std::uint64_t total);
  // A line of its own that stays, unless quiet; the stage goes on.
  void note(const std::string& text) const;
  // What a room tells of itself is part of the line from then on.
  void room(const Progress& told);
  // Takes the line away, before other output.
  void clear();

 private:
  std::string input_, stage_;
  bool quiet_, terminal_;
  std::chrono::steady_clock::time_point stage_start_, shown_;
  std::optional<std::uint64_t> first_;  // what progress() of this stage began with
  Progress room_;                       // what it told last; with a context, its engine's figures
};

// The figures of an engine at work, so many tokens after `seconds` of its stage: "reading 43 %, 512 tokens/s,
// context 1,234 of 8,192, 3 s left, 1.2 GB". While it writes, the time left is the most that the cap allows.
std::string engine_figures(const Progress& told, std::uint64_t tokens, double seconds);

// True where stderr or stdout (1, 2) is a terminal that takes colours: NO_COLOR unset and TERM not "dumb".
bool takes_colour(int descriptor);

// Columns of the terminal behind stdout or stderr (1, 2), 100 where there is none.
std::size_t terminal_width(int descriptor);

}  // namespace carrel
