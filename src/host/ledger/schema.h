// The tables of a ledger, and how an older ledger's become today's. docs/formats/ledger.md has each column.
#pragma once

#include <functional>
#include <string>

#include <sqlite3.h>

#include "base/result.h"

namespace carrel {

inline constexpr int ledger_schema_version = 3;

// The version of an open ledger's tables; 0 of one that has none yet.
Result<int> schema_version_of(sqlite3* database);

// Makes the tables, within the caller's transaction.
Status make_tables(sqlite3* database);

// Copies a database whole into a new file, as one moment had it: "<path>.v1.backup", with a number behind it
// where that exists. Returns the copy's name.
Result<std::string> back_up(sqlite3* database, const std::string& path, int version);

// Within the caller's transaction, from version 1: today's tables, with all that the old ones had. The rows
// are not chained yet.
Status migrate_from_1(sqlite3* database);

// The same from version 2, which had no table `prefix`. Nothing that the chain stands for changes.
Status migrate_from_2(sqlite3* database);

}  // namespace carrel
