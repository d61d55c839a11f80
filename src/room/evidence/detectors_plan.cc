// How a database means to read: EXPLAIN of MySQL, as its client prints it, where a query reads a whole table.
#include <charconv>

#include <fmt/format.h>

#include "base/brief.h"
#include "room/evidence/detectors.h"
#include "room/evidence/psql_table.h"

namespace carrel {
namespace {

constexpr std::string_view plan_mark = "select_type";
constexpr std::uint64_t many_rows = 10'000;

std::uint64_t number_in(std::string_view text) {
  std::uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

}  // namespace

void detect_plans(const Survey& survey, Observations* out) {
  const bool asked = survey.asks({"slow", "second", "latency", "takes", "time", "performance", "hang"});
  for (const Document& document : survey.inventory.documents()) {
    if (document.text.find(plan_mark) == std::string::npos) continue;
    for (const PsqlTable& table : psql_tables(document)) {
      if (!table.has(plan_mark) || !table.has("type") || !table.has("rows")) continue;
      for (const PsqlTable::Row& row : table.rows) {
        const std::string_view name = table.cell(row, "table"), rows = table.cell(row, "rows");
        if (table.cell(row, "type") != "ALL" || number_in(rows) < many_rows || !is_plain_name(name)) continue;
        Observation& made = report_missing(
            out, "plan-reads-all", asked ? 0.75 : 0.5, "table", "", name,
            fmt::format(
                "A query reads all of table {} ({} rows, type ALL) for want of an index: a full table scan.",
                name, brief(rows, 20)));
        made.culprit.present = true;
        cite_line(&made, document, row.line, "how the query is read");
        lack(&made, fmt::format("whether table {} had an index that was dropped", name));
        return;
      }
    }
  }
}

}  // namespace carrel
