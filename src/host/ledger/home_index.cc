#include "host/ledger/home_index.h"

#include <filesystem>
#include <memory>

#include <unistd.h>

#include "base/fd.h"
#include "host/ledger/statement.h"

namespace carrel {
namespace {

Result<SqliteHandle> open_index(const std::string& path, int flags) {
  sqlite3* opened = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &opened, flags, nullptr);
  SqliteHandle database(opened);
  if (code != SQLITE_OK) return sqlite_error(opened, "opening " + path);
  sqlite3_busy_timeout(opened, 10'000);
  return database;
}

std::string path_of(const std::string& data) {
  return data + "/home.db";
}

// No handle where there is no index.
Result<SqliteHandle> open_existing_index(const std::string& data) {
  auto there = path_exists(path_of(data));
  if (!there) return there.error();
  if (!*there) return SqliteHandle();
  // What a kill left half written is taken back by whoever opens the index next, if only to read.
  const bool writable = ::access(path_of(data).c_str(), W_OK) == 0;
  return open_index(path_of(data), writable ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY);
}

}  // namespace

Status raise_head(const std::string& data, const std::string& chain, const ChainHead& head) {
  auto database = open_index(path_of(data), SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
  if (!database) return database.error();
  std::error_code error;
  std::filesystem::permissions(
      path_of(data), std::filesystem::perms::owner_read | std::filesystem::perms::owner_write, error);
  if (Status set =
          execute(database->get(),
                  "PRAGMA journal_mode = PERSIST; PRAGMA synchronous = FULL;"
                  "CREATE TABLE IF NOT EXISTS chain (id TEXT PRIMARY KEY NOT NULL, entries INTEGER NOT "
                  "NULL, hash TEXT NOT NULL) STRICT, WITHOUT ROWID;"
                  "PRAGMA user_version = 1;");
      !set) {
    return std::move(set.error()).in(path_of(data));
  }
  Statement raise(
      database->get(),
      "INSERT INTO chain (id, entries, hash) VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET entries "
      "= excluded.entries, hash = excluded.hash WHERE excluded.entries > entries");
  Status raised = raise.bind(chain).bind(head.entries).bind(head.hash).run();
  if (!raised) return std::move(raised.error()).in(path_of(data));
  return {};
}

Status forget_head(const std::string& data, const std::string& chain) {
  auto database = open_existing_index(data);
  if (!database) return database.error();
  if (!*database) return {};
  Statement forget(database->get(), "DELETE FROM chain WHERE id = ?");
  Status forgotten = forget.bind(chain).run();
  if (!forgotten) return std::move(forgotten.error()).in(path_of(data));
  return {};
}

Result<std::optional<ChainHead>> indexed_head(const std::string& data, const std::string& chain) {
  auto database = open_existing_index(data);
  if (!database) return database.error();
  if (!*database) return std::optional<ChainHead>();
  Statement select(database->get(), "SELECT entries, hash FROM chain WHERE id = ?");
  auto row = select.bind(chain).step();
  if (!row) return std::move(row.error()).in(path_of(data));
  if (!*row) return std::optional<ChainHead>();
  return std::optional(ChainHead{select.number(0), select.text(1)});
}

Result<std::vector<std::string>> indexed_chains(const std::string& data) {
  std::vector<std::string> chains;
  auto database = open_existing_index(data);
  if (!database) return database.error();
  if (!*database) return chains;
  Statement select(database->get(), "SELECT id FROM chain ORDER BY id");
  for (;;) {
    auto row = select.step();
    if (!row) return std::move(row.error()).in(path_of(data));
    if (!*row) return chains;
    chains.push_back(select.text(0));
  }
}

}  // namespace carrel
