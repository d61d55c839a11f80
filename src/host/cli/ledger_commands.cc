// `carrel runs` and `carrel show`.
#include <algorithm>
#include <cstdio>

#include <fmt/format.h>
#include <rapidjson/prettywriter.h>
#include <rapidjson/stringbuffer.h>

#include "base/text.h"
#include "host/cli/cli.h"
#include "host/cli/find_run.h"
#include "host/cli/progress.h"
#include "host/ledger/ledger.h"
#include "host/report/terminal.h"
#include "record/exit_status.h"
#include "record/report.h"

namespace carrel {
namespace {

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

}  // namespace

int runs_command(const Desk& desk, std::size_t most) {
  std::vector<RunRow> rows;
  int status = exit_status::passed;
  const bool all = desk.settings.text("tenant").empty();
  auto tenants = tenants_of(desk);
  if (!tenants) return tell(tenants.error());
  for (const std::string& tenant : *tenants) {
    // An evaluation has hundreds of runs; they are listed by their tenant's name.
    if (all && tenant.starts_with(evaluation_tenants)) continue;
    // Without its key a sealed ledger still has ids, times and states to tell.
    auto ledger = open_for_list(desk, tenant);
    if (!ledger && ledger.error().code == Code::usage) return tell(ledger.error());
    auto some = ledger ? ledger->runs(most) : ledger.error();
    if (!some) {
      status = tell(std::move(some.error()).in("tenant " + tenant));
      continue;
    }
    rows.insert(rows.end(), some->begin(), some->end());
  }
  std::sort(rows.begin(), rows.end(),
            [](const RunRow& a, const RunRow& b) { return place_of(a) > place_of(b); });
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
  auto found = find_run(desk, id);
  if (!found) return tell(found.error());
  auto& [ledger, row] = *found;
  auto json = ledger.object(row, "report");
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
