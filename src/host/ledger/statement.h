// Statement: one prepared SQLite statement; values are always bound, never pasted.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <sqlite3.h>

#include "base/result.h"
#include "host/ledger/vault.h"

namespace carrel {

// The Error for what SQLite just said. A full disk and a locked database get their own remedy.
Error sqlite_error(sqlite3* database, const std::string& doing);

struct SqliteClose {
  void operator()(sqlite3* database) const { sqlite3_close(database); }
};
using SqliteHandle = std::unique_ptr<sqlite3, SqliteClose>;

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

  Statement& bind_real(double number) {
    sqlite3_bind_double(statement_, ++bound_, number);
    return *this;
  }
  Statement& bind_bytes(std::string_view bytes) {
    sqlite3_bind_blob(statement_, ++bound_, bytes.data(), static_cast<int>(bytes.size()), SQLITE_TRANSIENT);
    return *this;
  }
  // A text that is the tenant's own: as it is, or sealed where the ledger has a key.
  Statement& bind_private(const Vault& vault, const std::string& text) {
    return vault.sealed() ? bind_bytes(vault.hide(text)) : bind(text);
  }
  // Ready to be bound and run again.
  Statement& again() {
    sqlite3_reset(statement_);
    bound_ = 0;
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
  double real(int column) const { return sqlite3_column_double(statement_, column); }
  // The bytes of a text or blob.
  std::string_view bytes(int column) const {
    const auto* at = static_cast<const char*>(sqlite3_column_blob(statement_, column));
    return {at == nullptr ? "" : at, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
  }
  // What bind_private() wrote. In a ledger whose key is not there: "(sealed)".
  std::string private_text(const Vault& vault, int column) const {
    return sqlite3_column_type(statement_, column) == SQLITE_BLOB ? vault.reveal(bytes(column))
                                                                  : text(column);
  }
  int type(int column) const { return sqlite3_column_type(statement_, column); }
  int columns() const { return sqlite3_column_count(statement_); }

 private:
  sqlite3* database_;
  sqlite3_stmt* statement_ = nullptr;
  bool prepared_ = false;
  int bound_ = 0;
};

// One statement without parameters or rows.
Status execute(sqlite3* database, const std::string& sql);

// A write transaction, from BEGIN IMMEDIATE; taken back where it goes without commit().
class Transaction {
 public:
  static Result<Transaction> begin(sqlite3* database);
  Transaction(Transaction&& other) noexcept : database_(std::exchange(other.database_, nullptr)) {}
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();
  Status commit();

 private:
  explicit Transaction(sqlite3* database) : database_(database) {}
  sqlite3* database_;
};

}  // namespace carrel
