// `carrel room probe`: hostile programs in twins of the rooms that runs are made in, each with a control on
// the bare host.
#include <fmt/format.h>

#include "base/text.h"
#include "host/cli/cli.h"
#include "host/cli/print.h"
#include "host/cli/progress.h"
#include "host/flow/choose_wall.h"
#include "host/flow/rooms.h"
#include "host/probe/probe_record.h"
#include "host/probe/vm_probes.h"
#include "host/walls/namespace_wall.h"
#include "host/walls/vm_wall.h"
#include "record/exit_status.h"

namespace carrel {
namespace {

// A model of a usual size, where no run says what a room with a model needs.
constexpr ModelNeeds usual_model{4ULL << 30, 4ULL << 30, 4};
// The think room that `carrel serve` keeps.
constexpr const char* kept_room = "kept";

Result<std::vector<TwinRoom>> twins_of(const Desk& desk, const std::string& room,
                                       const std::optional<VmWall>& machine) {
  const auto seconds = std::chrono::seconds(desk.settings.whole("wall-seconds"));
  std::vector<TwinRoom> twins;
  for (const RoomKind kind : {RoomKind::read, RoomKind::check, RoomKind::inspect, RoomKind::think}) {
    // What is kept is a think room.
    const bool wanted = room == "all" || room == to_string(kind);
    const bool kept = kind == RoomKind::think && (room == "all" || room == kept_room) && !machine;
    if (!wanted && !kept) continue;
    if (const Status taken = machine ? vm_takes(kind, machine->acceleration()) : Status(); !taken) {
      if (room != "all") return taken.error();
      std::fprintf(stderr, "%s room: not probed, %s\n", to_string(kind), taken.error().what.c_str());
      continue;
    }
    const RoomShape shape = room_shape(kind, seconds, usual_model);
    // A think room of a named tenant, which knows of an earlier one, is lent most.
    const bool lent = kind == RoomKind::think;
    const TwinRoom twin{kind, shape.program, {to_string(kind)}, lent ? 2U : 1U, shape.caps, lent, false};
    if (wanted) twins.push_back(twin);
    if (kept) twins.emplace_back(twin).kept = true;
  }
  if (!twins.empty()) return twins;
  if (room == kept_room) {
    return Error{Code::usage, "no room is kept in a virtual machine", "probe it with --wall namespace"};
  }
  return Error{Code::usage, fmt::format("there is no room \"{}\"", room),
               "there are read, check, inspect, think and kept, and all of them"};
}

std::string held_by(const ProbeVerdict& verdict) {
  std::string text = verdict.outcome.empty() ? to_string(verdict.ending) : verdict.outcome;
  if (!verdict.denied.empty()) text += "  " + verdict.denied;
  if (verdict.denials > 1) text += fmt::format(" {} times", verdict.denials);
  return text;
}

void print_verdict(const ProbeVerdict& verdict) {
  print("{}\n", escape_for_terminal(fmt::format("  {:<30} {:<52} {:<13} {}", verdict.probe, held_by(verdict),
                                                verdict.control, to_string(verdict.end))));
  if (verdict.end == ProbeEnd::broken) print("      {}\n", escape_for_terminal(verdict.why));
}

void print_table(const ProbeSummary& summary, const std::vector<ProbeVerdict>& verdicts) {
  print("{} room, configuration {}\n", summary.room, summary.configuration);
  std::string group;
  for (const ProbeVerdict& verdict : verdicts) {
    if (verdict.group != group) {
      group = verdict.group;
      print("\n  {:<30} {:<52} {:<13}\n", group, "in the room", "outside");
    }
    print_verdict(verdict);
  }
  print("\n{} probes of the {} room: {} held, {} broken, {} prove nothing here{}\n\n", summary.all(),
        summary.room, summary.held, summary.broken, summary.proves_nothing,
        summary.proves_nothing == 0 ? "" : " (this machine or user does not allow them outside either)");
}

Result<std::vector<ProbeVerdict>> probe_room(const TwinRoom& twin, const ProbeStand& stand,
                                             std::optional<VmWall>& machine, const RunObserver& observer) {
  observer.stage("probe");
  if (machine) return run_vm_probes(*machine, twin, stand, observer.progress, stop_requested);
  NamespaceWall wall;
  std::vector<ProbeVerdict> verdicts;
  const std::vector<Expectation>& all = expected_probes();
  for (const Expectation& expectation : all) {
    if (stop_requested) return Error{Code::interrupted, "interrupted", ""};
    if (std::string_view(expectation.group) == lent_memory && !twin.output) continue;
    observer.progress(verdicts.size(), all.size());
    verdicts.push_back(run_probe(wall, twin, stand, expectation, stop_requested));
    // A room that cannot be made at all is no finding of a probe.
    if (verdicts.size() == 1 && verdicts[0].ending == Ending::setup_error) {
      return Error{Code::room_refused, "no room can be made here: " + verdicts[0].why,
                   "`carrel doctor` tells what this machine lacks"};
    }
  }
  return verdicts;
}

}  // namespace

int room_probe_command(const Desk& desk, const RoomArguments& arguments) {
  auto folder = desk.rooms_folder();
  if (!folder) return tell(folder.error());
  std::optional<VmWall> machine;  // where it is not the namespace wall
  if (desk.settings.text("wall") == "vm") {
    auto image = find_vm_image(*folder);
    if (!image) return tell(image.error());
    machine.emplace(std::move(*image), acceleration_of(desk.settings), user_cache_folder());
  }
  auto twins = twins_of(desk, arguments.room, machine);
  if (!twins) return tell(twins.error());
  auto stand = ProbeStand::make(*folder + "/probe-root");
  if (!stand) return tell(stand.error());

  bool broken = false;
  std::string documents;
  for (const TwinRoom& twin : *twins) {
    ProgressLine progress(fmt::format("{} room", name_of(twin)), desk.quiet);
    auto verdicts = probe_room(twin, *stand, machine, progress.observer());
    progress.clear();
    if (!verdicts) return tell(verdicts.error());
    const ProbeSummary summary = summarise(name_of(twin), *verdicts, CARREL_VERSION);
    broken = broken || summary.broken > 0;
    if (desk.json) {
      documents += (documents.empty() ? "[\n" : ",\n") + to_json(summary, *verdicts);
    } else {
      print_table(summary, *verdicts);
    }
    // What runs with these rooms can show (`carrel prove`).
    if (Status kept = keep_probe_record(desk.data_folder(), summary, *verdicts); !kept) {
      return tell(kept.error());
    }
  }
  if (desk.json) print("{}]\n", documents);
  return broken ? exit_status::room_refused : exit_status::passed;
}

}  // namespace carrel
