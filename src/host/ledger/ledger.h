// The ledger: every run of a tenant, with what is needed to do it again, to judge it, and to know that
// nothing was changed. One SQLite database and one folder of content-addressed objects a tenant; tenants
// share nothing.
//
//   <data>/home.db                             heads of all chains, by opaque id (home_index.h)
//   <data>/tenants/<tenant>/ledger.db          WAL, foreign keys, PRAGMA user_version = schema version
//   <data>/tenants/<tenant>/objects/ab/cdef…   named by the SHA-256 of the file's bytes
//   <data>/tenants/<tenant>/running/<run>      locked (flock) for as long as the run lives
//
// A kill at any moment leaves no run or one that reads as interrupted: a run's row is written before its work
// begins, its objects are on the disk before the one transaction that finishes it, and whoever opens the
// ledger marks runs whose lock is free. Everything that is written is an entry of a signed chain (chain.h),
// in the same transaction. Format: docs/formats/ledger.md. One Ledger is for one thread; several processes
// may open the same one, and one write waits for another.
//
// A ledger that was made with a key is sealed: whoever has no key reads ids, times, states and digests, can
// verify, and can write nothing.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "crypto/key.h"
#include "crypto/sign.h"
#include "host/ledger/detail.h"
#include "host/ledger/rows.h"
#include "host/ledger/vault.h"

struct sqlite3;

namespace carrel {

// A new run's id: "20260102-030405-9f3a61", sortable by its start.
std::string new_run_id();

// True for a tenant's name: 1 to 64 of a-z, 0-9, '-', '_', '.', beginning with a letter or a digit.
bool is_tenant_name(const std::string& name);

// Tenants whose names begin so are those of evaluations, and of runs that name none.
inline constexpr const char* evaluation_tenants = "eval-";
inline constexpr const char* throw_away_tenants = "once-";

// Where a tenant's key comes from: asked for a ledger that is made (nothing: it is made without a key), or
// for one that is sealed (nothing: it stays locked). The salt is the ledger's own, for a passphrase.
enum class KeyUse : std::uint8_t { make, open };
using KeySource = std::function<Result<std::optional<SecretKey>>(KeyUse use, const Salt& salt)>;

class Ledger {
 public:
  // Opens or makes the tenant's ledger below `data`, to write. An older schema is brought forward after a
  // backup beside it. Errors: a newer schema, no permission, full disk, a sealed ledger without its key.
  static Result<Ledger> open(const std::string& data, const std::string& tenant, const KeySource& key = {});
  // The same of a tenant that has a ledger already; else an Error, and nothing is made. It may be on a disk
  // that cannot be written, and stays locked where it is sealed: unlock() opens it.
  static Result<Ledger> open_existing(const std::string& data, const std::string& tenant);
  // The tenants that have a ledger below `data`, sorted; those whose folder cannot be looked into are among
  // them, for open_existing() to tell why. An Error where it cannot be told which there are.
  static Result<std::vector<std::string>> tenants(const std::string& data);

  Ledger(Ledger&&) noexcept;
  Ledger& operator=(Ledger&&) noexcept;
  ~Ledger();

  const std::string& tenant() const { return tenant_; }
  bool sealed() const { return vault_.sealed(); }
  bool locked() const { return vault_.locked(); }
  // Asks for the key of a sealed ledger; free where there is nothing to open. A wrong key is an Error.
  Status unlock(const KeySource& key);

  // Writes the row of a run that begins now, locked by this process until it is finished or dies.
  Status begin(const RunRow& row);
  // Fills in what a running run has learned (model, settings, image) before its result.
  Status update(const RunRow& row);
  // Puts bytes into the objects and returns their name. Durable when it returns. Writing the same again is
  // free, but in a sealed ledger.
  Result<std::string> put(const std::string& bytes);
  Result<std::string> get(const std::string& sha256) const;
  // Ends the run: its state, verdict, error, objects and details, in one transaction.
  Status finish(const RunRow& row, const RunDetail& detail = {});

  // The newest first, after the first `skip`. Runs whose process is gone are marked interrupted before.
  Result<std::vector<RunRow>> runs(std::size_t most, std::size_t skip = 0);
  // The newest first, that the filter fits.
  Result<std::vector<RunRow>> runs(const RunFilter& filter);
  // The run with this id, or else the newest runs whose ids begin with it, at most `most`.
  Result<std::vector<RunRow>> find_all(const std::string& prefix, std::size_t most);
  Result<RunDetail> detail(const RunRow& run) const;
  // The object of a run with this role ("report"); an Error that says what is the matter with the run where
  // it has none.
  Result<std::string> object(const RunRow& run, const std::string& role) const;
  // The citations that touch this line of this file, with their runs and claims, the newest run first. The
  // file is named whole or by its last parts.
  Result<std::vector<CitingClaim>> citing(const std::string& file, std::uint32_t line,
                                          std::size_t most) const;

  // Keeps a person's decision; fills in its id and time. A run without a report takes none.
  Status add_review(const RunRow& run, ReviewRow* review);
  Result<std::vector<ReviewRow>> reviews(const RunRow& run) const;
  // Finished runs that the filter fits, the oldest first.
  Result<std::vector<QueueRow>> queue(const QueueFilter& filter) const;
  // How many there are, whatever the filter's `most` is.
  Result<std::uint64_t> queue_length(const QueueFilter& filter) const;

  // Keeps a consented use of a cloud model; fills in its id and time.
  Status add_exception(const RunRow& run, ExceptionRow* exception);
  Result<std::vector<ExceptionRow>> exceptions(const RunRow& run) const;

  // Keeps an evaluation whose object was put() before.
  Status add_evaluation(const EvaluationRow& evaluation);
  // The newest first.
  Result<std::vector<EvaluationRow>> evaluations(std::size_t most) const;

  // The state of a think room that is kept under the key, which is then the one used last; empty where there
  // is none. One that was changed or taken away is forgotten, and an Error.
  Result<std::string> take_prefix(const std::string& key);
  // Keeps a state that a room of this run made, in the place of an older one under the key, and forgets those
  // that were used longest ago until all together take at most `most` bytes. False where this one alone takes
  // more: it is not kept.
  Result<bool> keep_prefix(const std::string& key, const std::string& run, const std::string& state,
                           std::uint64_t most);
  // The one used last first.
  Result<std::vector<PrefixRow>> prefixes() const;

  // True of a run or evaluation that was purged; its whole id.
  Result<bool> was_purged(const std::string& subject) const;

  // Runs in which all the words stand, the newest first: in question, causes, evidence and replies. Of a
  // sealed ledger the index is made in memory.
  Result<std::vector<FoundRun>> search(const std::string& words, std::size_t most) const;

  // Everything that is wrong with this ledger. Needs no key. An Error where it cannot even be looked at.
  Result<LedgerAudit> verify() const;

  // The runs and evaluations that purge() would take. Needs no key.
  Result<std::vector<std::string>> to_purge(const PurgeWish& wish);
  // Removes the data of runs for good; the chain keeps their entries and says that they were purged. While a
  // run of the tenant goes on it is an Error, and nothing is removed. A throw-away tenant that has no run
  // left is removed whole: then this ledger is of no more use.
  Result<Purged> purge(const PurgeWish& wish);

 private:
  Ledger() = default;
  static Result<Ledger> open_database(const std::string& data, const std::string& tenant, bool writable);
  Status make(const KeySource& key);
  Status migrate(int version, const Salt& salt);
  Status chain_old_runs();
  Status load_meta();
  Status make_chain();
  Status writable() const;
  Status append(const char* kind, const std::string& subject);
  void raise_index();
  Status share_objects();
  Result<std::vector<std::string>> dead_runs() const;
  Status mark_interrupted();
  Status write_detail(std::int64_t number, const RunDetail& detail);
  Status write_end(const RunRow& row, const RunDetail& detail);
  Status index_run(std::int64_t number, const char* how);
  Result<std::vector<std::string>> texts_of(std::int64_t number) const;
  Result<std::vector<std::int64_t>> find_sealed(const std::string& query, std::size_t most) const;
  Result<std::vector<RunRow>> select(const std::string& where, const std::vector<std::string>& arguments,
                                     std::size_t most, std::size_t skip) const;
  Status purge_subject(const std::string& subject, const PurgeWish& wish, Purged* purged);
  Status renew_index();
  Result<bool> remove_empty_tenant();
  Status sweep(Purged* purged);
  Status forget_prefixes(const std::vector<PrefixRow>& rows);

  std::string data_, folder_, tenant_;
  sqlite3* database_ = nullptr;
  bool writable_ = true;
  Vault vault_;
  VerifyingKey verifying_{};
  std::optional<SigningKey> signing_;
  Fd sharing_;  // the folder running/, shared (flock) by whoever writes objects: a purge waits for nobody
  std::vector<std::pair<std::string, Fd>> locks_;
};

}  // namespace carrel
