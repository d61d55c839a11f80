// `carrel diff` and `carrel replay`: two runs, told apart.
#include <cstdio>
#include <filesystem>

#include <fmt/format.h>

#include "base/text.h"
#include "host/cli/find_run.h"
#include "host/cli/print.h"
#include "host/cli/progress.h"
#include "host/cli/record_commands.h"
#include "host/flow/choose_wall.h"
#include "host/review/diff.h"
#include "host/review/review.h"
#include "record/exit_status.h"

namespace carrel {
namespace {

// Runs a request in the tenant's ledger and reads the run back as it was kept.
Result<ComparedRun> run_and_read(const Desk& desk, const RunRequest& request, Ledger& ledger) {
  auto wall = choose_wall(request.settings, request.rooms);
  if (!wall) return wall.error();
  ProgressLine progress(request.input, desk.quiet);
  auto report = run_playbook(request, **wall, ledger, progress.observer(), stop_requested);
  progress.clear();
  if (!report) return report.error();
  auto rows = ledger.find_all(report->run, 1);
  if (!rows) return rows.error();
  if (rows->empty()) return Error{Code::internal, "a run that was made is not in its ledger", ""};
  return compared_run(ledger, rows->front());
}

// Triages a bundle without a model, for what it holds.
Result<ComparedRun> of_bundle(const Desk& desk, const std::string& path) {
  const std::string& tenant = desk.settings.text("tenant");
  if (tenant.empty()) {
    return Error{Code::usage, "to compare bundles it must be said whose they are",
                 "name the tenant with --tenant: two bundles of one tenant can be compared"};
  }
  auto rooms = desk.rooms_folder();
  if (!rooms) return rooms.error();
  auto playbook = playbook_named(desk, "k8s-triage");
  if (!playbook) return playbook.error();
  auto ledger = Ledger::open(desk.data_folder(), tenant, key_source(desk, tenant));
  if (!ledger) return ledger.error();
  auto key = bundle_key(desk);
  if (!key) return key.error();
  RunRequest request{*playbook, path, "", desk.settings, *rooms, tenant};
  request.key = std::move(*key);
  if (Status set = request.settings.set("engine", "none", Source::flag, "carrel diff"); !set)
    return set.error();
  return run_and_read(desk, request, *ledger);
}

Result<ComparedRun> compared(const Desk& desk, const std::string& what) {
  std::error_code error;
  if (std::filesystem::exists(what, error)) return of_bundle(desk, what);
  if (what.find_first_not_of("0123456789abcdef-") != std::string::npos) {
    return Error{Code::usage, "no such file or run: " + what,
                 "`carrel runs` lists the runs; a bundle is named by its path"};
  }
  auto found = find_run(desk, what);
  if (!found) return found.error();
  return compared_run(found->ledger, found->row);
}

void print_diff(const Desk& desk, const RunDiff& diff) {
  print("{}", desk.json ? to_json(diff) : to_terminal(diff, {!desk.plain && takes_colour(1)}));
}

}  // namespace

int diff_command(const Desk& desk, const DiffArguments& arguments) {
  auto a = compared(desk, arguments.a);
  if (!a) return tell(a.error());
  auto b = compared(desk, arguments.b);
  if (!b) return tell(b.error());
  if (!may_be_compared(a->row, b->row)) {
    return tell({Code::usage,
                 fmt::format("the runs are of two tenants, {} and {}", a->row.tenant, b->row.tenant),
                 "tenants share nothing; compare two runs of one"});
  }
  const RunDiff diff = diff_runs(*a, *b);
  print_diff(desk, diff);
  return diff.same_report() ? exit_status::passed : exit_status::checks_failed;
}

int replay_command(const Desk& desk, const ReplayArguments& arguments) {
  auto found = find_run(desk, arguments.run);
  if (!found) return tell(found.error());
  auto before = compared_run(found->ledger, found->row);
  if (!before) return tell(before.error());
  // Without any kept state: a replay is to find out what another reading gives.
  auto request = request_of(desk, found->row, arguments.input, "replay");
  if (!request) return tell(request.error());
  auto after = run_and_read(desk, *request, found->ledger);
  if (!after) return tell(after.error());
  const RunDiff diff = diff_runs(*before, *after);
  print_diff(desk, diff);
  return diff.identical() ? exit_status::passed : exit_status::checks_failed;
}

}  // namespace carrel
