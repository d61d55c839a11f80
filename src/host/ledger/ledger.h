// The ledger: every run of a tenant, with what is needed to do it again. One SQLite database and one folder
// of content-addressed objects a tenant; tenants share nothing.
//
//   <data>/tenants/<tenant>/ledger.db          WAL, foreign keys, PRAGMA user_version = schema version
//   <data>/tenants/<tenant>/objects/ab/cdef…   named by the SHA-256 of their bytes
//   <data>/tenants/<tenant>/running/<run>      locked (flock) for as long as the run lives
//
// A kill at any moment leaves no run or one that reads as interrupted: a run's row is written before its work
// begins, its objects are on the disk before the one transaction that finishes it, and whoever opens the
// ledger marks runs whose lock is free. Format: docs/formats/ledger.md. One Ledger is for one thread; several
// processes may open the same one.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/fd.h"
#include "base/result.h"

struct sqlite3;

namespace carrel {

enum class RunState : std::uint8_t { running, finished, failed, interrupted };
const char* to_string(RunState state);

// One row a run. Times are UTC, ISO 8601 with milliseconds.
struct RunRow {
  std::string id;
  std::string tenant;
  RunState state = RunState::running;
  std::string started_at, finished_at;
  std::string playbook, playbook_sha256;
  std::string input, input_sha256;
  std::uint64_t input_bytes = 0;
  std::string question;
  std::string engine, model, model_sha256;
  std::string image_sha256;  // of the room image
  std::string settings;      // JSON: each setting with its value and source
  std::string verdict;       // of the finished report
  bool passed = false;
  std::string error;  // why it failed
  int exit_status = 0;
  std::vector<std::pair<std::string, std::string>> objects;  // role ("report", "evidence") and SHA-256
};

// A new run's id: "20260102-030405-9f3a61", sortable by its start.
std::string new_run_id();

// True for a tenant's name: 1 to 64 of a-z, 0-9, '-', '_', '.', beginning with a letter or a digit.
bool is_tenant_name(const std::string& name);

class Ledger {
 public:
  // Opens or makes the tenant's ledger below `data`. Errors: a database of a newer schema, no permission,
  // full disk.
  static Result<Ledger> open(const std::string& data, const std::string& tenant);
  // The same of a tenant that has a ledger already; else an Error, and nothing is made.
  static Result<Ledger> open_existing(const std::string& data, const std::string& tenant);
  // The tenants that have a ledger below `data`, sorted.
  static std::vector<std::string> tenants(const std::string& data);

  Ledger(Ledger&&) noexcept;
  Ledger& operator=(Ledger&&) noexcept;
  ~Ledger();

  // Writes the row of a run that begins now, locked by this process until it is finished or dies.
  Status begin(const RunRow& row);
  // Fills in what a running run has learned (model, settings, image) before its result.
  Status update(const RunRow& row);
  // Puts bytes into the objects; their SHA-256 is the name. Durable when it returns. Writing the same again
  // is free.
  Result<std::string> put(const std::string& bytes);
  Result<std::string> get(const std::string& sha256) const;
  // Ends the run: its state, verdict, error and objects, in one transaction.
  Status finish(const RunRow& row);

  // The newest first. Runs whose process is gone are marked interrupted before.
  Result<std::vector<RunRow>> runs(std::size_t most);
  // The run with this id, or else the newest runs whose ids begin with it, at most `most`.
  Result<std::vector<RunRow>> find_all(const std::string& prefix, std::size_t most);

 private:
  Ledger() = default;
  Status create_schema();
  Status mark_interrupted();
  Result<std::vector<RunRow>> select(const std::string& where, const std::string& argument,
                                     std::size_t most) const;

  std::string folder_;
  std::string tenant_;
  sqlite3* database_ = nullptr;
  std::vector<std::pair<std::string, Fd>> locks_;
};

}  // namespace carrel
