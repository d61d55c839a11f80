// Task: one file that the bundle is to have, and how it is had.
//
// What could not be had is no Error: it is told in the TaskEnd and becomes an entry of the manifest. An Error
// ends the collection: a disk that is full, an interruption.
#pragma once

#include <functional>
#include <string>

#include "base/result.h"
#include "collect/spool/spool.h"

namespace carrel {

// The status of what was made of other answers.
inline constexpr const char* status_made = "made";

struct TaskEnd {
  std::string status;   // "HTTP 200", "exit 0", "read"
  std::string missing;  // why there is no such file; empty where there is
  std::string cut;      // what of it is not there, and why
};

struct Task {
  std::string path;    // below the bundle's top folder
  std::string source;  // the command or the path that it comes from, as a person could run it
  std::string why;     // for --explain
  std::function<Result<TaskEnd>(Spool&)> run;
  bool made = false;  // of what is had anyway: nothing is run or read for it
};

// A word as a shell takes it for itself: in quotes where it has to be.
std::string shell_word(const std::string& text);

}  // namespace carrel
