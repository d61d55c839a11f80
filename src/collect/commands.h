// The commands of `support-diag` that have a file of their own.
#pragma once

#include <functional>

#include "base/result.h"

namespace CLI {
class App;
}

namespace carrel {

// What the command line chose; run after it was read, and returns the exit status.
using Chosen = std::function<int()>;

// Adds the command to the program; it becomes `*chosen` when the command line names it.
void add_redact_command(CLI::App* app, Chosen* chosen);
void add_reveal_command(CLI::App* app, Chosen* chosen);
void add_seal_commands(CLI::App* app, Chosen* chosen);  // keys, seal, open

// Tells an error on stderr, with its remedy; returns its exit status.
int tell(const Error& error);

}  // namespace carrel
