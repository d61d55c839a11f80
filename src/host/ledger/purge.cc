// Purging: the data of runs is removed for good, and the chain says so.
#include <algorithm>
#include <filesystem>
#include <string_view>
#include <unordered_set>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include "host/ledger/chain.h"
#include "host/ledger/home_index.h"
#include "host/ledger/ledger.h"
#include "host/ledger/objects.h"
#include "host/ledger/statement.h"

namespace carrel {
namespace {

constexpr std::size_t purged_at_once = 256;  // a transaction
constexpr std::uint64_t most_levels = 1000;

// How many levels the index has: SQLite gives it more with merges of all of it, and 3.40 takes one of more
// than 2,000 for damaged. They stand behind the first four bytes of its structure, in groups of seven bits.
std::uint64_t levels_in(std::string_view structure) {
  structure.remove_prefix(std::min<std::size_t>(4, structure.size()));
  std::uint64_t levels = 0;
  for (std::size_t at = 0; at < structure.size() && at < 4; ++at) {
    const auto byte = static_cast<unsigned char>(structure[at]);
    levels = levels << 7 | (byte & 0x7f);
    if (byte < 0x80) break;
  }
  return levels;
}

Result<std::vector<std::string>> texts(Statement& select) {
  std::vector<std::string> all;
  for (;;) {
    auto row = select.step();
    if (!row) return row.error();
    if (!*row) return all;
    all.push_back(select.text(0));
  }
}

// The copies that were made when an older schema was brought forward hold what was in it.
std::vector<std::string> backups_in(const std::string& folder) {
  std::vector<std::string> paths;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename();
    if (name.starts_with("ledger.db.v") && name.find(".backup") != std::string::npos)
      paths.push_back(entry.path());
  }
  return paths;
}

}  // namespace

Result<std::vector<std::string>> Ledger::to_purge(const PurgeWish& wish) {
  if (Status marked = mark_interrupted(); !marked) return marked.error();
  Statement select(
      database_,
      "SELECT id FROM run WHERE state <> 'running' AND (?1 = '' OR id = ?1) AND (?2 = '' OR started_at "
      "< ?2) UNION ALL SELECT id FROM evaluation WHERE (?1 = '' OR id = ?1) AND (?2 = '' OR at < ?2)");
  select.bind(wish.subject).bind(wish.before);
  auto subjects = texts(select);
  if (!subjects) return subjects;
  if (subjects->empty() && !wish.subject.empty()) {
    return Error{Code::usage, fmt::format("there is nothing called {} to purge", wish.subject),
                 "`carrel runs` lists the runs"};
  }
  return subjects;
}

// A run or an evaluation, within the caller's transaction: its rows go, an entry says so.
Status Ledger::purge_subject(const std::string& subject, const PurgeWish& wish, Purged* purged) {
  Statement number_of(database_, "SELECT number FROM run WHERE id = ?");
  auto is_run = number_of.bind(subject).step();
  if (!is_run) return is_run.error();
  const std::int64_t number = *is_run ? number_of.number(0) : 0;
  if (*is_run) {
    if (Status done = index_run(number, "delete"); !done) return done;
  }
  Statement sizes(database_, *is_run ? "SELECT count(*), sum(bytes) FROM run_object WHERE run = ?"
                                     : "SELECT 1, bytes FROM evaluation WHERE id = ?");
  if (*is_run) {
    sizes.bind(number);
  } else {
    sizes.bind(subject);
  }
  if (auto row = sizes.step(); !row) return row.error();
  Statement note(database_, "INSERT INTO purge (subject, at, reason, objects, bytes) VALUES (?, ?, ?, ?, ?)");
  note.bind(subject).bind(ledger_time()).bind(wish.reason).bind(sizes.number(0)).bind(sizes.number(1));
  if (Status done = note.run(); !done) return done;
  Statement remove(database_,
                   *is_run ? "DELETE FROM run WHERE id = ?" : "DELETE FROM evaluation WHERE id = ?");
  if (Status done = remove.bind(subject).run(); !done) return done;
  if (Status done = append(entry_kind::purge, subject); !done) return done;
  purged->subjects.push_back(subject);
  return {};
}

// Removes every object that no row names. Only while nobody else may write objects.
Status Ledger::sweep(Purged* purged) {
  Statement select(
      database_,
      "SELECT sha256 FROM run_object UNION SELECT sha256 FROM evaluation UNION SELECT sha256 FROM prefix");
  auto named = texts(select);
  if (!named) return named.error();
  const std::unordered_set<std::string> kept(named->begin(), named->end());
  for (const std::string& object : all_objects(folder_)) {
    if (kept.contains(object)) continue;
    const std::uint64_t bytes = object_bytes(folder_, object);
    if (Status removed = remove_object(folder_, object); !removed) return removed;
    ++purged->objects;
    purged->bytes += bytes;
  }
  for (const std::string& path : backups_in(folder_)) {
    if (::unlink(path.c_str()) != 0) return errno_error("cannot remove " + path);
    purged->backups.push_back(path);
  }
  return {};
}

// Begins the index anew with the words of the runs that are in it, before it has more levels than SQLite
// reads.
Status Ledger::renew_index() {
  {
    Statement structure(database_, "SELECT block FROM words_data WHERE id = 10");
    auto there = structure.step();
    if (!there) return there.error();
    if (!*there || levels_in(structure.bytes(0)) <= most_levels) return {};
  }
  auto transaction = Transaction::begin(database_);
  if (!transaction) return transaction.error();
  std::vector<std::int64_t> runs;
  Statement indexed(database_, "SELECT number FROM run WHERE number IN (SELECT id FROM words_docsize)");
  for (;;) {
    auto row = indexed.step();
    if (!row) return row.error();
    if (!*row) break;
    runs.push_back(indexed.number(0));
  }
  if (Status emptied = execute(database_, "INSERT INTO words (words) VALUES ('delete-all')"); !emptied)
    return emptied;
  for (const std::int64_t run : runs) {
    if (Status added = index_run(run, ""); !added) return added;
  }
  return transaction->commit();
}

Result<bool> Ledger::was_purged(const std::string& subject) const {
  Statement select(database_, "SELECT 1 FROM purge WHERE subject = ?");
  return select.bind(subject).step();
}

Result<Purged> Ledger::purge(const PurgeWish& wish) {
  if (Status may = writable(); !may) return may.error();
  sharing_.reset();
  const std::string path = folder_ + "/running";
  const Fd alone(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!alone.valid()) return errno_error("cannot open " + path);
  if (::flock(alone.get(), LOCK_EX | LOCK_NB) != 0) {
    return Error{Code::usage, fmt::format("a run of tenant {} is going on", tenant_),
                 "purge when it has ended; nothing was removed"};
  }
  auto subjects = to_purge(wish);
  if (!subjects) return subjects.error();
  Purged purged;
  for (std::size_t at = 0; at < subjects->size();) {
    auto transaction = Transaction::begin(database_);
    if (!transaction) return transaction.error();
    for (const std::size_t end = std::min(at + purged_at_once, subjects->size()); at < end; ++at) {
      if (Status done = purge_subject((*subjects)[at], wish, &purged); !done) return done.error();
    }
    if (Status done = transaction->commit(); !done) return done.error();
    raise_index();
  }
  if (Status swept = sweep(&purged); !swept) return swept.error();
  if (Status renewed = renew_index(); !renewed) return renewed.error();
  // Words and pages of what is gone are overwritten (secure_delete) once the index is merged; what is left of
  // the file is given back where there is room for that.
  if (Status merged = execute(database_, "INSERT INTO words (words) VALUES ('optimize')"); !merged)
    return merged.error();
  if (Status done = execute(database_, "PRAGMA wal_checkpoint(TRUNCATE)"); !done) return done.error();
  (void)execute(database_, "VACUUM");
  (void)execute(database_, "PRAGMA wal_checkpoint(TRUNCATE)");
  auto removed = remove_empty_tenant();
  if (!removed) return removed.error();
  purged.tenant_removed = *removed;
  return purged;
}

// Nobody comes back to a throw-away tenant. Only while nobody else may write objects.
Result<bool> Ledger::remove_empty_tenant() {
  if (!tenant_.starts_with(throw_away_tenants)) return false;
  Statement any(database_, "SELECT 1 FROM run UNION ALL SELECT 1 FROM evaluation LIMIT 1");
  auto row = any.step();
  if (!row) return row.error();
  if (*row) return false;
  // The index first: killed in between, the tenant is here to be purged again.
  if (Status forgotten = forget_head(data_, chain_id(verifying_)); !forgotten) return forgotten.error();
  std::error_code error;
  std::filesystem::remove_all(folder_, error);
  if (error) return Error{Code::machine, fmt::format("cannot remove {}: {}", folder_, error.message()), ""};
  return true;
}

}  // namespace carrel
