#include "tests/escape/ablation.h"

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <sstream>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "host/walls/namespace_wall.h"
#include "record/codec.h"
#include "record/probe.h"
#include "tests/escape/stand.h"

namespace carrel::escape {
namespace {

LayersLeftOut only(bool LayersLeftOut::*layer) {
  LayersLeftOut without;
  without.*layer = true;
  return without;
}

const char* part_of(const Lesser& lesser) {
  if (lesser.filter && lesser.landlock) return "attempt_without_both";
  if (lesser.filter) return "attempt_without_filter";
  return lesser.landlock ? "attempt_without_landlock" : "attempt";
}

// A fact about the room comes through where it is another than a room's.
bool came_through(const Expectation& expectation, const RoomOutcome& outcome) {
  if (outcome.ending != Ending::ok || outcome.answer.type != MessageType::result) return false;
  const auto result = decode<ProbeResult>(outcome.answer.body);
  if (!result) return false;
  if (std::string(expectation.group) == "leaks") return result->outcome != expectation.outcome;
  return result->outcome == "through";
}

std::set<std::string> try_all(const Lesser& lesser) {
  const auto stand = ProbeStand::make(probe_root());
  if (!stand) {
    std::fprintf(stderr, "%s\n", stand.error().what.c_str());
    std::abort();
  }
  const TwinRoom twin{RoomKind::read, "/probe", {part_of(lesser)}, 2, small_caps(), true};
  NamespaceWall wall(lesser.host);
  const std::atomic<bool> stop = false;
  std::set<std::string> through;
  for (const Expectation& expectation : expected_probes()) {
    // What ends by the supervisor's clock alone does so without any layer.
    if (expectation.brief) continue;
    if (came_through(expectation, run_attempt(wall, twin, *stand, expectation, stop))) {
      through.insert(expectation.probe);
    }
  }
  return through;
}

std::vector<bool> key_of(const Lesser& lesser) {
  const LayersLeftOut& host = lesser.host;
  return {lesser.filter,      lesser.landlock, host.network_namespace, host.pid_namespace,
          host.uts_namespace, host.own_root,   host.read_only_root,    host.own_id,
          host.capabilities,  host.limits,     host.environment};
}

}  // namespace

const std::vector<Ablation>& ablations() {
  using L = LayersLeftOut;
  const Lesser nothing, filter{true, false, {}}, landlock{false, true, {}}, both{true, true, {}};
  static const std::vector<Ablation> all = {
      {"seccomp", "", nothing, filter},
      {"Landlock", "", nothing, landlock},
      {"Landlock", "seccomp", filter, both},
      {"limits", "", nothing, {false, false, only(&L::limits)}},
      {"empty environment", "", nothing, {false, false, only(&L::environment)}},
      {"uts namespace", "", nothing, {false, false, only(&L::uts_namespace)}},
      {"pid namespace", "", nothing, {false, false, only(&L::pid_namespace)}},
      {"root of its own", "Landlock", landlock, {false, true, only(&L::own_root)}},
      {"read-only root", "seccomp, Landlock", both, {true, true, only(&L::read_only_root)}},
      {"network namespace", "seccomp, Landlock", both, {true, true, only(&L::network_namespace)}},
      {"no capabilities", "seccomp, Landlock", both, {true, true, only(&L::capabilities)}},
      {"a user id of its own", "seccomp, Landlock", both, {true, true, only(&L::own_id)}},
  };
  return all;
}

const std::set<std::string>& come_through(const Lesser& lesser) {
  static std::map<std::vector<bool>, std::set<std::string>> known;
  const auto key = key_of(lesser);
  const auto found = known.find(key);
  return found != known.end() ? found->second : known.emplace(key, try_all(lesser)).first->second;
}

std::set<std::string> stopped_by(const Ablation& ablation) {
  std::set<std::string> probes = come_through(ablation.after);
  for (const std::string& before : come_through(ablation.before)) probes.erase(before);
  return probes;
}

std::string table() {
  std::string text =
      "| without | in a room that has all but | these probes come through | number |\n|---|---|---|---|\n";
  for (const Ablation& ablation : ablations()) {
    const auto probes = stopped_by(ablation);
    text += fmt::format(
        "| {} | {} | {} | {} |\n", ablation.layer,
        ablation.besides[0] == '\0' ? "this layer" : std::string(ablation.besides) + " and this layer",
        fmt::join(probes, ", "), probes.size());
  }
  return text;
}

std::map<std::string, std::set<std::string>> parse_table(const std::string& text) {
  std::map<std::string, std::set<std::string>> lines;
  std::istringstream all(text);
  for (std::string line; std::getline(all, line);) {
    std::vector<std::string> cells;
    std::istringstream parts(line);
    for (std::string cell; std::getline(parts, cell, '|');) {
      const std::size_t first = cell.find_first_not_of(' ');
      cells.push_back(first == std::string::npos
                          ? std::string()
                          : cell.substr(first, cell.find_last_not_of(' ') - first + 1));
    }
    if (cells.size() < 4) continue;
    std::set<std::string>& probes = lines[cells[1] + "|" + cells[2]];
    std::istringstream names(cells[3]);
    for (std::string name; names >> name;) {
      if (name.back() == ',') name.pop_back();
      probes.insert(name);
    }
  }
  return lines;
}

}  // namespace carrel::escape
