// `carrel ledger verify`: the chain is walked from its first entry, each entry held to the rows it stands for
// and each row to an entry, each object to its name, and the head to what the home index knows.
#include <algorithm>
#include <map>
#include <unordered_set>

#include <fmt/format.h>

#include "host/ledger/chain.h"
#include "host/ledger/home_index.h"
#include "host/ledger/ledger.h"
#include "host/ledger/objects.h"
#include "host/ledger/statement.h"

namespace carrel {
namespace {

constexpr std::size_t most_troubles = 100;  // a chain that is broken once is often broken everywhere

// Rows that no entry stands for, and entries that are missing: each select gives what to name.
struct Uncovered {
  const char* sql;
  const char* what;
};
constexpr Uncovered uncovered[] = {
    {"SELECT id FROM run WHERE NOT EXISTS (SELECT 1 FROM entry WHERE subject = run.id AND kind = 'run')",
     "run {} is in no entry: it was added from outside"},
    {"SELECT id FROM run WHERE state <> 'running' AND NOT EXISTS "
     "(SELECT 1 FROM entry WHERE subject = run.id AND kind = 'end')",
     "run {} ended without an entry: its state was changed"},
    {"SELECT id FROM run WHERE state = 'running' AND EXISTS "
     "(SELECT 1 FROM entry WHERE subject = run.id AND kind = 'end')",
     "run {} has ended and reads as running: its state was changed"},
    {"SELECT id FROM review WHERE NOT EXISTS (SELECT 1 FROM entry WHERE subject = review.id AND kind = "
     "'review')",
     "review {} is in no entry: it was added from outside"},
    {"SELECT id FROM exception WHERE NOT EXISTS "
     "(SELECT 1 FROM entry WHERE subject = exception.id AND kind = 'exception')",
     "exception {} is in no entry: it was added from outside"},
    {"SELECT id FROM evaluation WHERE NOT EXISTS "
     "(SELECT 1 FROM entry WHERE subject = evaluation.id AND kind = 'evaluation')",
     "evaluation {} is in no entry: it was added from outside"},
    {"SELECT subject FROM purge WHERE NOT EXISTS "
     "(SELECT 1 FROM entry WHERE entry.subject = purge.subject AND kind = 'purge')",
     "the purge of {} is in no entry: it was added from outside"},
    {"SELECT id FROM run WHERE state = 'running' AND number IN (SELECT run FROM run_object UNION SELECT run "
     "FROM "
     "try UNION SELECT run FROM note UNION SELECT run FROM claim UNION SELECT run FROM citation UNION SELECT "
     "run "
     "FROM verdict UNION SELECT run FROM denial)",
     "run {} is running and has a result: it was added from outside"},
    {"SELECT \"table\" || ' ' || coalesce(rowid, '') FROM pragma_foreign_key_check",
     "a row belongs to no run: {}"},
};

class Auditor {
 public:
  Auditor(sqlite3* database, const VerifyingKey& key, LedgerAudit* audit)
      : database_(database), key_(key), digests_(database), audit_(audit) {}

  void tell(bool broken, std::int64_t entry, std::string what) {
    if (audit_->troubles.size() < most_troubles) audit_->troubles.push_back({broken, entry, std::move(what)});
  }
  // What cannot be read is told, and the rest is looked at.
  void tell(const Status& done) {
    if (!done) tell(true, 0, done.error().what);
  }

  Status pages() {
    Statement check(database_, "PRAGMA integrity_check(20)");
    return each(check, [&] {
      if (check.text(0) != "ok") tell(true, 0, "the database is damaged: " + check.text(0));
    });
  }

  Status purges() {
    Statement select(database_, "SELECT subject FROM purge");
    return each(select, [&] { purged_.insert(select.text(0)); });
  }

  // The chain by itself, and each entry with its rows. `known` is the head that the index knows.
  Status chain(const std::optional<ChainHead>& known) {
    std::string previous(64, '0');
    std::string last_time;
    std::int64_t seq = 0;
    bool met = !known || known->entries == 0;
    bool ended = false;
    for (;;) {
      auto entries = chain_entries(database_, seq + 1, 1000);
      if (!entries) return entries.error();
      if (entries->empty()) break;
      for (const ChainEntry& entry : *entries) {
        gap(seq, entry);
        link(previous, entry);
        if (entry.at < last_time) {
          tell(false, entry.seq,
               fmt::format("is dated {}, before the entry it follows ({}): the clock was set back", entry.at,
                           last_time));
        }
        if (Status rows = content(entry); !rows) return rows;
        seq = entry.seq;
        previous = entry.hash;
        ended = ended || entry.kind == entry_kind::end;
        last_time = std::max(last_time, entry.at);
        ++audit_->entries;
        if (known && entry.seq == known->entries) {
          met = true;
          if (entry.hash != known->hash)
            tell(true, entry.seq, "is another one than the home index knows: the chain was written anew");
        }
      }
    }
    audit_->head = previous;
    if (!met) {
      tell(true, 0,
           fmt::format("the home index knows {} entries and the ledger has {}: the newest were taken away",
                       known->entries, seq));
    } else if (!known && ended) {
      // The index hears of a chain when it is made, and again with each run's end.
      tell(true, 0,
           "the home index (home.db) does not know this chain: whether its newest entries were taken away "
           "cannot "
           "be told; the next run is noted there");
    } else if (known && seq > known->entries) {
      tell(false, 0,
           fmt::format("the home index is {} entries behind; the next run brings it forward",
                       seq - known->entries));
    }
    return {};
  }

  Status rows() {
    for (const Uncovered& row : uncovered) {
      Statement select(database_, row.sql);
      Status done = each(select, [&] { tell(true, 0, fmt::format(fmt::runtime(row.what), select.text(0))); });
      if (!done) return done;
    }
    return {};
  }

  Status objects(const std::string& folder) {
    std::unordered_set<std::string> named;
    Statement select(database_,
                     "SELECT sha256, max(bytes), min(run.id) FROM run_object JOIN run ON run.number = run "
                     "GROUP BY sha256 UNION ALL SELECT sha256, bytes, id FROM evaluation "
                     "UNION ALL SELECT sha256, bytes, 'a state that ' || run.id || ' made' FROM prefix "
                     "JOIN run ON run.number = prefix.run");
    Status done = each(select, [&] {
      const std::string sha256 = select.text(0);
      if (!named.insert(sha256).second) return;
      ++audit_->objects;
      audit_->object_bytes += static_cast<std::uint64_t>(select.number(1));
      if (auto stored = stored_object(folder, sha256); !stored)
        tell(true, 0, fmt::format("of {}: {}", select.text(2), stored.error().what));
    });
    if (!done) return done;
    std::uint64_t left = 0;
    for (const std::string& name : all_objects(folder)) left += named.contains(name) ? 0 : 1;
    if (left > 0) {
      tell(false, 0,
           fmt::format("{} objects belong to no run: one that goes on, or one that was interrupted; the next "
                       "purge removes the latter",
                       left));
    }
    return {};
  }

  Status words() {
    Statement select(database_,
                     "SELECT (SELECT count(*) FROM run WHERE state <> 'running'), "
                     "(SELECT count(*) FROM words_docsize)");
    return each(select, [&] {
      if (!audit_->sealed && select.number(0) < select.number(1))
        tell(false, 0, "the search index holds runs that are not there");
    });
  }

  Status counts() {
    Statement select(database_, "SELECT (SELECT count(*) FROM run), (SELECT count(*) FROM purge)");
    return each(select, [&] {
      audit_->runs = static_cast<std::uint64_t>(select.number(0));
      audit_->purged = static_cast<std::uint64_t>(select.number(1));
    });
  }

 private:
  template <class Body>
  Status each(Statement& statement, Body body) {
    for (;;) {
      auto row = statement.step();
      if (!row) return row.error();
      if (!*row) return {};
      body();
    }
  }

  void gap(std::int64_t seq, const ChainEntry& entry) {
    if (entry.seq == seq + 1) return;
    tell(true, seq + 1,
         entry.seq == seq + 2 ? std::string("is missing")
                              : fmt::format("and all up to {} are missing", entry.seq - 1));
  }

  void link(const std::string& previous, const ChainEntry& entry) {
    if (entry_hash(previous, entry) != entry.hash) {
      tell(true, entry.seq,
           "does not follow from the entry before it: one of the two was changed, added or moved");
    }
    if (!is_signed(key_, entry.hash, entry.signature))
      tell(true, entry.seq, "is not signed by this ledger's key");
    if (entry.seq == 1 && (entry.kind != entry_kind::ledger || entry.subject != chain_id(key_)))
      tell(true, entry.seq, "is of another ledger: the key was exchanged");
  }

  // An entry against the rows that it stands for.
  Status content(const ChainEntry& entry) {
    const bool of_data = entry.kind != entry_kind::ledger && entry.kind != entry_kind::purge &&
                         entry.kind != entry_kind::migration;
    const bool is_purged = of_data && purged_.contains(entry.subject.substr(0, entry.subject.find('/')));
    auto exist = digests_.exist(entry.kind, entry.subject);
    if (!exist) {
      // A row that cannot be read is damage; an entry of an unknown kind is one that no carrel wrote.
      tell(true, entry.seq, exist.error().what);
      return {};
    }
    const auto told = [&](const char* what) {
      tell(true, entry.seq, fmt::format("stands for {} {}, {}", entry.kind, entry.subject, what));
    };
    if (is_purged) {
      if (*exist) told("which was purged and is here again");
      return {};
    }
    if (!*exist) {
      told("which was taken away");
      return {};
    }
    auto digest = digests_.of(entry.kind, entry.subject);
    if (!digest) {
      tell(true, entry.seq, digest.error().what);
    } else if (*digest != entry.digest) {
      told("which was changed");
    }
    return {};
  }

  sqlite3* database_;
  const VerifyingKey& key_;
  RowDigests digests_;
  LedgerAudit* audit_;
  std::unordered_set<std::string> purged_;
};

}  // namespace

bool LedgerAudit::sound() const {
  return std::none_of(troubles.begin(), troubles.end(), [](const LedgerTrouble& t) { return t.broken; });
}

Result<LedgerAudit> Ledger::verify() const {
  LedgerAudit audit;
  audit.chain = chain_id(verifying_);
  audit.sealed = sealed();
  Auditor auditor(database_, verifying_, &audit);
  auditor.tell(auditor.pages());
  // One moment of a ledger that others may be writing to: the index is asked first, for it lags.
  auto known = indexed_head(data_, audit.chain);
  if (!known) auditor.tell(Status(known.error()));
  Status begun = execute(database_, "BEGIN");
  if (!begun) return begun.error();
  auditor.tell(auditor.purges());
  auditor.tell(auditor.chain(known ? *known : std::optional<ChainHead>()));
  auditor.tell(auditor.rows());
  auditor.tell(auditor.counts());
  auditor.tell(auditor.words());
  auditor.tell(auditor.objects(folder_));
  (void)execute(database_, "ROLLBACK");  // only read
  return audit;
}

}  // namespace carrel
