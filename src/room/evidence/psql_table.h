// Tables as psql prints them: names between '|', a rule of '-' and '+', rows, "(16 rows)"; and as mysql does:
// the same with '|' and '+' at the sides, and rules above and below. A list of sessions (with a column "pid")
// is one without its rule, too.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "room/inventory/inventory.h"

namespace carrel {

struct PsqlTable {
  struct Row {
    std::uint32_t line = 0;
    std::vector<std::string_view> cells;  // as many as there are columns
  };
  std::vector<std::string_view> columns;
  std::vector<Row> rows;

  bool has(std::string_view column) const;
  // Empty where there is no such column.
  std::string_view cell(const Row& row, std::string_view column) const;
};

// A whole number of up to nine digits in a cell; 0: it is none.
std::uint64_t number_in(std::string_view cell);

// The tables of a document of up to 1 MiB; of a larger one none. Views are into its text.
std::vector<PsqlTable> psql_tables(const Document& document);

}  // namespace carrel
