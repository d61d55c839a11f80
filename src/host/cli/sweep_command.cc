// `carrel sweep`.
#include <cstdio>
#include <set>

#include <fmt/format.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/text.h"
#include "host/cli/eval_desk.h"
#include "host/cli/model_desk.h"
#include "host/cli/print.h"
#include "host/cli/progress.h"
#include "host/eval/sweep.h"
#include "host/flow/choose_wall.h"
#include "record/exit_status.h"

namespace carrel {
namespace {

// The cell's settings over those of the command, its model by its name of the list or by its file.
Result<Settings> settings_of(const Desk& desk, const SweepCell& cell) {
  Settings settings = desk.settings;
  for (const auto& [name, value] : cell.settings) {
    if (Status set = settings.set(name, value, Source::flag, "carrel sweep"); !set) return set.error();
    if (name != "model") continue;
    if (Status set = settings.set("engine", "llama", Source::flag, "carrel sweep"); !set) return set.error();
  }
  std::string sha256;  // the evaluation hashes the file itself
  if (Status found = resolve_model(desk, &settings, &sha256); !found) return found.error();
  return settings;
}

// How the sampling of a cell departs from what its model file recommends.
Result<std::vector<std::string>> departures(const Desk& desk, const Playbook& playbook, Settings settings) {
  if (settings.text("engine") != "llama") return std::vector<std::string>();
  for (const auto& [name, value] : playbook.settings) {
    if (Status set = settings.set(name, value, Source::playbook, playbook.title()); !set) return set.error();
  }
  auto model = open_model(desk, settings.text("model"), {});
  if (!model) return model.error();
  std::vector<std::string> notes = model->recommend(&settings);
  for (std::string& note : notes) note = fmt::format("{}: {}", model->name(), note);
  return notes;
}

class Sweep {
 public:
  Sweep(const Desk& desk, EvalRequest request) : desk_(desk), request_(std::move(request)) {}

  Result<SweepPoint> evaluate_cell(const SweepCell& cell, std::size_t number, std::size_t all) {
    auto settings = settings_of(desk_, cell);
    if (!settings) return settings.error();
    ask_house_model(request_.playbook, request_.rooms, &*settings);
    if (Status taken = wall_takes_engine(*settings); !taken) return taken.error();
    auto wall = choose_wall(*settings, request_.rooms);
    if (!wall) return wall.error();
    auto notes = departures(desk_, request_.playbook, *settings);
    if (!notes) return notes.error();
    notes_.insert(notes->begin(), notes->end());

    EvalRequest request = request_;
    request.settings = std::move(*settings);
    request.jobs = cell.jobs;
    // How long a case takes depends on how many run beside it: results of other numbers are not taken.
    if (cell.jobs > 1) request.tenant += fmt::format("-at-{}", cell.jobs);
    EvalObserver observer;
    observer.finished = [&](const CaseResult&, std::size_t done, std::size_t cases) {
      if (desk_.quiet) return;
      const bool terminal = ::isatty(2) != 0;
      if (!terminal && done != cases) return;
      std::fprintf(stderr, "%s%zu of %zu: %s: %zu of %zu cases%s", terminal ? "\r\x1b[K" : "", number, all,
                   escape_for_terminal(cell.label()).c_str(), done, cases, terminal ? "" : "\n");
    };
    auto evaluation = evaluate(request, **wall, observer, stop_requested);
    if (!desk_.quiet && ::isatty(2) != 0) std::fputs("\r\x1b[K", stderr);
    if (!evaluation) return evaluation.error();
    return point_of(cell, *evaluation);
  }

  std::vector<std::string> notes() const { return {notes_.begin(), notes_.end()}; }

 private:
  const Desk& desk_;
  const EvalRequest request_;
  std::set<std::string> notes_;
};

}  // namespace

int sweep_command(const Desk& desk, const SweepArguments& arguments) {
  auto request = eval_request(desk, arguments.playbook, arguments.cases, arguments.only, arguments.split);
  if (!request) return tell(request.error());
  auto cells = cells_of(
      {arguments.models, arguments.contexts, arguments.tries, arguments.temperatures, arguments.jobs});
  if (!cells) return tell(cells.error());

  // A mistake in the last combination is told before the first one has run.
  for (const SweepCell& cell : *cells) {
    if (auto settings = settings_of(desk, cell); !settings)
      return tell(std::move(settings.error()).in(cell.label()));
  }

  request->afresh = arguments.afresh;
  SweepView view;
  view.playbook = request->playbook.title();
  view.cases = request->cases.cases.size();
  Sweep sweep(desk, std::move(*request));
  for (const SweepCell& cell : *cells) {
    auto point = sweep.evaluate_cell(cell, view.points.size() + 1, cells->size());
    if (!point) return tell(std::move(point.error()).in(cell.label()));
    view.points.push_back(std::move(*point));
  }
  view.notes = sweep.notes();
  if (!arguments.html.empty()) {
    if (Status written = write_file_durably(arguments.html, to_html(view), 0644); !written)
      return tell(written.error());
  }
  if (desk.json) {
    print("{}", to_json(view));
  } else {
    print("{}", to_terminal(view, {!desk.plain && takes_colour(1), terminal_width(1)}));
  }
  return exit_status::passed;
}

}  // namespace carrel
