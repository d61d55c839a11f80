// States of think rooms: a cache among the objects of a ledger, of which the longest unused go first. A row
// is written with its object on the disk, and an object goes only while no row names it and none can come to.
#include "host/ledger/chain.h"
#include "host/ledger/ledger.h"
#include "host/ledger/objects.h"
#include "host/ledger/statement.h"

namespace carrel {

Result<std::vector<PrefixRow>> Ledger::prefixes() const {
  std::vector<PrefixRow> rows;
  Statement select(
      database_,
      "SELECT key, run.id, sha256, bytes, used_at FROM prefix JOIN run ON run.number = prefix.run "
      "ORDER BY used_at DESC, prefix.rowid DESC");  // of one instant, the one kept last
  for (;;) {
    auto row = select.step();
    if (!row) return row.error();
    if (!*row) return rows;
    rows.push_back({select.text(0), select.text(1), select.text(2),
                    static_cast<std::uint64_t>(select.number(3)), select.text(4)});
  }
}

// The rows first: what a kill leaves between the two is an object that the next purge takes.
Status Ledger::forget_prefixes(const std::vector<PrefixRow>& rows) {
  if (rows.empty()) return {};
  for (const PrefixRow& row : rows) {
    Statement remove(database_, "DELETE FROM prefix WHERE key = ? AND sha256 = ?");
    if (Status done = remove.bind(row.key).bind(row.sha256).run(); !done) return done;
  }
  // Alone with the database, so that no other process names such an object again meanwhile.
  auto transaction = Transaction::begin(database_);
  if (!transaction) return transaction.error();
  for (const PrefixRow& row : rows) {
    Statement named(database_,
                    "SELECT 1 FROM run_object WHERE sha256 = ?1 UNION SELECT 1 FROM evaluation WHERE "
                    "sha256 = ?1 UNION SELECT 1 FROM prefix WHERE sha256 = ?1");
    auto found = named.bind(row.sha256).step();
    if (!found) return found.error();
    if (*found) continue;
    if (Status removed = remove_object(folder_, row.sha256); !removed) return removed;
  }
  return transaction->commit();
}

Result<std::string> Ledger::take_prefix(const std::string& key) {
  if (Status may = writable(); !may) return may.error();
  Statement select(database_, "SELECT sha256 FROM prefix WHERE key = ?");
  auto found = select.bind(key).step();
  if (!found) return found.error();
  if (!*found) return std::string();
  const std::string sha256 = select.text(0);
  if (auto ended = select.step(); !ended) return ended.error();
  auto state = get(sha256);
  if (!state) {
    if (Status forgot = forget_prefixes({{key, "", sha256, 0, ""}}); !forgot) return forgot.error();
    return state;
  }
  Statement touch(database_, "UPDATE prefix SET used_at = ? WHERE key = ?");
  if (Status done = touch.bind(ledger_time()).bind(key).run(); !done) return done.error();
  return state;
}

Result<bool> Ledger::keep_prefix(const std::string& key, const std::string& run, const std::string& state,
                                 std::uint64_t most) {
  if (Status may = writable(); !may) return may.error();
  if (state.size() > most) return false;
  if (Status shared = share_objects(); !shared) return shared.error();
  auto object = put_object(folder_, vault_, state);
  if (!object) return object.error();
  std::vector<PrefixRow> forgotten;
  {
    auto transaction = Transaction::begin(database_);
    if (!transaction) return transaction.error();
    // Another process may just have forgotten the same bytes: from here on none can.
    if (object_bytes(folder_, object->sha256) == 0) object = put_object(folder_, vault_, state);
    if (!object) return object.error();
    Statement insert(database_,
                     "INSERT OR REPLACE INTO prefix (key, run, sha256, bytes, used_at) "
                     "SELECT ?, number, ?, ?, ? FROM run WHERE id = ?");
    auto before = prefixes();
    if (!before) return before.error();
    insert.bind(key).bind(object->sha256).bind(static_cast<std::int64_t>(object->bytes)).bind(ledger_time());
    if (Status done = insert.bind(run).run(); !done) return done.error();
    if (sqlite3_changes(database_) == 0) return Error{Code::internal, "there is no run " + run, ""};
    std::uint64_t kept = object->bytes;
    for (PrefixRow& row : *before) {
      const bool replaced = row.key == key;
      if (!replaced) kept += row.bytes;
      if (replaced || kept > most) forgotten.push_back(std::move(row));
    }
    if (Status done = transaction->commit(); !done) return done.error();
  }
  std::erase_if(forgotten, [&](const PrefixRow& row) { return row.sha256 == object->sha256; });
  if (Status forgot = forget_prefixes(forgotten); !forgot) return forgot.error();
  return true;
}

}  // namespace carrel
