#include "host/ledger/statement.h"

#include <fmt/format.h>

namespace carrel {

Error sqlite_error(sqlite3* database, const std::string& doing) {
  const int code = sqlite3_errcode(database);
  std::string remedy;
  if (code == SQLITE_FULL) remedy = "free some space on that disk and run it again";
  if (code == SQLITE_BUSY) remedy = "another carrel holds this tenant's ledger; run it again";
  if (code == SQLITE_CORRUPT || code == SQLITE_NOTADB) {
    remedy = "restore the tenant's folder from a backup; `carrel ledger verify` tells what is damaged";
  }
  if (code == SQLITE_READONLY || code == SQLITE_CANTOPEN) {
    remedy = "make the folder writable, or name another with --data";
  }
  return {Code::machine, fmt::format("{}: {}", doing, sqlite3_errmsg(database)), remedy};
}

Status execute(sqlite3* database, const std::string& sql) {
  if (sqlite3_exec(database, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) {
    return sqlite_error(database, "using the ledger");
  }
  return {};
}

Result<Transaction> Transaction::begin(sqlite3* database) {
  if (Status begun = execute(database, "BEGIN IMMEDIATE"); !begun) return begun.error();
  return Transaction(database);
}

Transaction::~Transaction() {
  // What made it fail is told by whoever gave it up.
  if (database_ != nullptr) (void)execute(database_, "ROLLBACK");
}

Status Transaction::commit() {
  Status done = execute(database_, "COMMIT");
  if (done) database_ = nullptr;
  return done;
}

}  // namespace carrel
