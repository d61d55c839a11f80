#include "host/ledger/ledger.h"

#include <algorithm>
#include <cerrno>
#include <chrono>

#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/random.h>
#include <unistd.h>

#include "host/ledger/chain.h"
#include "host/ledger/home_index.h"
#include "host/ledger/objects.h"
#include "host/ledger/statement.h"

namespace carrel {
namespace {

constexpr const char* columns =
    "number, id, state, started_at, finished_at, playbook, playbook_sha256, input, input_sha256, "
    "input_bytes, "
    "question, engine, model, model_sha256, image_sha256, settings, verdict, level, score, passed, error, "
    "exit_status";

RunState state_of(const std::string& text) {
  for (const RunState state : {RunState::running, RunState::finished, RunState::failed}) {
    if (text == to_string(state)) return state;
  }
  return RunState::interrupted;
}

}  // namespace

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

Status Ledger::writable() const {
  if (!writable_) {
    return Error{Code::machine, folder_ + " cannot be written",
                 "make the folder writable, or name another with --data"};
  }
  return vault_.locked() ? Status(locked_error()) : Status();
}

// An entry for rows of the caller's transaction.
Status Ledger::append(const char* kind, const std::string& subject) {
  return append_entry(database_, *signing_, kind, subject);
}

// What the index could not be told it is told later: it may lag, and what was written is safe already.
void Ledger::raise_index() {
  const auto head = chain_head(database_);
  if (head) (void)raise_head(data_, chain_id(verifying_), *head);
}

// From here until this ledger goes nobody purges: an object that was put, or found to be there already, stays
// until a row names it.
Status Ledger::share_objects() {
  if (sharing_.valid()) return {};
  const std::string path = folder_ + "/running";
  Fd shared(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!shared.valid() || ::flock(shared.get(), LOCK_SH) != 0) return errno_error("cannot lock " + path);
  sharing_ = std::move(shared);
  return {};
}

Status Ledger::begin(const RunRow& row) {
  if (Status may = writable(); !may) return may;
  if (Status shared = share_objects(); !shared) return shared;
  // The lock comes before the row: a row without a held lock means a dead run.
  const std::string path = folder_ + "/running/" + row.id;
  Fd lock(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!lock.valid() || ::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) return errno_error("cannot lock " + path);
  auto transaction = Transaction::begin(database_);
  if (!transaction) return transaction.error();
  Statement insert(
      database_,
      "INSERT INTO run (id, state, started_at, finished_at, playbook, playbook_sha256, input, input_sha256, "
      "input_bytes, question, engine, model, model_sha256, image_sha256, settings, verdict, level, score, "
      "passed, "
      "error, exit_status) VALUES (?,?,?,'',?,?,?,?,?,?,?,?,?,?,?,'','',0,0,?,0)");
  insert.bind(row.id).bind(std::string(to_string(RunState::running))).bind(ledger_time());
  insert.bind(row.playbook).bind(row.playbook_sha256).bind_private(vault_, row.input).bind(row.input_sha256);
  insert.bind(static_cast<std::int64_t>(row.input_bytes)).bind_private(vault_, row.question);
  insert.bind(row.engine).bind_private(vault_, row.model).bind(row.model_sha256).bind(row.image_sha256);
  insert.bind_private(vault_, row.settings).bind_private(vault_, "");
  Status done = insert.run();
  if (done) done = append(entry_kind::run, row.id);
  if (done) done = transaction->commit();
  if (!done) return done;
  locks_.emplace_back(row.id, std::move(lock));
  return {};  // the home index hears of it with the run's end
}

Status Ledger::update(const RunRow& row) {
  if (Status may = writable(); !may) return may;
  Statement update(
      database_,
      "UPDATE run SET input_sha256 = ?, input_bytes = ?, model = ?, model_sha256 = ?, image_sha256 = ?, "
      "settings = ? WHERE id = ? AND state = 'running'");
  update.bind(row.input_sha256).bind(static_cast<std::int64_t>(row.input_bytes));
  update.bind_private(vault_, row.model).bind(row.model_sha256).bind(row.image_sha256);
  return update.bind_private(vault_, row.settings).bind(row.id).run();
}

Result<std::string> Ledger::put(const std::string& bytes) {
  if (Status may = writable(); !may) return may.error();
  if (Status shared = share_objects(); !shared) return shared.error();
  auto object = put_object(folder_, vault_, bytes);
  if (!object) return object.error();
  return std::move(object->sha256);
}

Result<std::string> Ledger::get(const std::string& sha256) const {
  return get_object(folder_, vault_, sha256);
}

Status Ledger::write_end(const RunRow& row, const RunDetail& detail) {
  Statement update(
      database_,
      "UPDATE run SET state = ?, finished_at = ?, verdict = ?, level = ?, score = ?, passed = ?, error = ?, "
      "exit_status = ?, input_sha256 = ?, input_bytes = ?, model = ?, model_sha256 = ?, image_sha256 = ?, "
      "settings = ? WHERE id = ? AND state = 'running' RETURNING number");
  update.bind(std::string(to_string(row.state))).bind(ledger_time()).bind(row.verdict).bind(row.level);
  update.bind_real(row.score).bind(row.passed ? 1 : 0).bind_private(vault_, row.error);
  update.bind(row.exit_status).bind(row.input_sha256).bind(static_cast<std::int64_t>(row.input_bytes));
  update.bind_private(vault_, row.model).bind(row.model_sha256).bind(row.image_sha256);
  update.bind_private(vault_, row.settings).bind(row.id);
  auto updated = update.step();
  if (!updated) return updated.error();
  if (!*updated) return Error{Code::internal, fmt::format("run {} is not running", row.id), ""};
  const std::int64_t number = update.number(0);
  if (Status ended = update.run(); !ended) return ended;
  for (const auto& [role, sha256] : row.objects) {
    Statement insert(database_, "INSERT INTO run_object (run, role, sha256, bytes) VALUES (?, ?, ?, ?)");
    insert.bind(number).bind(role).bind(sha256);
    if (Status done = insert.bind(static_cast<std::int64_t>(object_bytes(folder_, sha256))).run(); !done)
      return done;
  }
  if (Status done = write_detail(number, detail); !done) return done;
  if (Status done = append(entry_kind::end, row.id); !done) return done;
  return index_run(number, "");
}

Status Ledger::finish(const RunRow& row, const RunDetail& detail) {
  if (Status may = writable(); !may) return may;
  {
    auto transaction = Transaction::begin(database_);
    if (!transaction) return transaction.error();
    if (Status done = write_end(row, detail); !done) return done;
    if (Status done = transaction->commit(); !done) return done;
  }
  raise_index();
  std::erase_if(locks_, [&](const auto& lock) { return lock.first == row.id; });
  ::unlink((folder_ + "/running/" + row.id).c_str());
  return {};
}

// A running run keeps its lock; the kernel frees it with the process, however that died.
Result<std::vector<std::string>> Ledger::dead_runs() const {
  std::vector<std::string> dead;
  Statement running(database_, "SELECT id FROM run WHERE state = 'running'");
  for (;;) {
    auto row = running.step();
    if (!row) return row.error();
    if (!*row) return dead;
    const std::string id = running.text(0);
    const std::string path = folder_ + "/running/" + id;
    const Fd lock(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    const bool gone = !lock.valid() && errno == ENOENT;
    // Whether a run is dead whose lock cannot be looked at is not known.
    if (!lock.valid() && !gone) return errno_error("cannot open " + path);
    if (gone || ::flock(lock.get(), LOCK_EX | LOCK_NB) == 0) {
      dead.push_back(id);
    } else if (errno != EWOULDBLOCK) {
      return errno_error("cannot lock " + path);
    }
  }
}

Status Ledger::mark_interrupted() {
  if (!writable()) return {};  // select() tells it of the rows it gives
  auto dead = dead_runs();
  if (!dead) return dead.error();
  for (const std::string& id : *dead) {
    auto transaction = Transaction::begin(database_);
    if (!transaction) return transaction.error();
    Statement mark(database_,
                   "UPDATE run SET state = 'interrupted', finished_at = ? WHERE id = ? AND state = 'running' "
                   "RETURNING number");
    auto marked = mark.bind(ledger_time()).bind(id).step();
    if (!marked) return marked.error();
    if (!*marked) continue;  // another process was first
    const std::int64_t number = mark.number(0);
    if (marked = mark.step(); !marked) return marked.error();
    if (Status chained = append(entry_kind::end, id); !chained) return chained;
    if (Status indexed = index_run(number, ""); !indexed) return indexed;
    if (Status done = transaction->commit(); !done) return done;
    ::unlink((folder_ + "/running/" + id).c_str());
  }
  if (!dead->empty()) raise_index();
  return {};
}

Result<std::vector<RunRow>> Ledger::select(const std::string& where,
                                           const std::vector<std::string>& arguments, std::size_t most,
                                           std::size_t skip) const {
  std::vector<RunRow> rows;
  std::vector<std::string> dead;
  if (!writable()) {
    auto found = dead_runs();
    if (!found) return found.error();
    dead = std::move(*found);
  }
  Statement select(
      database_,
      fmt::format("SELECT {} FROM run WHERE {} LIMIT {} OFFSET {}", columns, where, most, skip).c_str());
  for (const std::string& argument : arguments) select.bind(argument);
  Statement objects(database_, "SELECT role, sha256 FROM run_object WHERE run = ? ORDER BY role");
  for (;;) {
    auto more = select.step();
    if (!more) return more.error();
    if (!*more) return rows;
    RunRow row;
    row.tenant = tenant_;
    row.number = select.number(0);
    row.id = select.text(1);
    row.state = state_of(select.text(2));
    if (std::find(dead.begin(), dead.end(), row.id) != dead.end()) row.state = RunState::interrupted;
    row.started_at = select.text(3);
    row.finished_at = select.text(4);
    row.playbook = select.text(5);
    row.playbook_sha256 = select.text(6);
    row.input = select.private_text(vault_, 7);
    row.input_sha256 = select.text(8);
    row.input_bytes = static_cast<std::uint64_t>(select.number(9));
    row.question = select.private_text(vault_, 10);
    row.engine = select.text(11);
    row.model = select.private_text(vault_, 12);
    row.model_sha256 = select.text(13);
    row.image_sha256 = select.text(14);
    row.settings = select.private_text(vault_, 15);
    row.verdict = select.text(16);
    row.level = select.text(17);
    row.score = select.real(18);
    row.passed = select.number(19) != 0;
    row.error = select.private_text(vault_, 20);
    row.exit_status = static_cast<int>(select.number(21));
    objects.again().bind(row.number);
    for (;;) {
      auto another = objects.step();
      if (!another) return another.error();
      if (!*another) break;
      row.objects.emplace_back(objects.text(0), objects.text(1));
    }
    rows.push_back(std::move(row));
  }
}

Result<std::vector<RunRow>> Ledger::runs(std::size_t most, std::size_t skip) {
  if (Status marked = mark_interrupted(); !marked) return marked.error();
  return select("1 ORDER BY started_at DESC, id DESC", {}, most, skip);
}

Result<std::vector<RunRow>> Ledger::runs(const RunFilter& filter) {
  if (Status marked = mark_interrupted(); !marked) return marked.error();
  std::string where = "(?2 = '' OR (started_at, id) < (?1, ?2))";
  if (filter.state) where += fmt::format(" AND state = '{}'", to_string(*filter.state));
  return select(where + " ORDER BY started_at DESC, id DESC", {filter.below.started_at, filter.below.id},
                filter.most, 0);
}

Result<std::vector<RunRow>> Ledger::find_all(const std::string& prefix, std::size_t most) {
  if (Status marked = mark_interrupted(); !marked) return marked.error();
  auto exact = select("id = ?", {prefix}, 1, 0);
  if (!exact || !exact->empty()) return exact;
  // Ids hold digits, letters and '-', all of them before '~': this is the range of those that begin so.
  return select("id >= ?1 AND id < ?1 || '~' ORDER BY number DESC", {prefix}, most, 0);
}

Result<std::string> Ledger::object(const RunRow& run, const std::string& role) const {
  for (const auto& [name, sha256] : run.objects) {
    if (name == role) return get(sha256);
  }
  std::string what = fmt::format("run {} has no {}: it is {}", run.id, role, to_string(run.state));
  if (!run.error.empty()) what += ": " + run.error;
  return Error{Code::usage, std::move(what), ""};
}

}  // namespace carrel
