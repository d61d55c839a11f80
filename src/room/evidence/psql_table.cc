#include "room/evidence/psql_table.h"

#include <algorithm>
#include <cstdlib>
#include <string>

#include "base/text.h"

namespace carrel {
namespace {

constexpr std::size_t largest_document = 1 << 20;
constexpr std::size_t most_columns = 32, most_tables = 64, most_rows = 10'000;

// A table of mysql has '|' and '+' at its sides, too.
bool is_boxed(std::string_view line) {
  return line.size() >= 2 && (line.front() == '|' || line.front() == '+') && line.back() == line.front();
}

std::vector<std::string_view> cells_of(std::string_view line, bool boxed) {
  std::vector<std::string_view> cells;
  if (boxed && is_boxed(line)) line = line.substr(1, line.size() - 2);
  for (std::size_t at = 0; at <= line.size() && cells.size() < most_columns;) {
    const std::size_t end = std::min(line.find('|', at), line.size());
    cells.push_back(trim(line.substr(at, end - at)));
    at = end + 1;
  }
  return cells;
}

bool is_rule(std::string_view line) {
  line = trim(line);
  return line.size() >= 3 && (line.starts_with("--") || line.starts_with("+--")) &&
         line.find_first_not_of("-+") == std::string_view::npos;
}

// The names of a list of sessions or locks whose rule was left out.
bool is_list_of_sessions(std::string_view line) {
  if (line.find('|') == std::string_view::npos || line.find("pid") == std::string_view::npos) return false;
  const std::vector<std::string_view> names = cells_of(line, is_boxed(line));
  return names.size() >= 3 && std::ranges::find(names, "pid") != names.end() &&
         std::ranges::all_of(names, [](std::string_view name) {
           return !name.empty() &&
                  name.find_first_not_of("abcdefghijklmnopqrstuvwxyz_0123456789") == std::string_view::npos;
         });
}

}  // namespace

bool PsqlTable::has(std::string_view column) const {
  return std::ranges::find(columns, column) != columns.end();
}

std::string_view PsqlTable::cell(const Row& row, std::string_view column) const {
  const auto found = std::ranges::find(columns, column);
  return found == columns.end() ? std::string_view()
                                : row.cells[static_cast<std::size_t>(found - columns.begin())];
}

std::uint64_t number_in(std::string_view cell) {
  if (cell.empty() || cell.size() > 9 || cell.find_first_not_of("0123456789") != std::string_view::npos)
    return 0;
  return static_cast<std::uint64_t>(std::atoll(std::string(cell).c_str()));
}

std::vector<PsqlTable> psql_tables(const Document& document) {
  std::vector<PsqlTable> tables;
  if (document.text.size() > largest_document) return tables;
  std::size_t rows = 0;
  bool in_table = false, boxed = false;
  for (std::uint32_t line = 1; line <= document.starts.size() && rows < most_rows; ++line) {
    const std::string_view text = trim(document.line(line));
    if (tables.size() < most_tables && is_list_of_sessions(text) &&
        (line == document.starts.size() || !is_rule(document.line(line + 1)))) {
      boxed = is_boxed(text);
      tables.push_back({cells_of(text, boxed), {}});
      in_table = true;
      continue;
    }
    if (line > 1 && is_rule(text)) {
      if (in_table && boxed) {  // its end
        in_table = false;
        continue;
      }
      boxed = is_boxed(text);
      const std::string_view head = trim(document.line(line - 1));
      std::vector<std::string_view> columns = cells_of(head, boxed);
      const auto borders = static_cast<std::size_t>(std::ranges::count(text, '+'));
      in_table = columns.size() == (boxed ? borders - 1 : borders + 1) && (!boxed || is_boxed(head)) &&
                 tables.size() < most_tables;
      if (in_table) tables.push_back({std::move(columns), {}});
      continue;
    }
    if (!in_table) continue;
    std::vector<std::string_view> cells = cells_of(text, boxed);
    in_table = cells.size() == tables.back().columns.size() && !text.empty() && !text.starts_with('(');
    if (in_table) tables.back().rows.push_back({line, std::move(cells)}), ++rows;
  }
  return tables;
}

}  // namespace carrel
