#include "host/ledger/chain.h"

#include <algorithm>
#include <chrono>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "digest/sha256.h"

namespace carrel {
namespace {

constexpr std::string_view entry_version = "carrel ledger entry 1\n";

// What each kind of entry stands for. The first statement's rows are those without which it is gone. Columns
// and order are part of the format: a digest that was signed must come out again.
const std::map<std::string, std::vector<const char*>, std::less<>>& coverage() {
#define OF_RUN " WHERE run = (SELECT number FROM run WHERE id = ?1) ORDER BY "
  static const std::map<std::string, std::vector<const char*>, std::less<>> all = {
      {entry_kind::ledger, {"SELECT name, value FROM meta ORDER BY name"}},
      {entry_kind::run,
       {"SELECT id, started_at, playbook, playbook_sha256, input, question, engine FROM run WHERE id = ?1"}},
      {entry_kind::end,
       {"SELECT id, state, finished_at, input_sha256, input_bytes, model, model_sha256, image_sha256, "
        "settings, "
        "verdict, level, score, passed, error, exit_status FROM run WHERE id = ?1 AND state <> 'running'",
        "SELECT role, sha256, bytes FROM run_object" OF_RUN "role",
        "SELECT position, variant, stop, tokens, chosen, agrees FROM try" OF_RUN "position",
        "SELECT position, stage, seconds, text FROM note" OF_RUN "position",
        "SELECT position, kind, text, basis FROM claim" OF_RUN "position",
        "SELECT claim, position, id, file, line, end_line, path, quote, reason FROM citation" OF_RUN
        "claim, position",
        "SELECT position, name, verdict, detail FROM verdict" OF_RUN "position",
        "SELECT position, room, call, count FROM denial" OF_RUN "position"}},
      {entry_kind::review,
       {"SELECT review.id, run.id, position, at, reviewer, decision, claim, reason, text FROM review "
        "JOIN run ON run.number = review.run WHERE review.id = ?1"}},
      {entry_kind::exception,
       {"SELECT exception.id, run.id, position, at, consented_by, provider, exception.model, purpose, "
        "sent_sha256, "
        "sent_bytes FROM exception JOIN run ON run.number = exception.run WHERE exception.id = ?1"}},
      {entry_kind::evaluation,
       {"SELECT id, at, playbook, playbook_sha256, engine, model, model_sha256, cases_sha256, summary, "
        "sha256, "
        "bytes FROM evaluation WHERE id = ?1"}},
      {entry_kind::purge, {"SELECT subject, at, reason, objects, bytes FROM purge WHERE subject = ?1"}},
      {entry_kind::migration, {"SELECT ?1"}},
  };
#undef OF_RUN
  return all;
}

void add_length(Sha256* digest, std::uint64_t length) {
  char bytes[8];
  for (int i = 0; i < 8; ++i) bytes[i] = static_cast<char>(length >> (8 * i));
  digest->add({bytes, sizeof bytes});
}

void add_text(Sha256* digest, std::string_view text) {
  add_length(digest, text.size());
  digest->add(text);
}

// A row: the number of its columns, then each with its type, length and bytes. Numbers as SQLite writes them.
void add_row(Sha256* digest, const Statement& row) {
  add_length(digest, static_cast<std::uint64_t>(row.columns()));
  for (int column = 0; column < row.columns(); ++column) {
    const char type = static_cast<char>('0' + row.type(column));
    digest->add({&type, 1});
    if (row.type(column) == SQLITE_FLOAT) {
      add_text(digest, fmt::format("{}", row.real(column)));
    } else {
      add_text(digest, row.bytes(column));
    }
  }
}

}  // namespace

std::string ledger_time(std::chrono::system_clock::time_point time) {
  using namespace std::chrono;
  const auto ms = duration_cast<milliseconds>(time.time_since_epoch()).count() % 1000;
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(system_clock::to_time_t(time)), ms);
}

std::string chain_id(const VerifyingKey& key) {
  return sha256_of({reinterpret_cast<const char*>(key.data()), key.size()}).substr(0, 32);
}

std::string entry_hash(const std::string& previous, const ChainEntry& entry) {
  Sha256 hash;
  hash.add(entry_version);
  add_text(&hash, previous);
  add_length(&hash, static_cast<std::uint64_t>(entry.seq));
  for (const std::string* text : {&entry.at, &entry.kind, &entry.subject, &entry.digest})
    add_text(&hash, *text);
  return hash.hex();
}

Result<RowDigests::Statements*> RowDigests::statements_of(const std::string& kind) {
  const auto covered = coverage().find(kind);
  if (covered == coverage().end())
    return Error{Code::machine, fmt::format("an entry is of the unknown kind \"{}\"", kind), ""};
  Statements& statements = prepared_[kind];
  if (statements.empty()) {
    for (const char* sql : covered->second) statements.push_back(std::make_unique<Statement>(database_, sql));
  }
  return &statements;
}

Result<std::string> RowDigests::of(const std::string& kind, const std::string& subject) {
  auto statements = statements_of(kind);
  if (!statements) return statements.error();
  Sha256 digest;
  for (const auto& statement : **statements) {
    statement->again().bind(subject);
    for (;;) {
      auto row = statement->step();
      if (!row) return row.error();
      if (!*row) break;
      add_row(&digest, *statement);
    }
    statement->again();
    add_length(&digest, UINT64_MAX);  // the end of a table's rows
  }
  return digest.hex();
}

Result<bool> RowDigests::exist(const std::string& kind, const std::string& subject) {
  auto statements = statements_of(kind);
  if (!statements) return statements.error();
  Statement& first = *(*statements)->front();
  auto row = first.again().bind(subject).step();
  first.again();
  return row;
}

Result<ChainHead> chain_head(sqlite3* database) {
  Statement last(database, "SELECT seq, hash FROM entry ORDER BY seq DESC LIMIT 1");
  auto row = last.step();
  if (!row) return row.error();
  if (!*row) return ChainHead{0, std::string(64, '0')};
  return ChainHead{last.number(0), last.text(1)};
}

Result<std::vector<ChainEntry>> chain_entries(sqlite3* database, std::int64_t from, std::size_t most) {
  std::vector<ChainEntry> entries;
  Statement select(
      database,
      "SELECT seq, at, kind, subject, digest, hash, signature FROM entry WHERE seq >= ? ORDER BY "
      "seq LIMIT ?");
  select.bind(from).bind(static_cast<std::int64_t>(most));
  for (;;) {
    auto row = select.step();
    if (!row) return row.error();
    if (!*row) return entries;
    ChainEntry entry{
        select.number(0), select.text(1), select.text(2), select.text(3), select.text(4), select.text(5), {}};
    const std::string_view signature = select.bytes(6);
    if (signature.size() == entry.signature.size())
      std::copy(signature.begin(), signature.end(), entry.signature.begin());
    entries.push_back(std::move(entry));
  }
}

Status append_entry(sqlite3* database, const SigningKey& key, const std::string& kind,
                    const std::string& subject) {
  auto head = chain_head(database);
  if (!head) return head.error();
  auto digest = RowDigests(database).of(kind, subject);
  if (!digest) return digest.error();
  ChainEntry entry{head->entries + 1, ledger_time(), kind, subject, std::move(*digest), "", {}};
  entry.hash = entry_hash(head->hash, entry);
  entry.signature = sign(key, entry.hash);
  Statement insert(
      database, "INSERT INTO entry (seq, at, kind, subject, digest, hash, signature) VALUES (?,?,?,?,?,?,?)");
  insert.bind(entry.seq).bind(entry.at).bind(entry.kind).bind(entry.subject).bind(entry.digest);
  insert.bind(entry.hash);
  insert.bind_bytes({reinterpret_cast<const char*>(entry.signature.data()), entry.signature.size()});
  return insert.run();
}

}  // namespace carrel
