#include "collect/database/postgres.h"

#include <algorithm>
#include <array>
#include <functional>
#include <mutex>
#include <optional>
#include <set>

#include <fmt/format.h>
#include <poll.h>
#include <sys/random.h>

#include "base/text.h"
#include "collect/database/libpq.h"
#include "digest/sha256.h"

namespace carrel {
namespace {

using Clock = std::chrono::steady_clock;

// Types whose values are kept unless a mask says otherwise: they hold no text of anybody's. pg_type.dat has
// the numbers.
const std::set<Oid> plain_types = {16,   20,   21,   23,   26,   700,  701, 1700,
                                   1082, 1083, 1114, 1184, 1186, 1266, 2950};

constexpr std::size_t most_value = 8 << 10;  // of one cell

// What is shown of a value; nothing for NULL.
using Cell =
    std::function<std::optional<std::string>(const std::string& column, Oid type, std::string value)>;

// RFC 4180, and as COPY has it: NULL is nothing, an empty text is "".
std::string csv(std::string_view value) {
  if (!value.empty() && value.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(value);
  std::string out = "\"";
  for (const char c : value) {
    out += c;
    if (c == '"') out += c;
  }
  return out + "\"";
}

struct Question {
  const char* file;
  const char* why;
  const char* sql;
};

constexpr std::array questions = {
    Question{"version.csv", "which PostgreSQL this is, since when it runs, whether it is a replica",
             "SELECT version(), pg_postmaster_start_time() AS started, pg_is_in_recovery() AS in_recovery"},
    Question{"databases.csv", "how large the databases are and how old their oldest transaction is",
             "SELECT datname, pg_database_size(oid) AS bytes, age(datfrozenxid) AS xid_age, datconnlimit "
             "FROM pg_database "
             "WHERE datallowconn AND has_database_privilege(oid, 'CONNECT') ORDER BY datname"},
    Question{"tables.csv", "tables with their estimated rows, sizes, dead rows and last vacuum",
             "SELECT schemaname, relname, n_live_tup, n_dead_tup, pg_total_relation_size(relid) AS bytes, "
             "seq_scan, idx_scan, "
             "last_vacuum, last_autovacuum, last_analyze, last_autoanalyze FROM pg_stat_user_tables ORDER BY "
             "1, 2"},
    Question{"columns.csv", "the schema",
             "SELECT table_schema, table_name, column_name, data_type, is_nullable, ordinal_position FROM "
             "information_schema.columns WHERE table_schema NOT IN ('pg_catalog', 'information_schema') "
             "ORDER BY 1, 2, 6"},
    Question{"indexes.csv", "indexes, whether they are valid and used",
             "SELECT n.nspname AS schema, t.relname AS \"table\", c.relname AS index, i.indisvalid, "
             "i.indisunique, "
             "pg_get_indexdef(i.indexrelid) AS definition, s.idx_scan FROM pg_index i JOIN pg_class c ON "
             "c.oid = i.indexrelid JOIN "
             "pg_class t ON t.oid = i.indrelid JOIN pg_namespace n ON n.oid = t.relnamespace LEFT JOIN "
             "pg_stat_user_indexes s ON "
             "s.indexrelid = i.indexrelid WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', "
             "'pg_toast') ORDER BY 1, 2, 3"},
    Question{"constraints.csv", "keys and constraints, whether they are validated",
             "SELECT conrelid::regclass AS \"table\", conname, contype, convalidated, "
             "pg_get_constraintdef(oid) AS definition FROM "
             "pg_constraint WHERE conrelid <> 0 AND connamespace NOT IN ('pg_catalog'::regnamespace, "
             "'information_schema'::regnamespace) ORDER BY 1::text, 2"},
    Question{
        "activity.csv", "what the sessions do and wait for; values in statements are left out",
        "SELECT pid, datname, usename, application_name, client_addr, backend_type, state, wait_event_type, "
        "wait_event, "
        "backend_start, xact_start, query_start, state_change, query FROM pg_stat_activity ORDER BY pid"},
    Question{"locks.csv", "who waits for whom",
             "SELECT l.pid, l.locktype, l.relation::regclass AS relation, l.mode, l.granted, "
             "pg_blocking_pids(l.pid) AS blocked_by FROM "
             "pg_locks l ORDER BY l.granted, l.pid, 2, 3::text, 4"},
    Question{"settings.csv", "settings that are not the default, with their source",
             "SELECT name, setting, unit, source, pending_restart FROM pg_settings WHERE source NOT IN "
             "('default', 'override') ORDER "
             "BY name"},
    Question{"replication.csv", "the replicas and how far behind they are",
             "SELECT application_name, client_addr, state, sync_state, sent_lsn, write_lsn, flush_lsn, "
             "replay_lsn, write_lag, "
             "flush_lag, replay_lag FROM pg_stat_replication ORDER BY 1"},
    Question{"replication-slots.csv", "slots that keep the write-ahead log from being removed",
             "SELECT slot_name, slot_type, active, restart_lsn, confirmed_flush_lsn FROM "
             "pg_replication_slots ORDER BY 1"},
};

// One connection, opened when it is first needed. A failure to open it is remembered.
class Database {
 public:
  explicit Database(DatabaseOptions options) : options_(std::move(options)) {
    if (::getrandom(salt_.data(), salt_.size(), 0) != static_cast<ssize_t>(salt_.size())) salt_.fill(0);
  }
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;
  ~Database() {
    if (connection_ != nullptr) pq_->finish(connection_);
  }

  const DatabaseOptions& options() const { return options_; }

  // Writes the answer as CSV.
  Result<TaskEnd> ask(const std::string& sql, const Cell& cell, Spool& out) {
    const std::lock_guard lock(mutex_);
    if (connection_ == nullptr && refused_.empty()) refused_ = open();
    if (!refused_.empty()) return TaskEnd{"", refused_, ""};
    std::string why = command("BEGIN READ ONLY");
    if (!why.empty()) return TaskEnd{"", why, ""};
    auto end = copy(sql, cell, out);
    (void)command("ROLLBACK");
    return end;
  }

  std::string quoted(const std::string& name) {
    const std::lock_guard lock(mutex_);
    if (connection_ == nullptr && refused_.empty()) refused_ = open();
    std::string out;
    for (std::size_t from = 0; refused_.empty() && from <= name.size();) {
      const std::size_t dot = std::min(name.find('.', from), name.size());
      char* const part = pq_->escape_identifier(connection_, name.data() + from, dot - from);
      if (part == nullptr) return "";
      out += (out.empty() ? "" : ".") + std::string(part);
      pq_->free_memory(part);
      from = dot + 1;
    }
    return out;
  }

  std::string pseudonym(const std::string& value) const {
    Sha256 digest;
    digest.add({reinterpret_cast<const char*>(salt_.data()), salt_.size()});
    digest.add(value);
    return "masked:" + digest.hex().substr(0, 12);
  }

 private:
  DatabaseOptions options_;
  std::mutex mutex_;
  const Libpq* pq_ = nullptr;
  PGconn* connection_ = nullptr;
  std::string refused_;
  std::array<unsigned char, 32> salt_{};

  // Empty, or why there is no connection.
  std::string open() {
    auto library = load_libpq();
    if (!library) return library.error().what;
    pq_ = *library;
    connection_ = pq_->connect_start(options_.url.c_str());
    if (connection_ == nullptr) return "there is too little memory for a connection";
    const auto end = Clock::now() + options_.timeout;
    PostgresPollingStatusType state = PGRES_POLLING_WRITING;
    while (state != PGRES_POLLING_OK) {
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now()).count();
      if (state == PGRES_POLLING_FAILED || pq_->status(connection_) == CONNECTION_BAD)
        return close(message());
      pollfd wait{pq_->socket(connection_),
                  static_cast<short>(state == PGRES_POLLING_READING ? POLLIN : POLLOUT), 0};
      if (left <= 0 || ::poll(&wait, 1, static_cast<int>(left)) <= 0)
        return close(fmt::format("no answer within {} s", options_.timeout.count()));
      state = pq_->connect_poll(connection_);
    }
    const auto milliseconds = options_.timeout.count() * 1000;
    for (const std::string& line :
         {std::string("SET default_transaction_read_only = on"),
          fmt::format("SET statement_timeout = {}", milliseconds), std::string("SET lock_timeout = 2000"),
          std::string("SET application_name = 'support-diag'"),
          std::string("SET client_encoding = 'UTF8'")}) {
      const std::string why = command(line);
      if (!why.empty()) return close(why);
    }
    return "";
  }

  std::string close(const std::string& why) {
    pq_->finish(connection_);
    connection_ = nullptr;
    return why.empty() ? "the connection failed" : why;
  }

  std::string message() const { return first_line(pq_->error_message(connection_)); }

  static std::string first_line(const char* text) {
    const std::string_view line = trim(text);
    return to_utf8(line.substr(0, line.find('\n')));
  }

  // Through the extended protocol, which takes one statement and not several.
  std::string command(const std::string& sql) {
    if (pq_->send_query(connection_, sql.c_str(), 0, nullptr, nullptr, nullptr, nullptr, 0) != 1)
      return message();
    std::string why;
    while (PGresult* const result = pq_->get_result(connection_)) {
      const ExecStatusType state = pq_->result_status(result);
      if (state != PGRES_COMMAND_OK && state != PGRES_TUPLES_OK) why = first_line(pq_->result_error(result));
      pq_->clear(result);
    }
    return why;
  }

  Result<TaskEnd> copy(const std::string& sql, const Cell& cell, Spool& out) {
    if (pq_->send_query(connection_, sql.c_str(), 0, nullptr, nullptr, nullptr, nullptr, 0) != 1)
      return TaskEnd{"", message(), ""};
    pq_->single_rows(connection_);
    Status written;
    std::string why;
    std::uint64_t shortened = 0;
    bool head = false;
    while (PGresult* const result = pq_->get_result(connection_)) {
      const ExecStatusType state = pq_->result_status(result);
      if (state != PGRES_SINGLE_TUPLE && state != PGRES_TUPLES_OK) {
        why = first_line(pq_->result_error(result));
      } else if (written) {
        std::string text;
        if (!std::exchange(head, true)) text = header(result);
        text += rows(result, cell, &shortened);
        written = out.write(text);
      }
      pq_->clear(result);
    }
    if (!written) return written.error();
    if (!why.empty()) {
      out.restart();
      return TaskEnd{"", why, ""};
    }
    TaskEnd end{"read", "", ""};
    if (shortened > 0) end.cut = fmt::format("{} values longer than {} bytes", shortened, most_value);
    return end;
  }

  std::string header(const PGresult* result) const {
    std::string line;
    for (int column = 0; column < pq_->fields(result); ++column)
      line += (column > 0 ? "," : "") + csv(pq_->field_name(result, column));
    return line + "\n";
  }

  std::string rows(const PGresult* result, const Cell& cell, std::uint64_t* shortened) const {
    std::string lines;
    for (int row = 0; row < pq_->rows(result); ++row) {
      for (int column = 0; column < pq_->fields(result); ++column) {
        if (column > 0) lines += ',';
        if (pq_->is_null(result, row, column) == 1) continue;
        std::string value(pq_->value(result, row, column),
                          static_cast<std::size_t>(pq_->length(result, row, column)));
        auto shown = cell(pq_->field_name(result, column), pq_->field_type(result, column), std::move(value));
        if (!shown) continue;
        value = std::move(*shown);
        if (value.size() > most_value) {
          value = cut_utf8(value, most_value);
          ++*shortened;
        }
        lines += csv(value);
      }
      lines += '\n';
    }
    return lines;
  }
};

ColumnMask mask_of(const DatabaseOptions& options, const std::string& table, const std::string& column,
                   Oid type) {
  for (const std::string& name : {table + "." + column, column, std::string("*")}) {
    const auto found = options.masks.find(name);
    if (found != options.masks.end()) return found->second;
  }
  return plain_types.contains(type) ? ColumnMask::keep : ColumnMask::hash;
}

std::string condition_for(const DatabaseOptions& options, const std::string& table) {
  std::string all;
  for (const std::string& condition : options.where) {
    const std::size_t colon = condition.find(':');
    const std::string named = condition.substr(0, colon);
    const bool has_table =
        colon != std::string::npos && condition.substr(colon, 2) != "::" &&
        std::find(options.tables.begin(), options.tables.end(), named) != options.tables.end();
    if (has_table && named != table) continue;
    all +=
        (all.empty() ? " WHERE (" : " AND (") + (has_table ? condition.substr(colon + 1) : condition) + ")";
  }
  return all;
}

// A file's name: a table may be called anything.
std::string file_name(std::string name) {
  for (char& c : name) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '_' || c == '-' || c == '.';
    if (!plain) c = '_';
  }
  return name.starts_with('.') ? "_" + name : name;
}

// As a person would ask it.
std::string as_psql(const std::string& url, const std::string& sql) {
  return fmt::format("psql {} -c {}", shell_word(url), shell_word(sql));
}

}  // namespace

std::string shown_url(const std::string& url) {
  std::string shown = url;
  const std::size_t scheme = url.find("://");
  const std::size_t at = url.rfind('@', url.find('?'));
  if (scheme != std::string::npos && at != std::string::npos && at > scheme) {
    const std::size_t colon = url.find(':', scheme + 3);
    if (colon < at) shown = url.substr(0, colon) + url.substr(at);
  }
  constexpr std::string_view key = "password=", hidden = "***HIDDEN***";
  for (std::size_t from = 0;;) {
    const std::size_t found = to_lower(shown).find(key, from);
    if (found == std::string::npos) return shown;
    from = found + key.size();
    const bool quoted = from < shown.size() && shown[from] == '\'';
    const std::size_t end = quoted ? shown.find('\'', from + 1) : shown.find_first_of(" &", from);
    shown.replace(from, std::min(end, shown.size()) - from + (quoted && end < shown.size() ? 1 : 0), hidden);
  }
}

std::vector<Task> database_tasks(const DatabaseOptions& options) {
  const auto database = std::make_shared<Database>(options);
  const std::string shown = shown_url(options.url);
  std::vector<Task> tasks;
  for (const Question& question : questions) {
    const Cell cell = [](const std::string& column, Oid, const std::string& value) {
      return column == "query" ? without_literals(value) : value;
    };
    tasks.push_back({std::string("postgres/") + question.file, as_psql(shown, question.sql), question.why,
                     [database, sql = std::string(question.sql), cell](Spool& out) {
                       return database->ask(sql, cell, out);
                     }});
  }
  for (const std::string& table : options.tables) {
    const std::string from = " FROM " + table + condition_for(options, table);
    tasks.push_back(
        {fmt::format("postgres/counts/{}.csv", file_name(table)), as_psql(shown, "SELECT count(*)" + from),
         "how many rows there are", [database, table](Spool& out) {
           const std::string sql = fmt::format("SELECT count(*) FROM {}{}", database->quoted(table),
                                               condition_for(database->options(), table));
           return database->ask(
               sql, [](const std::string&, Oid, std::string value) { return value; }, out);
         }});
    const Cell cell = [database, table](const std::string& column, Oid type,
                                        std::string value) -> std::optional<std::string> {
      switch (mask_of(database->options(), table, column, type)) {
        case ColumnMask::keep:
          return value;
        case ColumnMask::null:
          return std::nullopt;
        case ColumnMask::hash:
          break;
      }
      return database->pseudonym(value);
    };
    tasks.push_back({fmt::format("postgres/rows/{}.csv", file_name(table)),
                     as_psql(shown, fmt::format("SELECT *{} LIMIT {}", from, options.rows)),
                     "a few rows; text is masked unless --mask keeps it",
                     [database, table, cell](Spool& out) {
                       const std::string sql =
                           fmt::format("SELECT * FROM {}{} LIMIT {}", database->quoted(table),
                                       condition_for(database->options(), table), database->options().rows);
                       return database->ask(sql, cell, out);
                     }});
  }
  return tasks;
}

}  // namespace carrel
