// The commands over what is kept of runs: ledger, search, purge, trace, diff, replay, export, review.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "host/cli/cli.h"

namespace CLI {
class App;
}

namespace carrel {

struct TraceArguments {
  std::string what;   // a run, or FILE:LINE
  std::string claim;  // its number; empty: all
};
int trace_command(const Desk& desk, const TraceArguments& arguments);

struct DiffArguments {
  std::string a, b;
};
int diff_command(const Desk& desk, const DiffArguments& arguments);

struct PurgeArguments {
  std::string run, older_than;
  bool all_tenants = false, dry_run = false, yes = false;
};
int purge_command(const Desk& desk, const PurgeArguments& arguments);

struct ReplayArguments {
  std::string run, input;
};
int replay_command(const Desk& desk, const ReplayArguments& arguments);

struct ExportArguments {
  std::string run;
  bool html = false, markdown = false, tar = false, reply = false;  // none, or --json: JSON
};
int export_command(const Desk& desk, const ExportArguments& arguments);

struct ReviewArguments {
  std::string run, decision, claim, reason, text, reviewer, cases;
  std::vector<std::string> must;
  std::size_t most = 20;
  bool list = false, failed_only = false;
  std::string listen = "127.0.0.1";
  std::uint16_t port = 8095;
};
int review_command(const Desk& desk, const ReviewArguments& arguments);
// Serves the review page until it is interrupted.
int page_command(const Desk& desk, const ReviewArguments& arguments);

int reviewers_list_command(const Desk& desk);
int reviewers_add_command(const Desk& desk, const std::string& name);
int reviewers_remove_command(const Desk& desk, const std::string& name);

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
