#include "host/ledger/ledger.h"

#include <algorithm>
#include <chrono>
#include <filesystem>

#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/random.h>
#include <unistd.h>

#include "digest/sha256.h"
#include "host/ledger/statement.h"

namespace carrel {
namespace {

namespace fs = std::filesystem;

constexpr int schema_version = 1;
constexpr std::size_t object_limit = 256ULL << 20;

constexpr const char* schema = R"(
CREATE TABLE run (
  id TEXT PRIMARY KEY NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('running', 'finished', 'failed', 'interrupted')),
  started_at TEXT NOT NULL, finished_at TEXT NOT NULL,
  playbook TEXT NOT NULL, playbook_sha256 TEXT NOT NULL,
  input TEXT NOT NULL, input_sha256 TEXT NOT NULL, input_bytes INTEGER NOT NULL,
  question TEXT NOT NULL,
  engine TEXT NOT NULL, model TEXT NOT NULL, model_sha256 TEXT NOT NULL, image_sha256 TEXT NOT NULL,
  settings TEXT NOT NULL,
  verdict TEXT NOT NULL, passed INTEGER NOT NULL, error TEXT NOT NULL, exit_status INTEGER NOT NULL
) STRICT;
CREATE TABLE run_object (
  run TEXT NOT NULL REFERENCES run(id) ON DELETE CASCADE,
  role TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  PRIMARY KEY (run, role)
) STRICT;
)";

constexpr const char* columns =
    "id, state, started_at, finished_at, playbook, playbook_sha256, input, input_sha256, input_bytes, "
    "question, "
    "engine, model, model_sha256, image_sha256, settings, verdict, passed, error, exit_status";

std::string now() {
  using namespace std::chrono;
  const auto time = system_clock::now();
  const auto ms = duration_cast<milliseconds>(time.time_since_epoch()).count() % 1000;
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(system_clock::to_time_t(time)), ms);
}

Status execute(sqlite3* database, const char* sql) {
  if (sqlite3_exec(database, sql, nullptr, nullptr, nullptr) != SQLITE_OK) {
    return sqlite_error(database, "writing the ledger");
  }
  return {};
}

// Makes a folder readable by its owner alone.
Status make_private_folder(const std::string& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (!error) fs::permissions(path, fs::perms::owner_all, error);
  if (error) return Error{Code::machine, fmt::format("cannot make {}: {}", path, error.message()), ""};
  return {};
}

// Makes the names in a folder durable.
Status sync_folder(const std::string& path) {
  const Fd folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder.valid() || ::fsync(folder.get()) != 0) return errno_error("cannot sync " + path);
  return {};
}

std::string object_path(const std::string& folder, const std::string& sha256) {
  return fmt::format("{}/objects/{}/{}", folder, sha256.substr(0, 2), sha256.substr(2));
}

RunState state_of(const std::string& text) {
  for (const RunState state : {RunState::running, RunState::finished, RunState::failed}) {
    if (text == to_string(state)) return state;
  }
  return RunState::interrupted;
}

}  // namespace

Error sqlite_error(sqlite3* database, const std::string& doing) {
  const int code = sqlite3_errcode(database);
  std::string remedy;
  if (code == SQLITE_FULL) remedy = "free some space on that disk and run it again";
  if (code == SQLITE_BUSY) remedy = "another carrel holds this tenant's ledger; run it again";
  if (code == SQLITE_CORRUPT || code == SQLITE_NOTADB) remedy = "restore the tenant's folder from a backup";
  return {Code::machine, fmt::format("{}: {}", doing, sqlite3_errmsg(database)), remedy};
}

const char* to_string(RunState state) {
  switch (state) {
    case RunState::running:
      return "running";
    case RunState::finished:
      return "finished";
    case RunState::failed:
      return "failed";
    case RunState::interrupted:
      break;
  }
  return "interrupted";
}

std::string new_run_id() {
  unsigned char random[3] = {};
  // Three bytes come from the kernel's pool at once; it blocks only before the pool is first filled, at boot.
  if (::getrandom(random, sizeof random, 0) != static_cast<ssize_t>(sizeof random)) random[0] = 0;
  const auto time = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  return fmt::format("{:%Y%m%d-%H%M%S}-{:02x}{:02x}{:02x}", fmt::gmtime(time), random[0], random[1],
                     random[2]);
}

bool is_tenant_name(const std::string& name) {
  const auto alphanumeric = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  return !name.empty() && name.size() <= 64 && alphanumeric(name[0]) &&
         std::all_of(name.begin(), name.end(),
                     [&](char c) { return alphanumeric(c) || c == '-' || c == '_' || c == '.'; });
}

Ledger::Ledger(Ledger&& other) noexcept
    : folder_(std::move(other.folder_)),
      tenant_(std::move(other.tenant_)),
      database_(std::exchange(other.database_, nullptr)),
      locks_(std::move(other.locks_)) {}

Ledger& Ledger::operator=(Ledger&& other) noexcept {
  std::swap(folder_, other.folder_);
  std::swap(tenant_, other.tenant_);
  std::swap(database_, other.database_);
  std::swap(locks_, other.locks_);
  return *this;
}

Ledger::~Ledger() {
  sqlite3_close(database_);
}

Result<Ledger> Ledger::open(const std::string& data, const std::string& tenant) {
  if (!is_tenant_name(tenant)) {
    return Error{Code::usage, fmt::format("\"{}\" cannot name a tenant", tenant),
                 "use 1 to 64 of a-z, 0-9, '-', '_' and '.', beginning with a letter or a digit"};
  }
  Ledger ledger;
  ledger.folder_ = data + "/tenants/" + tenant;
  ledger.tenant_ = tenant;
  for (const char* folder : {"", "/objects", "/running"}) {
    if (Status made = make_private_folder(ledger.folder_ + folder); !made) return made.error();
  }
  const std::string path = ledger.folder_ + "/ledger.db";
  if (sqlite3_open(path.c_str(), &ledger.database_) != SQLITE_OK) {
    return sqlite_error(ledger.database_, "opening " + path);
  }
  sqlite3_busy_timeout(ledger.database_, 10'000);
  if (Status set = execute(ledger.database_,
                           "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;");
      !set) {
    return std::move(set.error()).in(path);
  }
  if (Status made = ledger.create_schema(); !made) return std::move(made.error()).in(path);
  return ledger;
}

Result<Ledger> Ledger::open_existing(const std::string& data, const std::string& tenant) {
  std::error_code error;
  if (is_tenant_name(tenant) && !fs::exists(data + "/tenants/" + tenant + "/ledger.db", error)) {
    return Error{Code::usage, "there is no tenant " + tenant, "`carrel runs` lists the runs of all tenants"};
  }
  return open(data, tenant);
}

// The first opener makes the tables; the transaction keeps two first openers apart.
Status Ledger::create_schema() {
  if (Status begun = execute(database_, "BEGIN IMMEDIATE"); !begun) return begun;
  std::int64_t version = 0;
  {
    Statement statement(database_, "PRAGMA user_version");
    auto row = statement.step();
    if (!row) return row.error();
    version = statement.number(0);
  }
  Status made;
  if (version == 0) {
    made = execute(database_, schema);
    if (made) made = execute(database_, fmt::format("PRAGMA user_version = {}", schema_version).c_str());
  } else if (version != schema_version) {
    made =
        Error{Code::machine,
              fmt::format("this ledger has schema version {}; this carrel knows {}", version, schema_version),
              "use the newer carrel that wrote it"};
  }
  if (!made) {
    (void)execute(database_, "ROLLBACK");  // the first error is the one to tell
    return made;
  }
  return execute(database_, "COMMIT");
}

std::vector<std::string> Ledger::tenants(const std::string& data) {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(data + "/tenants", error)) {
    if (fs::exists(entry.path() / "ledger.db", error)) names.push_back(entry.path().filename());
  }
  std::sort(names.begin(), names.end());
  return names;
}

Status Ledger::begin(const RunRow& row) {
  // The lock comes before the row: a row without a held lock means a dead run.
  const std::string path = folder_ + "/running/" + row.id;
  Fd lock(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!lock.valid() || ::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) return errno_error("cannot lock " + path);
  Statement insert(
      database_,
      fmt::format("INSERT INTO run ({}) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)", columns).c_str());
  insert.bind(row.id).bind(std::string(to_string(RunState::running))).bind(now()).bind("");
  insert.bind(row.playbook).bind(row.playbook_sha256).bind(row.input).bind(row.input_sha256);
  insert.bind(static_cast<std::int64_t>(row.input_bytes)).bind(row.question);
  insert.bind(row.engine).bind(row.model).bind(row.model_sha256).bind(row.image_sha256).bind(row.settings);
  insert.bind("").bind(0).bind("").bind(0);
  if (Status inserted = insert.run(); !inserted) return inserted;
  locks_.emplace_back(row.id, std::move(lock));
  return {};
}

Status Ledger::update(const RunRow& row) {
  Statement update(
      database_,
      "UPDATE run SET input_sha256 = ?, input_bytes = ?, model = ?, model_sha256 = ?, image_sha256 = ?, "
      "settings = ? WHERE id = ?");
  update.bind(row.input_sha256).bind(static_cast<std::int64_t>(row.input_bytes));
  update.bind(row.model).bind(row.model_sha256).bind(row.image_sha256).bind(row.settings).bind(row.id);
  return update.run();
}

Result<std::string> Ledger::put(const std::string& bytes) {
  const std::string sha256 = sha256_of(bytes);
  const std::string path = object_path(folder_, sha256);
  std::error_code error;
  if (fs::exists(path, error)) return sha256;
  if (Status made = make_private_folder(fs::path(path).parent_path()); !made) return made.error();
  // Another process may have made the folder a moment ago and not have synced it yet: done each time.
  if (Status synced = sync_folder(folder_ + "/objects"); !synced) return synced.error();
  if (Status written = write_file_durably(path, bytes); !written) return written.error();
  return sha256;
}

Result<std::string> Ledger::get(const std::string& sha256) const {
  if (sha256.size() != 64) return Error{Code::bad_input, "no such object", ""};
  auto bytes = read_file(object_path(folder_, sha256), object_limit);
  if (!bytes) return bytes.error();
  if (sha256_of(*bytes) != sha256) {
    return Error{Code::machine, fmt::format("the stored object {} was changed", sha256),
                 "restore the tenant's folder from a backup"};
  }
  return bytes;
}

Status Ledger::finish(const RunRow& row) {
  if (Status begun = execute(database_, "BEGIN IMMEDIATE"); !begun) return begun;
  Statement update(
      database_,
      "UPDATE run SET state = ?, finished_at = ?, verdict = ?, passed = ?, error = ?, exit_status = ?, "
      "input_sha256 = ?, input_bytes = ?, model = ?, model_sha256 = ?, image_sha256 = ?, settings = ? "
      "WHERE id = ?");
  update.bind(std::string(to_string(row.state))).bind(now()).bind(row.verdict).bind(row.passed ? 1 : 0);
  update.bind(row.error)
      .bind(row.exit_status)
      .bind(row.input_sha256)
      .bind(static_cast<std::int64_t>(row.input_bytes));
  update.bind(row.model).bind(row.model_sha256).bind(row.image_sha256).bind(row.settings).bind(row.id);
  Status done = update.run();
  for (const auto& [role, sha256] : row.objects) {
    if (!done) break;
    Statement insert(database_, "INSERT INTO run_object (run, role, sha256) VALUES (?, ?, ?)");
    done = insert.bind(row.id).bind(role).bind(sha256).run();
  }
  if (done) done = execute(database_, "COMMIT");
  if (!done) {
    (void)execute(database_, "ROLLBACK");  // the first error is the one to tell
    return done;
  }
  std::erase_if(locks_, [&](const auto& lock) { return lock.first == row.id; });
  ::unlink((folder_ + "/running/" + row.id).c_str());
  return {};
}

// A running run keeps its lock; the kernel frees it with the process, however that died.
Status Ledger::mark_interrupted() {
  auto running = select("state = ?", to_string(RunState::running), 1000);
  if (!running) return running.error();
  for (const RunRow& row : *running) {
    const std::string path = folder_ + "/running/" + row.id;
    const Fd lock(::open(path.c_str(), O_RDWR | O_CLOEXEC));
    if (lock.valid() && ::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) continue;
    Statement update(
        database_,
        "UPDATE run SET state = 'interrupted', finished_at = ? WHERE id = ? AND state = 'running'");
    if (Status marked = update.bind(now()).bind(row.id).run(); !marked) return marked;
    ::unlink(path.c_str());
  }
  return {};
}

Result<std::vector<RunRow>> Ledger::select(const std::string& where, const std::string& argument,
                                           std::size_t most) const {
  std::vector<RunRow> rows;
  Statement select(
      database_,
      fmt::format("SELECT {} FROM run WHERE {} ORDER BY rowid DESC LIMIT {}", columns, where, most).c_str());
  if (!argument.empty()) select.bind(argument);
  for (;;) {
    auto more = select.step();
    if (!more) return more.error();
    if (!*more) break;
    RunRow row;
    row.tenant = tenant_;
    int column = 0;
    row.id = select.text(column++);
    row.state = state_of(select.text(column++));
    for (std::string* field : {&row.started_at, &row.finished_at, &row.playbook, &row.playbook_sha256,
                               &row.input, &row.input_sha256}) {
      *field = select.text(column++);
    }
    row.input_bytes = static_cast<std::uint64_t>(select.number(column++));
    for (std::string* field : {&row.question, &row.engine, &row.model, &row.model_sha256, &row.image_sha256,
                               &row.settings, &row.verdict}) {
      *field = select.text(column++);
    }
    row.passed = select.number(column++) != 0;
    row.error = select.text(column++);
    row.exit_status = static_cast<int>(select.number(column++));
    Statement objects(database_, "SELECT role, sha256 FROM run_object WHERE run = ? ORDER BY role");
    objects.bind(row.id);
    for (;;) {
      auto another = objects.step();
      if (!another) return another.error();
      if (!*another) break;
      row.objects.emplace_back(objects.text(0), objects.text(1));
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

Result<std::vector<RunRow>> Ledger::runs(std::size_t most) {
  if (Status marked = mark_interrupted(); !marked) return marked.error();
  return select("1", "", most);
}

Result<std::vector<RunRow>> Ledger::find_all(const std::string& prefix, std::size_t most) {
  if (Status marked = mark_interrupted(); !marked) return marked.error();
  auto exact = select("id = ?", prefix, 1);
  if (!exact || !exact->empty()) return exact;
  // Ids hold neither '%' nor '_'; what a person types may, and then matches nothing.
  return select("substr(id, 1, length(?1)) = ?1", prefix, most);
}

}  // namespace carrel
