// `carrel runs` and `carrel show`.
#include <algorithm>
#include <cstdio>

#include <fmt/format.h>
#include <rapidjson/prettywriter.h>
#include <rapidjson/stringbuffer.h>

#include "base/text.h"
#include "host/cli/cli.h"
#include "host/cli/progress.h"
#include "host/flow/exit_status.h"
#include "host/ledger/ledger.h"
#include "host/report/terminal.h"
#include "record/report.h"

namespace carrel {
namespace {

// The tenants to look at: the one that was named, or all.
std::vector<std::string> tenants_of(const Desk& desk) {
  const std::string& named = desk.settings.text("tenant");
  return named.empty() ? Ledger::tenants(desk.data_folder()) : std::vector<std::string>{named};
}

void print_json(const std::vector<RunRow>& rows) {
  rapidjson::StringBuffer buffer;
  rapidjson::PrettyWriter<rapidjson::StringBuffer> json(buffer);
  json.SetIndent(' ', 1);
  const auto text = [&](const char* key, const std::string& value) {
    json.Key(key);
    const std::string literal = printable_json_string(value);
    json.RawValue(literal.data(), literal.size(), rapidjson::kStringType);
  };
  json.StartArray();
  for (const RunRow& row : rows) {
    json.StartObject();
    text("run", row.id);
    text("tenant", row.tenant);
    text("state", to_string(row.state));
    text("started_at", row.started_at);
    text("finished_at", row.finished_at);
    text("playbook", row.playbook);
    text("input", row.input);
    text("input_sha256", row.input_sha256);
    text("question", row.question);
    text("engine", row.engine);
    text("model", row.model);
    text("model_sha256", row.model_sha256);
    text("verdict", row.verdict);
    json.Key("passed");
    json.Bool(row.passed);
    text("error", row.error);
    json.Key("exit_status");
    json.Int(row.exit_status);
    json.EndObject();
  }
  json.EndArray();
  std::puts(buffer.GetString());
}

void print_row(const RunRow& row) {
  std::string outcome = to_string(row.state);
  if (row.state == RunState::finished) outcome = row.verdict + (row.passed ? "" : ", checks failed");
  std::string line = fmt::format("{}  {:<22}  {:<16}  {}", row.id, outcome, row.playbook, row.input);
  if (row.state == RunState::failed) line += "  (" + row.error + ")";
  std::puts(escape_for_terminal(line).c_str());
}

struct Found {
  Ledger ledger;
  RunRow row;
};

// The one run with this id, or whose id begins with it, among all tenants. A ledger that cannot be read is
// told and does not keep the others from being looked at.
Result<Found> find(const Desk& desk, const std::string& id) {
  std::vector<Found> found;
  bool all_read = true;
  for (const std::string& tenant : tenants_of(desk)) {
    auto ledger = Ledger::open_existing(desk.data_folder(), tenant);
    if (!ledger && ledger.error().code == Code::usage) return ledger.error();
    auto rows = ledger ? ledger->find_all(id, 2) : ledger.error();
    if (!rows) {
      tell(std::move(rows.error()).in("tenant " + tenant));
      all_read = false;
      continue;
    }
    if (rows->size() > 1)
      return Error{Code::usage, "more than one run begins with " + id, "give more of its id"};
    if (!rows->empty()) found.push_back({std::move(*ledger), std::move(rows->front())});
  }
  if (found.size() == 1) return std::move(found.front());
  if (!found.empty()) {
    std::vector<std::string> tenants;
    for (const Found& each : found) tenants.push_back(each.row.tenant);
    return Error{
        Code::usage,
        fmt::format("more than one run begins with {}: of the tenants {}", id, fmt::join(tenants, ", ")),
        "give more of its id, or the tenant with --tenant"};
  }
  if (!all_read) {
    return Error{Code::machine, fmt::format("no run {} is in the ledgers that could be read", id), ""};
  }
  return Error{Code::usage, "there is no run " + id, "`carrel runs` lists them"};
}

}  // namespace

int runs_command(const Desk& desk, std::size_t most) {
  std::vector<RunRow> rows;
  int status = exit_status::passed;
  for (const std::string& tenant : tenants_of(desk)) {
    auto ledger = Ledger::open_existing(desk.data_folder(), tenant);
    if (!ledger && ledger.error().code == Code::usage) return tell(ledger.error());
    auto some = ledger ? ledger->runs(most) : ledger.error();
    if (!some) {
      status = tell(std::move(some.error()).in("tenant " + tenant));
      continue;
    }
    rows.insert(rows.end(), some->begin(), some->end());
  }
  std::stable_sort(rows.begin(), rows.end(),
                   [](const RunRow& a, const RunRow& b) { return a.started_at > b.started_at; });
  if (rows.size() > most) rows.resize(most);
  if (desk.json) {
    print_json(rows);
  } else if (rows.empty() && status == exit_status::passed) {
    std::puts("No runs yet. `carrel triage BUNDLE` makes the first one.");
  } else {
    for (const RunRow& row : rows) print_row(row);
  }
  return status;
}

int show_command(const Desk& desk, const std::string& id) {
  auto found = find(desk, id);
  if (!found) return tell(found.error());
  auto& [ledger, row] = *found;
  const auto object = std::find_if(row.objects.begin(), row.objects.end(),
                                   [](const auto& entry) { return entry.first == "report"; });
  if (object == row.objects.end()) {
    std::string what = fmt::format("run {} has no report: it is {}", row.id, to_string(row.state));
    if (!row.error.empty()) what += ": " + row.error;
    return tell({Code::usage, std::move(what), ""});
  }
  auto json = ledger.get(object->second);
  if (!json) return tell(json.error());
  if (desk.json) {
    std::fwrite(json->data(), 1, json->size(), stdout);
    return row.exit_status;
  }
  auto report = report_from_json(*json);
  if (!report) return tell(report.error());
  std::fputs(to_terminal(*report, {!desk.plain && takes_colour(1), terminal_width(1)}).c_str(), stdout);
  return row.exit_status;
}

}  // namespace carrel
