// A part of a PostgreSQL database for a bundle: its schema, counts, a few rows of named tables with masked
// columns, locks, activity, settings and the state of replication.
//
// Every question is asked in a read-only transaction with limits on its time and on its waiting for locks.
// libpq is loaded when a database is asked for and only then, so that the program runs where it is not
// installed.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "collect/spool/task.h"

namespace carrel {

enum class ColumnMask : unsigned char {
  hash,  // a name that stands for the value: equal values have equal ones within a bundle
  null,  // nothing
  keep,
};

struct DatabaseOptions {
  std::string url;                          // postgres://…, or any connection string of libpq
  std::vector<std::string> tables;          // "orders" or "shop.orders"
  std::uint64_t rows = 500;                 // of each table
  std::vector<std::string> where;           // "orders: CONDITION", or a condition for all tables
  std::map<std::string, ColumnMask> masks;  // by "column", "table.column" or "*"
  std::chrono::seconds timeout{30};         // of each question
};

// The connection string without its password, to be shown.
std::string shown_url(const std::string& url);

// The tasks share one connection and wait for each other.
std::vector<Task> database_tasks(const DatabaseOptions& options);

// SQL without what stands in it as a value: 'text', $$text$$ and numbers become ?, comments go. Names stay.
std::string without_literals(std::string_view sql);

}  // namespace carrel
