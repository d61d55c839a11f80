// The chain: one entry for everything that is added to a ledger or taken from it. An entry holds the digest
// of the rows that it stands for; its hash goes over that and the entry before, and is signed. So a row that
// was changed, added or taken away is seen, and so is an entry; docs/formats/ledger.md has the bytes.
//
// What an entry stands for may be purged: the entry stays, and a later one says so.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "crypto/sign.h"
#include "host/ledger/statement.h"

namespace carrel {

// Kinds of entries, each with its subject:
namespace entry_kind {
inline constexpr const char* ledger = "ledger";          // the first one; subject: the chain's id
inline constexpr const char* run = "run";                // begun; the run's id
inline constexpr const char* end = "end";                // finished, failed or interrupted; the run's id
inline constexpr const char* review = "review";          // the review's id, RUN/rN
inline constexpr const char* exception = "exception";    // the exception's id, RUN/xN
inline constexpr const char* evaluation = "evaluation";  // the evaluation's id
inline constexpr const char* purge = "purge";            // the id of the run or evaluation
inline constexpr const char* migration = "migration";    // from which schema version
}  // namespace entry_kind

struct ChainHead {
  std::int64_t entries = 0;
  std::string hash;  // of the last entry; 64 zeros of an empty chain
};

struct ChainEntry {
  std::int64_t seq = 0;
  std::string at, kind, subject, digest, hash;
  Signature signature{};
};

// The chain's public name: 32 hexadecimal digits of the SHA-256 of its verifying key.
std::string chain_id(const VerifyingKey& key);

// The hash of an entry after one with the hash `previous`.
std::string entry_hash(const std::string& previous, const ChainEntry& entry);

// Digests of the rows that entries stand for. Keeps its prepared statements.
class RowDigests {
 public:
  explicit RowDigests(sqlite3* database) : database_(database) {}
  // Of what an entry of this kind stands for; of no rows too. An unknown kind is an Error.
  Result<std::string> of(const std::string& kind, const std::string& subject);
  // False where the rows are gone (a run, a review, … that has no row).
  Result<bool> exist(const std::string& kind, const std::string& subject);

 private:
  using Statements = std::vector<std::unique_ptr<Statement>>;
  Result<Statements*> statements_of(const std::string& kind);

  sqlite3* database_;
  std::map<std::string, Statements> prepared_;
};

Result<ChainHead> chain_head(sqlite3* database);
// The entries from `from` on, at most `most`.
Result<std::vector<ChainEntry>> chain_entries(sqlite3* database, std::int64_t from, std::size_t most);

// Adds an entry for rows that stand in the database, within the caller's transaction.
Status append_entry(sqlite3* database, const SigningKey& key, const std::string& kind,
                    const std::string& subject);

// A time as the ledger writes it: UTC, ISO 8601, milliseconds.
std::string ledger_time(std::chrono::system_clock::time_point time = std::chrono::system_clock::now());

}  // namespace carrel
