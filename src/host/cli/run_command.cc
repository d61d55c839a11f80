// `carrel triage` and `carrel run`.
#include <array>
#include <cstdio>
#include <filesystem>
#include <limits>

#include <fmt/format.h>
#include <glob.h>
#include <unistd.h>

#include "base/json_writer.h"
#include "host/cli/cli.h"
#include "host/cli/find_run.h"
#include "host/cli/print.h"
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

Result<Report> run_with_progress(const Desk& desk, const RunRequest& request, Wall& wall, Ledger& ledger) {
  ProgressLine progress(request.input, desk.quiet);
  auto report = run_playbook(request, wall, ledger, progress.observer(), stop_requested);
  progress.clear();
  return report;
}

Result<Report> run_one(const Desk& desk, const RunRequest& request, Wall& wall) {
  const std::string data = desk.data_folder();
  if (data.empty())
    return Error{Code::usage, "there is no folder for the ledger", "set HOME, or name one with --data"};
  auto ledger = Ledger::open(data, request.tenant, key_source(desk, request.tenant));
  if (!ledger) return ledger.error();
  if (wants_key(desk) && !ledger->sealed()) {
    return Error{
        Code::usage, fmt::format("the ledger of tenant {} was made without a key", request.tenant),
        "run it without the key, or for a tenant of another name, whose ledger is sealed from the start"};
  }
  return run_with_progress(desk, request, wall, *ledger);
}

int status_of(const Report& report) {
  return report.passed() ? exit_status::passed : exit_status::checks_failed;
}

// Alone: the whole report. run_cli tells where stdout failed.
int print_report(const Desk& desk, const Result<Report>& report) {
  if (!report) return tell(report.error());
  const TerminalStyle style{!desk.plain && takes_colour(1), terminal_width(1)};
  print("{}", desk.json ? to_json(*report) : to_terminal(*report, style));
  return status_of(*report);
}

// JSON without its line ends, which no text in it holds, and the indentation behind them.
std::string in_one_line(const std::string& json) {
  std::string line;
  bool indentation = false;
  for (const char c : json) {
    indentation = c == '\n' || (indentation && c == ' ');
    if (!indentation) line += c;
  }
  return line + "\n";
}

// Several inputs: a line for each as soon as it is there, and the sum. In JSON, an object a line.
class Batch {
 public:
  explicit Batch(const Desk& desk) : desk_(desk) {}

  int add(const std::string& input, const Result<Report>& report) {
    ++inputs_;
    const int status = report ? status_of(*report) : tell(Error(report.error()).in(input));
    if (!report) {
      ++failed_;
      if (desk_.json) print_failure(input, report.error());
    } else {
      ++verdicts_[static_cast<std::size_t>(report->verdict)];
      if (!report->passed()) ++checks_failed_;
      // Only a terminal has a width that a cause would have to be cut to.
      const std::size_t width =
          ::isatty(1) == 1 ? terminal_width(1) : std::numeric_limits<std::size_t>::max();
      print("{}",
            desk_.json ? in_one_line(to_json(*report)) : to_summary_line(*report, {false, width}) + "\n");
    }
    std::fflush(stdout);
    return status;
  }

  void finish() const {
    if (desk_.json) return;
    std::string sum;
    const auto part = [&](std::size_t count, const char* what) {
      if (count > 0) sum += fmt::format("{}{} {}", sum.empty() ? "" : ", ", count, what);
    };
    const auto of = [&](Verdict verdict) { return verdicts_[static_cast<std::size_t>(verdict)]; };
    part(of(Verdict::fault), of(Verdict::fault) == 1 ? "fault" : "faults");
    part(of(Verdict::no_fault), "no fault");
    part(of(Verdict::insufficient_evidence), "insufficient evidence");
    part(failed_, "failed");
    if (checks_failed_ > 0) sum += fmt::format("; of {} a check failed", checks_failed_);
    print("{} bundles: {}\n", inputs_, sum);
  }

 private:
  static void print_failure(const std::string& input, const Error& error) {
    JsonLine json;
    json.text("input", input);
    json.text("error", error.what);
    json.text("remedy", error.remedy);
    json.count("exit_status", static_cast<std::uint64_t>(exit_status::of(error.code)));
    print("{}", json.finish());
  }

  const Desk& desk_;
  std::size_t inputs_ = 0, failed_ = 0, checks_failed_ = 0;
  std::array<std::size_t, static_cast<std::size_t>(Verdict::count_)> verdicts_{};
};

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
  Batch batch(desk);
  for (const std::string& input : inputs) {
    // A throw-away tenant has no next run.
    const bool keeps_states = !desk.settings.text("tenant").empty();
    const RunRequest request{*playbook,    input, arguments.question, settings, *rooms, tenant_of(desk),
                             model_sha256, *key,  keeps_states};
    const auto report = run_one(desk, request, **wall);
    const int status = inputs.size() > 1 ? batch.add(input, report) : print_report(desk, report);
    if (first_failure == exit_status::passed) first_failure = status;
    if (stop_requested) return exit_status::interrupted;
  }
  if (inputs.size() > 1) batch.finish();
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
  return print_report(desk, run_with_progress(desk, *request, **wall, found->ledger));
}

}  // namespace carrel
