// What the command lines of all programs do alike, over CLI11: `help` and `version` as words, names that
// nobody knows, values that are empty, and the end of the output.
#pragma once

#include <optional>
#include <vector>

#include "base/result.h"

namespace CLI {
class App;
class Option;
class ParseError;
}  // namespace CLI

namespace carrel {

// The words of a command line; `help CMD` and `version` become the flags that mean the same.
std::vector<const char*> with_flags(int count, const char* const* words);

// The Error (Code::usage) of the first word that names no command, with the one that is nearly called so;
// nothing where every word that must name one does.
std::optional<Error> unknown_command(const CLI::App& app, const std::vector<const char*>& words);

// What is wrong with a command line that CLI11 refused.
Error usage_error(const CLI::App& app, const CLI::ParseError& refused);

// An empty value is refused, as what it was meant to be was lost on the way here: `carrel show "$RUN"`.
CLI::Option* not_empty(CLI::Option* option);

// The exit status of a program that came to `status`, once what it printed is written: stdout is buffered,
// and remembers what was lost at any time until here. Whoever reads it may leave early (`| head`), and that
// is no failure of anybody's. `tell` says an Error and gives its status; `remedy` is of what was lost.
int status_at_end(int status, int (*tell)(const Error&), const char* remedy);

}  // namespace carrel
