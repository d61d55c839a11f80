// What a database says of its sessions: which one holds the locks that others wait for, and which replication
// slot nobody reads, for which it keeps its log. Sources: the section TRANSACTIONS of MySQL's SHOW ENGINE
// INNODB STATUS; Redis' INFO replication; PostgreSQL's pg_blocking_pids(), pg_stat_activity and
// pg_replication_slots as psql prints them.
#include <algorithm>
#include <array>
#include <cstdlib>
#include <map>
#include <set>

#include <fmt/format.h>

#include "base/ascii.h"
#include "base/text.h"
#include "record/limits.h"
#include "room/evidence/detectors.h"
#include "room/evidence/psql_table.h"

namespace carrel {
namespace {

constexpr std::string_view transaction_mark = "---TRANSACTION ";
constexpr std::uint32_t longest_block = 64;  // lines of one transaction
constexpr std::size_t longest_number = 20;   // digits
constexpr std::string_view slot_mark = "slot_name";
constexpr std::size_t most_slots = 8, most_waits = 4096;
constexpr std::size_t longest_queue = 64;  // of sessions that wait behind each other

struct Transaction {
  std::uint32_t begin = 0, locks_line = 0, thread_line = 0;
  long active_s = 0;
  std::string_view row_locks, thread, user;
  bool waits = false;
};

// The digits that stand before `mark` ("48810" before " row lock(s)").
std::string_view number_before(std::string_view line, std::string_view mark) {
  const std::size_t end = line.find(mark);
  if (end == std::string_view::npos) return {};
  std::size_t begin = end;
  while (begin > 0 && end - begin < longest_number && is_digit(line[begin - 1])) --begin;
  return line.substr(begin, end - begin);
}

std::string_view number_behind(std::string_view line, std::string_view mark) {
  const std::size_t at = line.find(mark);
  if (at == std::string_view::npos) return {};
  const std::string_view rest = line.substr(at + mark.size(), longest_number);
  return rest.substr(0, rest.find_first_not_of("0123456789"));
}

// "MySQL thread id 5120, OS thread handle 1396, query id 8791 10.244.3.66 archiver updating": the user stands
// behind the host.
std::string_view user_in(std::string_view line) {
  const std::string_view query = number_behind(line, "query id ");
  if (query.empty()) return {};
  std::string_view rest =
      trim(line.substr(static_cast<std::size_t>(query.data() - line.data()) + query.size()));
  rest.remove_prefix(std::min(rest.find(' '), rest.size()));
  rest = trim(rest);
  return rest.substr(0, std::min(rest.find(' '), limit::name));
}

Transaction read_transaction(const Document& document, std::uint32_t begin) {
  Transaction out;
  out.begin = begin;
  out.active_s = std::atol(std::string(number_behind(document.line(begin), "ACTIVE ")).c_str());
  for (std::uint32_t at = begin + 1; at <= document.starts.size() && at < begin + longest_block; ++at) {
    const std::string_view line = document.line(at);
    if (line.starts_with(transaction_mark) || line.starts_with("--------")) break;
    if (line.starts_with("LOCK WAIT ")) out.waits = true;
    if (const std::string_view locks = number_before(line, " row lock(s)"); !locks.empty())
      out.row_locks = locks, out.locks_line = at;
    if (const std::string_view thread = number_behind(line, "MySQL thread id "); !thread.empty())
      out.thread = thread, out.user = user_in(line), out.thread_line = at;
  }
  return out;
}

void tell_holder(const Document& document, Observations* out) {
  Transaction holder;
  std::size_t waiting = 0;
  for (std::uint32_t number = 1; number <= document.starts.size(); ++number) {
    const std::string_view line = document.line(number);
    if (!line.starts_with(transaction_mark) || line.find("ACTIVE ") == std::string_view::npos) continue;
    const Transaction read = read_transaction(document, number);
    if (read.waits) {
      ++waiting;
    } else if (!read.row_locks.empty() && read.row_locks != "0" && read.active_s > holder.active_s) {
      holder = read;
    }
  }
  if (waiting == 0 || holder.begin == 0) return;
  Observation& made = report_missing(
      out, "transaction-holds-locks", 0.84, "session", "", holder.thread,
      fmt::format(
          "A transaction that has been open for {} s holds {} row locks, which others wait for (LOCK WAIT): "
          "MySQL thread {}{}.",
          holder.active_s, holder.row_locks, holder.thread,
          holder.user.empty() ? "" : fmt::format(" of {}", holder.user)));
  made.culprit.present = true;
  cite_line(&made, document, holder.begin, "how long the transaction has been open");
  cite_line(&made, document, holder.locks_line, "the locks that it holds");
  if (holder.thread_line != 0) cite_line(&made, document, holder.thread_line, "whose transaction it is");
}

// Who waits for whom, by the numbers of sessions.
struct Wait {
  const Document* document = nullptr;
  std::uint32_t line = 0;
  std::string waiter, holder;
  std::string_view statement;  // of the one that waits
};

// Rows with the numbers of those that a session waits for: "{18342}" of pg_blocking_pids, or a pair of
// columns.
void add_waits(const Document& document, const PsqlTable& table, std::vector<Wait>* waits) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 6> columns = {
      {{"pid", "blocked_by"},
       {"pid", "pg_blocking_pids"},
       {"pid", "blocking_pids"},
       {"blocked_pid", "blocking_pid"},
       {"blocked_pid", "blocking_pids"},
       {"waiting_pid", "blocking_pid"}}};
  for (const auto& [waiter, holder] : columns) {
    if (!table.has(waiter) || !table.has(holder)) continue;
    for (const PsqlTable::Row& row : table.rows) {
      std::string_view held_by = table.cell(row, holder);
      held_by.remove_prefix(std::min(held_by.find_first_of("0123456789"), held_by.size()));
      held_by = held_by.substr(0, held_by.find_first_not_of("0123456789"));
      const std::string_view query =
          table.has("blocked_query") ? table.cell(row, "blocked_query") : table.cell(row, "query");
      if (waits->size() < most_waits && !held_by.empty() && held_by.size() <= longest_number)
        waits->push_back(
            {&document, row.line, std::string(table.cell(row, waiter)), std::string(held_by), query});
    }
    return;
  }
}

// The object of a row of pg_locks: what its columns but the session and the mode say; empty where they name
// none.
std::string locked_object(const PsqlTable& table, const PsqlTable::Row& row) {
  std::string object(table.cell(row, "locktype"));
  bool named = false;
  for (const char* const column : {"database", "relation", "page", "tuple", "virtualxid", "transactionid",
                                   "classid", "objid", "objsubid", "relname"}) {
    const std::string_view cell = table.cell(row, column);
    named |= !cell.empty() && cell != "0" && std::string_view(column) != "database";
    object += fmt::format("|{}", cell);
  }
  return named ? object : "";
}

// Whether one mode of lock keeps another waiting. Source: PostgreSQL's table of conflicting lock modes; each
// row has the modes that a mode conflicts with, in the order of `modes`.
bool conflict(std::string_view held, std::string_view wanted) {
  static constexpr std::array<std::string_view, 8> modes = {
      "AccessShareLock", "RowShareLock",          "RowExclusiveLock", "ShareUpdateExclusiveLock",
      "ShareLock",       "ShareRowExclusiveLock", "ExclusiveLock",    "AccessExclusiveLock"};
  static constexpr std::array<std::string_view, 8> rows = {"00000001", "00000011", "00001111", "00011111",
                                                           "00110111", "00111111", "01111111", "11111111"};
  const auto of_held = std::ranges::find(modes, held), of_wanted = std::ranges::find(modes, wanted);
  if (of_held == modes.end() || of_wanted == modes.end()) return true;  // cannot be told
  return rows[static_cast<std::size_t>(of_held - modes.begin())]
             [static_cast<std::size_t>(of_wanted - modes.begin())] == '1';
}

// Rows of pg_locks that were not granted, beside one that holds the same in a mode that does not go with it.
void add_lock_waits(const Document& document, const PsqlTable& table, std::vector<Wait>* waits) {
  constexpr std::size_t most_holders = 64;  // of one object
  if (!table.has("granted") || !table.has("pid") || !(table.has("locktype") || table.has("relation"))) return;
  const auto is_granted = [&](const PsqlTable::Row& row) {
    return table.cell(row, "granted").starts_with('t');
  };
  std::map<std::string, std::vector<const PsqlTable::Row*>> holders;
  for (const PsqlTable::Row& row : table.rows) {
    const std::string_view pid = table.cell(row, "pid");
    const std::string object = locked_object(table, row);
    if (!is_granted(row) || object.empty() || pid.empty() || pid.size() > longest_number) continue;
    if (std::vector<const PsqlTable::Row*>& of_it = holders[object]; of_it.size() < most_holders)
      of_it.push_back(&row);
  }
  for (const PsqlTable::Row& row : table.rows) {
    const std::string_view waiter = table.cell(row, "pid");
    if (is_granted(row) || waiter.empty() || waiter.size() > longest_number || waits->size() >= most_waits)
      continue;
    const auto held = holders.find(locked_object(table, row));
    if (held == holders.end()) continue;
    const auto holder = std::ranges::find_if(held->second, [&](const PsqlTable::Row* each) {
      return table.cell(*each, "pid") != waiter &&
             conflict(table.cell(*each, "mode"), table.cell(row, "mode"));
    });
    if (holder == held->second.end()) continue;
    waits->push_back({&document, row.line, std::string(waiter), std::string(table.cell(**holder, "pid")),
                      table.cell(row, table.has("query")      ? "query"
                                      : table.has("locktype") ? "locktype"
                                                              : "relation")});
  }
}

// What a session is at and whose it is, where a list of sessions tells.
struct Session {
  const Document* document = nullptr;
  std::uint32_t line = 0;
  std::string text;
  const Object* pod = nullptr;  // that it comes from, by its address
};

const Object* pod_at(const Survey& survey, std::string_view address) {
  if (address.empty()) return nullptr;
  const auto& pods = survey.each("pod");
  const auto found = std::ranges::find_if(
      pods, [&](const Object* pod) { return (*pod)["status"]["podIP"].text() == address; });
  return found == pods.end() ? nullptr : *found;
}

Session session_of(const Survey& survey, const std::string& pid) {
  for (const Document& document : survey.inventory.documents()) {
    if (document.text.find(pid) == std::string::npos) continue;
    for (const PsqlTable& table : psql_tables(document)) {
      if (!table.has("pid") || !table.has("state")) continue;
      for (const PsqlTable::Row& row : table.rows) {
        if (table.cell(row, "pid") != pid) continue;
        std::string text;
        for (const char* const column : {"usename", "application_name", "state"}) {
          const std::string_view cell = table.cell(row, column);
          if (!cell.empty()) text += fmt::format("{}{}", text.empty() ? "" : ", ", brief(cell, 50));
        }
        const std::string_view address = table.cell(row, "client_addr");
        return {&document, row.line, std::move(text), pod_at(survey, address.substr(0, address.find('/')))};
      }
    }
  }
  return {};
}

// The session that waits for none and for which most wait, be it behind others.
void tell_blocker(const Survey& survey, const std::vector<Wait>& waits, Observations* out) {
  std::map<std::string_view, const Wait*> by_waiter;
  for (const Wait& wait : waits) by_waiter.emplace(wait.waiter, &wait);
  std::map<std::string_view, std::set<std::string_view>> behind;  // who waits, by who holds
  const Wait* first = nullptr;
  std::size_t most = 0;
  for (const Wait& wait : waits) {
    const Wait* last = &wait;
    for (std::size_t steps = 0; steps < longest_queue; ++steps) {
      const auto next = by_waiter.find(last->holder);
      if (next == by_waiter.end()) break;
      last = next->second;
    }
    if (by_waiter.contains(last->holder)) continue;  // they wait for each other
    std::set<std::string_view>& waiting = behind[last->holder];
    waiting.insert(wait.waiter);
    if (waiting.size() > most) most = waiting.size(), first = last;
  }
  if (first == nullptr) return;
  const Session session = session_of(survey, first->holder);
  const bool asked = survey.asks({"lock", "block", "wait", "hang", "slow", "timeout", "time out", "times out",
                                  "stuck", "write", "update", "second", "latency"});
  Observation& made = report_missing(
      out, "session-holds-locks", asked ? 0.94 : 0.84, "session", "", first->holder,
      brief(fmt::format("PostgreSQL session {}{}{} holds a lock that {} waits for ({}){}.", first->holder,
                        session.pod == nullptr ? "" : fmt::format(" of {}", described(*session.pod)),
                        session.text.empty() ? "" : fmt::format(" ({})", session.text), first->waiter,
                        brief(first->statement, 60),
                        most < 2 ? "" : fmt::format(", and {} others wait behind it", most - 1)),
            limit::sentence));
  made.culprit.present = true;
  if (session.document != nullptr) cite_line(&made, *session.document, session.line, "what the holder is at");
  cite_line(&made, *first->document, first->line, "who waits for it");
  if (session.pod != nullptr) {
    cite(&made, *session.pod, (*session.pod)["status"]["podIP"], "whose address it is");
    cite(&made, *session.pod, (*session.pod)["metadata"]["name"], "the pod with that address");
    suggest(&made, fmt::format("kubectl -n {} describe pod {}", session.pod->space, session.pod->name),
            "shows the pod that holds the lock");
  }
  if (session.document == nullptr)
    lack(&made, fmt::format("what session {} is at (pg_stat_activity)", first->holder));
}

// A slot that nobody reads from: the server keeps its log from there on until somebody does.
void tell_unread_slots(const Survey& survey, const Document& document, const PsqlTable& slots,
                       Observations* out) {
  std::size_t told = 0;
  for (const PsqlTable::Row& row : slots.rows) {
    const std::string_view name = slots.cell(row, slot_mark);
    if (slots.cell(row, "active") != "f" || !is_plain_name(name)) continue;
    std::string_view kept;
    for (const char* each : {"retained", "retained_wal", "lag", "pg_size_pretty", "wal_retained"}) {
      if (kept.empty()) kept = slots.cell(row, each);
    }
    // Without a figure, only what the server itself calls more than usual.
    const std::string_view status = slots.cell(row, "wal_status");
    const bool much = kept.ends_with("GB") || kept.ends_with("TB") || status == "extended" ||
                      status == "unreserved" || status == "lost";
    if (!much) continue;
    if (++told > most_slots) return;
    const bool asked = survey.asks({"disk", "full", "space", "wal", "fill", "storage", "restart"});
    Observation& made = report_missing(
        out, unread_slot, asked ? 0.9 : 0.6, "slot", "", name,
        fmt::format(
            "The replication slot {} is inactive: nobody reads it, so the server keeps its WAL for it{} "
            "and that fills the disk.",
            name, kept.empty() ? "" : fmt::format(" ({})", kept)));
    made.culprit.present = true;
    cite_line(&made, document, row.line, "the slot that nobody reads");
    lack(&made, fmt::format("what should read from the slot {}", name));
  }
}

// The server whose answer a file is, by its name: "kvs-0" of "redis/kvs-0-info-replication.txt"; else the
// file's name.
std::string_view server_of(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  std::string_view name = slash == std::string_view::npos ? path : path.substr(slash + 1);
  for (const std::string_view mark : {"-info", "_info", ".info"}) {
    const std::size_t at = name.find(mark);
    if (at != std::string_view::npos && at > 0) return name.substr(0, at);
  }
  return name.substr(0, name.find('.'));
}

// The Service that sends to one pod of a StatefulSet alone; null: none does.
const Object* service_of_pod(const Survey& survey, std::string_view pod) {
  const auto& services = survey.each("service");
  const auto pinned = std::ranges::find_if(services, [&](const Object* service) {
    return (*service)["spec"]["selector"]["statefulset.kubernetes.io/pod-name"].text() == pod;
  });
  return pinned == services.end() ? nullptr : *pinned;
}

// A Redis server that only copies another one takes no writes. It weighs nothing by itself, for most setups
// have some; but little is right where a Service sends to it alone.
void tell_replica(const Survey& survey, const Document& document, Observations* out) {
  std::uint32_t role = 0, master = 0;
  for (std::uint32_t number = 1; number <= document.starts.size(); ++number) {
    const std::string_view line = trim(document.line(number));
    if (line == "role:slave" || line == "role:replica") role = number;
    if (line.starts_with("master_host:")) master = number;
  }
  const std::string_view server = server_of(document.path);
  if (role == 0 || master == 0 || !is_plain_name(server)) return;
  const std::string copies =
      fmt::format("a read-only replica of {}",
                  brief(trim(document.line(master)).substr(std::string_view("master_host:").size()), 60));
  const Object* service = service_of_pod(survey, server);
  Observation& made =
      service == nullptr
          ? report_missing(out, only_copies, 0, "server", "", server,
                           fmt::format("{} is {}.", server, copies))
          : report(out, only_copies, 0.4, *service,
                   fmt::format("{} sends to {} alone, which is {}.", described(*service), server, copies));
  made.culprit.present = true;
  cite_line(&made, document, role, "its role");
  if (service != nullptr)
    cite(&made, *service, (*service)["spec"]["selector"]["statefulset.kubernetes.io/pod-name"],
         "to whom it sends");
}

}  // namespace

void detect_sessions(const Survey& survey, Observations* out) {
  constexpr std::size_t most_replicas = 64;
  std::size_t replicas = 0;
  std::vector<Wait> waits;
  for (const Document& document : survey.inventory.documents()) {
    if (document.text.find(transaction_mark) != std::string::npos) tell_holder(document, out);
    if (document.text.find("master_link_status:") != std::string::npos && ++replicas <= most_replicas)
      tell_replica(survey, document, out);
    const bool waits_told = document.text.find("block") != std::string::npos ||
                            document.text.find("waiting_pid") != std::string::npos ||
                            document.text.find("granted") != std::string::npos;
    if (!waits_told && document.text.find(slot_mark) == std::string::npos) continue;
    for (const PsqlTable& table : psql_tables(document)) {
      add_waits(document, table, &waits);
      add_lock_waits(document, table, &waits);
      if (table.has(slot_mark)) tell_unread_slots(survey, document, table, out);
    }
  }
  tell_blocker(survey, waits, out);
}

}  // namespace carrel
