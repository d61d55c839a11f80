// How a database means to read: EXPLAIN of MySQL, as its client prints it, where a query reads a whole table.
#include <fmt/format.h>

#include "base/brief.h"
#include "room/evidence/detectors.h"
#include "room/evidence/psql_table.h"

namespace carrel {
namespace {

constexpr std::string_view plan_mark = "select_type";
constexpr std::uint64_t many_rows = 10'000;

struct Scan {
  const Document* document = nullptr;
  std::uint32_t line = 0;
  std::string_view table, rows, keys;  // the indexes that could serve
};

// The largest table that a plan reads whole.
Scan largest_scan(const Survey& survey) {
  Scan largest;
  for (const Document& document : survey.inventory.documents()) {
    if (document.text.find(plan_mark) == std::string::npos) continue;
    for (const PsqlTable& table : psql_tables(document)) {
      if (!table.has(plan_mark) || !table.has("type") || !table.has("rows")) continue;
      for (const PsqlTable::Row& row : table.rows) {
        const Scan scan{&document, row.line, table.cell(row, "table"), table.cell(row, "rows"),
                        table.cell(row, "possible_keys")};
        if (table.cell(row, "type") == "ALL" && is_plain_name(scan.table) &&
            number_in(scan.rows) > number_in(largest.rows))
          largest = scan;
      }
    }
  }
  return largest;
}

}  // namespace

void detect_plans(const Survey& survey, Observations* out) {
  const Scan scan = largest_scan(survey);
  if (scan.document == nullptr || number_in(scan.rows) < many_rows) return;
  const bool asked =
      survey.asks({"slow", "second", "latency", "takes", "performance", "hang", "time out", "timeout"});
  const bool no_index = scan.keys.empty() || scan.keys == "NULL";
  Observation& made = report_missing(
      out, "plan-reads-all", asked ? 0.75 : 0.5, "table", "", scan.table,
      fmt::format("A query reads all of table {} ({} rows, type ALL: a full table scan){}.", scan.table,
                  brief(scan.rows, 20),
                  no_index ? ", for which no index serves"
                           : fmt::format(", though index {} might serve", brief(scan.keys, 60))));
  made.culprit.present = true;
  cite_line(&made, *scan.document, scan.line, "how the query is read");
  lack(&made, fmt::format("whether table {} had an index that was dropped", scan.table));
}

}  // namespace carrel
