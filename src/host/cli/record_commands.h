// The commands over what is kept of runs: ledger, search, purge.
#pragma once

#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "host/cli/cli.h"

namespace CLI {
class App;
}

namespace carrel {

class RecordCommands {
 public:
  // Adds the commands to the program's; `common` gives each of them the flags that all commands take.
  RecordCommands(CLI::App& app, const std::function<void(CLI::App*)>& common);

  // Runs the command that was named, and gives its exit status; nothing where it is none of these.
  std::optional<int> run(const Desk& desk) const;

 private:
  using Command = std::function<int(const Desk&)>;
  CLI::App* add(CLI::App& app, const char* name, const char* meaning, const char* examples, Command command);

  std::function<void(CLI::App*)> common_;
  std::vector<std::pair<CLI::App*, Command>> commands_;
};

}  // namespace carrel
