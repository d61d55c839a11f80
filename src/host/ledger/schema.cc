#include "host/ledger/schema.h"

#include <filesystem>

#include <fmt/format.h>

#include "host/ledger/statement.h"

namespace carrel {
namespace {

// Columns of type ANY hold a tenant's private text: as text, or sealed as a blob. What a person decides and
// what a run came to are chained by `entry`; `run.number` is a row's own for as long as the ledger lives.
constexpr const char* tables = R"(
CREATE TABLE meta (name TEXT PRIMARY KEY NOT NULL, value ANY NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE entry (
  seq INTEGER PRIMARY KEY,
  at TEXT NOT NULL, kind TEXT NOT NULL, subject TEXT NOT NULL,
  digest TEXT NOT NULL, hash TEXT NOT NULL, signature BLOB NOT NULL
) STRICT;
CREATE INDEX entry_subject ON entry (subject);
CREATE TABLE run (
  number INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  state TEXT NOT NULL CHECK (state IN ('running', 'finished', 'failed', 'interrupted')),
  started_at TEXT NOT NULL, finished_at TEXT NOT NULL,
  playbook TEXT NOT NULL, playbook_sha256 TEXT NOT NULL,
  input ANY NOT NULL, input_sha256 TEXT NOT NULL, input_bytes INTEGER NOT NULL,
  question ANY NOT NULL,
  engine TEXT NOT NULL, model ANY NOT NULL, model_sha256 TEXT NOT NULL, image_sha256 TEXT NOT NULL,
  settings ANY NOT NULL,
  verdict TEXT NOT NULL, level TEXT NOT NULL, score REAL NOT NULL, passed INTEGER NOT NULL,
  error ANY NOT NULL, exit_status INTEGER NOT NULL
) STRICT;
CREATE INDEX run_running ON run (state) WHERE state = 'running';
CREATE INDEX run_started ON run (started_at);
CREATE TABLE run_object (
  run INTEGER NOT NULL REFERENCES run(number) ON DELETE CASCADE,
  role TEXT NOT NULL, sha256 TEXT NOT NULL, bytes INTEGER NOT NULL,
  PRIMARY KEY (run, role)
) STRICT, WITHOUT ROWID;
CREATE INDEX run_object_sha256 ON run_object (sha256);
CREATE TABLE try (
  run INTEGER NOT NULL REFERENCES run(number) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  variant TEXT NOT NULL, stop TEXT NOT NULL, tokens INTEGER NOT NULL,
  chosen INTEGER NOT NULL, agrees INTEGER NOT NULL,
  PRIMARY KEY (run, position)
) STRICT, WITHOUT ROWID;
CREATE TABLE note (
  run INTEGER NOT NULL REFERENCES run(number) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  stage TEXT NOT NULL, seconds REAL NOT NULL, text ANY NOT NULL,
  PRIMARY KEY (run, position)
) STRICT, WITHOUT ROWID;
CREATE TABLE claim (
  run INTEGER NOT NULL REFERENCES run(number) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  kind TEXT NOT NULL, text ANY NOT NULL, basis ANY NOT NULL,
  PRIMARY KEY (run, position)
) STRICT, WITHOUT ROWID;
CREATE TABLE citation (
  run INTEGER NOT NULL REFERENCES run(number) ON DELETE CASCADE,
  claim INTEGER NOT NULL, position INTEGER NOT NULL,
  id TEXT NOT NULL, file ANY NOT NULL, line INTEGER NOT NULL, end_line INTEGER NOT NULL,
  path ANY NOT NULL, quote ANY NOT NULL, reason ANY NOT NULL,
  PRIMARY KEY (run, claim, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX citation_file ON citation (file, line) WHERE typeof(file) = 'text';
CREATE TABLE verdict (
  run INTEGER NOT NULL REFERENCES run(number) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  name TEXT NOT NULL, verdict TEXT NOT NULL, detail ANY NOT NULL,
  PRIMARY KEY (run, position)
) STRICT, WITHOUT ROWID;
CREATE TABLE denial (
  run INTEGER NOT NULL REFERENCES run(number) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  room TEXT NOT NULL, call TEXT NOT NULL, count INTEGER NOT NULL,
  PRIMARY KEY (run, position)
) STRICT, WITHOUT ROWID;
CREATE TABLE review (
  id TEXT PRIMARY KEY NOT NULL,
  run INTEGER NOT NULL REFERENCES run(number) ON DELETE CASCADE,
  position INTEGER NOT NULL, at TEXT NOT NULL, reviewer TEXT NOT NULL,
  decision TEXT NOT NULL CHECK (decision IN ('accept', 'edit', 'reject')),
  claim INTEGER NOT NULL, reason ANY NOT NULL, text ANY NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX review_run ON review (run);
CREATE TABLE exception (
  id TEXT PRIMARY KEY NOT NULL,
  run INTEGER NOT NULL REFERENCES run(number) ON DELETE CASCADE,
  position INTEGER NOT NULL, at TEXT NOT NULL, consented_by TEXT NOT NULL, provider TEXT NOT NULL, model TEXT NOT NULL,
  purpose ANY NOT NULL, sent_sha256 TEXT NOT NULL, sent_bytes INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX exception_run ON exception (run);
CREATE TABLE evaluation (
  id TEXT PRIMARY KEY NOT NULL,
  at TEXT NOT NULL, playbook TEXT NOT NULL, playbook_sha256 TEXT NOT NULL,
  engine TEXT NOT NULL, model ANY NOT NULL, model_sha256 TEXT NOT NULL, cases_sha256 TEXT NOT NULL,
  summary ANY NOT NULL, sha256 TEXT NOT NULL, bytes INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE purge (
  subject TEXT PRIMARY KEY NOT NULL,
  at TEXT NOT NULL, reason TEXT NOT NULL, objects INTEGER NOT NULL, bytes INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE VIRTUAL TABLE words USING fts5(text, content = '', tokenize = "unicode61 remove_diacritics 2");
CREATE VIEW setting AS
  SELECT run.id AS run, each.key AS name, each.value ->> 'value' AS value, each.value ->> 'source' AS source
  FROM run, json_each(run.settings) AS each WHERE typeof(run.settings) = 'text';
)";

// States of think rooms, kept to save work: no entry stands for them, and any of them may go at any time.
constexpr const char* prefix_table = R"(
CREATE TABLE prefix (
  key TEXT PRIMARY KEY NOT NULL,
  run INTEGER NOT NULL REFERENCES run(number) ON DELETE CASCADE,
  sha256 TEXT NOT NULL, bytes INTEGER NOT NULL, used_at TEXT NOT NULL
) STRICT;
CREATE INDEX prefix_run ON prefix (run);
)";

constexpr const char* from_1 = R"(
ALTER TABLE run RENAME TO run_1;
ALTER TABLE run_object RENAME TO run_object_1;
)";

constexpr const char* copy_1 = R"(
INSERT INTO run (id, state, started_at, finished_at, playbook, playbook_sha256, input, input_sha256, input_bytes,
                 question, engine, model, model_sha256, image_sha256, settings, verdict, level, score, passed, error,
                 exit_status)
  SELECT id, state, started_at, finished_at, playbook, playbook_sha256, input, input_sha256, input_bytes,
         question, engine, model, model_sha256, image_sha256, settings, verdict, '', 0, passed, error, exit_status
  FROM run_1 ORDER BY rowid;
INSERT INTO run_object (run, role, sha256, bytes)
  SELECT run.number, role, sha256, 0 FROM run_object_1 JOIN run ON run.id = run_object_1.run;
DROP TABLE run_object_1;
DROP TABLE run_1;
)";

}  // namespace

Result<int> schema_version_of(sqlite3* database) {
  Statement statement(database, "PRAGMA user_version");
  auto row = statement.step();
  if (!row) return row.error();
  return static_cast<int>(statement.number(0));
}

Status make_tables(sqlite3* database) {
  if (Status made = execute(database, tables); !made) return made;
  return migrate_from_2(database);
}

Status migrate_from_1(sqlite3* database) {
  if (Status done = execute(database, from_1); !done) return done;
  if (Status done = make_tables(database); !done) return done;
  return execute(database, copy_1);
}

Status migrate_from_2(sqlite3* database) {
  if (Status made = execute(database, prefix_table); !made) return made;
  return execute(database, fmt::format("PRAGMA user_version = {}", ledger_schema_version));
}

Result<std::string> back_up(sqlite3* database, const std::string& path, int version) {
  std::string copy = fmt::format("{}.v{}.backup", path, version);
  std::error_code error;
  for (int n = 2; std::filesystem::exists(copy, error); ++n)
    copy = fmt::format("{}.v{}.backup.{}", path, version, n);
  Statement into(database, "VACUUM INTO ?");
  if (Status done = into.bind(copy).run(); !done) return std::move(done.error()).in("backing up to " + copy);
  std::filesystem::permissions(copy, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write,
                               error);
  return copy;
}

}  // namespace carrel
