// Statement: one prepared SQLite statement; values are always bound, never pasted.
#pragma once

#include <cstdint>
#include <string>

#include <sqlite3.h>

#include "base/result.h"

namespace carrel {

// The Error for what SQLite just said. A full disk and a locked database get their own remedy.
Error sqlite_error(sqlite3* database, const std::string& doing);

class Statement {
 public:
  Statement(sqlite3* database, const char* sql) : database_(database) {
    prepared_ = sqlite3_prepare_v2(database, sql, -1, &statement_, nullptr) == SQLITE_OK;
  }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;
  ~Statement() { sqlite3_finalize(statement_); }

  // Binds the next parameter.
  Statement& bind(const std::string& text) {
    sqlite3_bind_text(statement_, ++bound_, text.data(), static_cast<int>(text.size()), SQLITE_TRANSIENT);
    return *this;
  }
  Statement& bind(std::int64_t number) {
    sqlite3_bind_int64(statement_, ++bound_, number);
    return *this;
  }

  // True with a row, false at the end.
  Result<bool> step() {
    if (!prepared_) return sqlite_error(database_, "reading the ledger");
    const int code = sqlite3_step(statement_);
    if (code == SQLITE_ROW) return true;
    if (code == SQLITE_DONE) return false;
    return sqlite_error(database_, "using the ledger");
  }
  // For statements that give no rows.
  Status run() {
    auto row = step();
    if (!row) return row.error();
    return {};
  }

  std::string text(int column) const {
    const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
    return bytes == nullptr
               ? ""
               : std::string(bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column)));
  }
  std::int64_t number(int column) const { return sqlite3_column_int64(statement_, column); }

 private:
  sqlite3* database_;
  sqlite3_stmt* statement_ = nullptr;
  bool prepared_ = false;
  int bound_ = 0;
};

}  // namespace carrel
