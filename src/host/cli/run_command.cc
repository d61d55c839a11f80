// `carrel triage` and `carrel run`.
#include <cstdio>
#include <filesystem>

#include <fmt/format.h>
#include <glob.h>

#include "host/cli/cli.h"
#include "host/cli/find_run.h"
#include "host/cli/progress.h"
#include "host/flow/choose_wall.h"
#include "host/flow/run.h"
#include "host/report/terminal.h"
#include "record/exit_status.h"
#include "record/limits.h"

namespace carrel {
namespace {

// A pattern that no shell has expanded is expanded here; a name that exists is itself.
std::vector<std::string> expand(const std::vector<std::string>& inputs) {
  std::vector<std::string> out;
  std::error_code error;
  for (const std::string& input : inputs) {
    glob_t found{};
    if (!std::filesystem::exists(input, error) && ::glob(input.c_str(), 0, nullptr, &found) == 0) {
      out.insert(out.end(), found.gl_pathv, found.gl_pathv + found.gl_pathc);
    } else {
      out.push_back(input);
    }
    ::globfree(&found);
  }
  return out;
}

// A run that names no tenant belongs to one of its own.
std::string tenant_of(const Desk& desk) {
  const std::string& given = desk.settings.text("tenant");
  return given.empty() ? throw_away_tenants + new_run_id() : given;
}

// The error of a question that no job can hold.
Status fits(const char* place, const std::string& question) {
  if (question.size() <= limit::question) return {};
  return Error{Code::usage,
               fmt::format("{}: the question has {} bytes; at most {} are allowed", place, question.size(),
                           limit::question),
               "ask a shorter one; what the model should know beside it belongs in a playbook's prompts"};
}

int run_and_print(const Desk& desk, const RunRequest& request, Wall& wall, Ledger& ledger, bool batch) {
  ProgressLine progress(request.input, desk.quiet);
  auto report = run_playbook(request, wall, ledger, progress.observer(), stop_requested);
  progress.clear();
  if (!report) return tell(batch ? std::move(report.error()).in(request.input) : report.error());

  const TerminalStyle style{!desk.plain && takes_colour(1), terminal_width(1)};
  std::string text;
  if (desk.json) {
    text = to_json(*report);
  } else {
    text = batch ? to_summary_line(*report, style) + "\n" : to_terminal(*report, style);
  }
  // Each report of a batch is given as soon as it is there. run_cli tells where stdout failed.
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
  return report->passed() ? exit_status::passed : exit_status::checks_failed;
}

int run_one(const Desk& desk, const RunRequest& request, Wall& wall, bool batch) {
  const std::string data = desk.data_folder();
  if (data.empty())
    return tell({Code::usage, "there is no folder for the ledger", "set HOME, or name one with --data"});
  auto ledger = Ledger::open(data, request.tenant, key_source(desk, request.tenant));
  if (!ledger) return tell(ledger.error());
  if (wants_key(desk) && !ledger->sealed()) {
    return tell(
        {Code::usage, fmt::format("the ledger of tenant {} was made without a key", request.tenant),
         "run it without the key, or for a tenant of another name, whose ledger is sealed from the start"});
  }
  return run_and_print(desk, request, wall, *ledger, batch);
}

}  // namespace

int run_command(const Desk& desk, const RunArguments& arguments) {
  if (Status fit = fits("--ask", arguments.question); !fit) return tell(fit.error());
  auto folder = desk.playbook_folder(arguments.playbook);
  if (!folder) return tell(folder.error());
  auto playbook = load_playbook(*folder, setting_mistake);
  if (!playbook) return tell(playbook.error());
  auto rooms = desk.rooms_folder();
  if (!rooms) return tell(rooms.error());
  auto wall = choose_wall(desk.settings, *rooms);
  if (!wall) return tell(wall.error());

  Settings settings = desk.settings;
  ask_house_model(*playbook, *rooms, &settings);
  std::string model_sha256;
  if (Status found = resolve_model(desk, &settings, &model_sha256); !found) return tell(found.error());
  auto key = bundle_key(desk);
  if (!key) return tell(key.error());

  const std::vector<std::string> inputs = expand(arguments.inputs);
  int first_failure = exit_status::passed;
  for (const std::string& input : inputs) {
    // A throw-away tenant has no next run.
    const bool keeps_states = !desk.settings.text("tenant").empty();
    const RunRequest request{*playbook,    input, arguments.question, settings, *rooms, tenant_of(desk),
                             model_sha256, *key,  keeps_states};
    const int status = run_one(desk, request, **wall, inputs.size() > 1);
    if (first_failure == exit_status::passed) first_failure = status;
    if (stop_requested) return exit_status::interrupted;
  }
  return first_failure;
}

int ask_command(const Desk& desk, const AskArguments& arguments) {
  if (Status fit = fits("QUESTION", arguments.question); !fit) return tell(fit.error());
  if (arguments.question.empty())
    return tell({Code::usage, "the question is empty", "`carrel replay` does a run again"});
  auto found = find_run(desk, arguments.run);
  if (!found) return tell(found.error());
  const RunRow& run = found->row;
  auto request = request_of(desk, run, arguments.input, "as");
  if (!request) return tell(request.error());
  request->question = arguments.question;
  request->keeps_states = !run.tenant.starts_with(throw_away_tenants);
  if (Status set = request->settings.set("after", run.id, Source::flag, "carrel ask"); !set)
    return tell(set.error());
  auto wall = choose_wall(request->settings, request->rooms);
  if (!wall) return tell(wall.error());
  return run_and_print(desk, *request, **wall, found->ledger, false);
}

}  // namespace carrel
