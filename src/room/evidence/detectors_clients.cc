// Who holds a server's connections. Sources: Redis's CLIENT LIST, a line a client ("id=7 addr=10.1.2.3:51000
// ... name=web age=60 idle=0 ..."), and the same counted by name (`sort | uniq -c`: "   480 name=web");
// PostgreSQL's pg_stat_activity as psql prints it, a row a session or counted ("count(*)").
#include <algorithm>
#include <cstdlib>
#include <map>

#include <fmt/format.h>

#include "base/ascii.h"
#include "base/text.h"
#include "room/evidence/detectors.h"
#include "room/evidence/psql_table.h"

namespace carrel {
namespace {

constexpr std::size_t most_names = 1000;
constexpr long hour = 3600;

// The value of "name=" in a line of such fields; "" where it has none.
std::string_view field(std::string_view line, std::string_view name) {
  for (std::size_t at = line.find(name); at != std::string_view::npos; at = line.find(name, at + 1)) {
    if (at > 0 && line[at - 1] != ' ') continue;
    const std::string_view value = line.substr(at + name.size());
    return value.substr(0, value.find(' '));
  }
  return {};
}

struct Holder {
  std::uint64_t clients = 0;
  std::uint32_t line = 0;       // that tells it, or of one of them
  std::uint64_t idle_long = 0;  // of those that are listed, idle for an hour or more
};

// "   480 name=web" to its number; 0: it is no such line.
std::uint64_t counted(std::string_view line) {
  line = trim(line);
  const std::size_t digits = line.find_first_not_of("0123456789");
  if (digits == 0 || digits > 9 || digits == std::string_view::npos) return 0;
  if (!line.substr(digits).starts_with(" name=")) return 0;
  return static_cast<std::uint64_t>(std::atoll(std::string(line.substr(0, digits)).c_str()));
}

std::map<std::string, Holder> holders_in(const Document& document) {
  std::map<std::string, Holder> out;
  for (std::uint32_t number = 1; number <= document.starts.size(); ++number) {
    const std::string_view line = document.line(number);
    const std::string_view name = field(line, "name=");
    if (!is_plain_name(name) || out.size() >= most_names) continue;
    const std::uint64_t many = counted(line);
    const std::string_view idle = field(line, "idle=");
    if (many == 0 && (idle.empty() || !line.starts_with("id="))) continue;
    Holder& holder = out[std::string(name)];
    holder.clients += std::max<std::uint64_t>(many, 1);
    holder.line = number;
    if (many == 0 && std::atol(std::string(idle).c_str()) >= hour) ++holder.idle_long;
  }
  return out;
}

// Sessions by the program that opened them, or by its user where no program has a name.
void add_sessions(const PsqlTable& table, std::map<std::string, Holder>* out) {
  const bool counts = table.has("count");
  const bool lists = table.has("pid") && table.has("state");
  std::string_view who = table.has("application_name") ? "application_name" : "usename";
  const auto is_named = [&](const PsqlTable::Row& row) { return is_plain_name(table.cell(row, who)); };
  if ((!counts && !lists) || !table.has(who)) return;
  if (std::ranges::none_of(table.rows, is_named)) who = "usename";
  for (const PsqlTable::Row& row : table.rows) {
    if (!is_named(row) || out->size() >= most_names) continue;
    Holder& holder = (*out)[std::string(table.cell(row, who))];
    holder.clients += counts ? number_in(table.cell(row, "count")) : 1;
    if (holder.line == 0) holder.line = row.line;
  }
}

// How many connections a server takes, as `SHOW max_connections` tells; a line of 0: it is not told.
struct Most {
  std::string_view number;
  const Document* document = nullptr;
  std::uint32_t line = 0;
};

Most most_connections(const Survey& survey) {
  constexpr std::string_view name = "max_connections";
  for (const Document& document : survey.inventory.documents()) {
    if (document.text.find(name) == std::string::npos) continue;
    for (const PsqlTable& table : psql_tables(document)) {
      const bool shows = table.has(name) && table.rows.size() == 1;
      if (shows && number_in(table.cell(table.rows[0], name)) > 0)
        return {table.cell(table.rows[0], name), &document, table.rows[0].line};
    }
  }
  return {};
}

}  // namespace

void detect_clients(const Survey& survey, Observations* out) {
  constexpr std::uint64_t least = 50;
  constexpr std::uint64_t times = 3;  // the next one
  struct Found {
    const Document* document;
    std::string name;
    Holder holder;
    std::string next_name;
    Holder next;
  };
  std::vector<Found> found;
  for (const Document& document : survey.inventory.documents()) {
    std::map<std::string, Holder> holders;
    if (document.text.find(" name=") != std::string::npos) holders = holders_in(document);
    if (document.text.find("usename") != std::string::npos ||
        document.text.find("application_name") != std::string::npos) {
      for (const PsqlTable& table : psql_tables(document)) add_sessions(table, &holders);
    }
    Found most{&document, "", {}, "", {}};
    for (const auto& [name, holder] : holders) {
      if (holder.clients > most.next.clients) most.next = holder, most.next_name = name;
      if (most.next.clients <= most.holder.clients) continue;
      std::swap(most.holder, most.next);
      std::swap(most.name, most.next_name);
    }
    if (most.holder.clients >= least && most.holder.clients >= times * most.next.clients)
      found.push_back(most);
  }
  if (found.empty()) return;
  // A list may be a sample; a count is of all.
  const Found& most =
      *std::ranges::max_element(found, {}, [](const Found& each) { return each.holder.clients; });
  const auto idle = std::ranges::find_if(found, [&](const Found& each) {
    return each.name == most.name && each.holder.idle_long * 2 > each.holder.clients;
  });
  const bool asked = survey.asks({"client", "connection", "redis"});
  // Who asks for the holder itself, and not why others get none.
  const bool asked_who = asked && survey.asks({"eating", "eats", "hogs", "hogging", "holds", "holding",
                                               "uses up", "using up", "takes up", "taking up", "who "});
  const Most limit = most_connections(survey);
  Observation& made = report_missing(
      out, holds_connections,
      asked_who ? 0.88
      : asked   ? 0.62
                : 0.3,
      "client", "", most.name,
      fmt::format("{} holds {}{} connections, and the next client{} {}{}.", most.name, most.holder.clients,
                  limit.line == 0 ? "" : fmt::format(" of the {}", limit.number),
                  most.next_name.empty() ? "" : fmt::format(", {},", most.next_name), most.next.clients,
                  idle == found.end()
                      ? ""
                      : "; most of them have been idle for hours: it does not close them (a leak)"));
  made.culprit.present = true;
  cite_line(&made, *most.document, most.holder.line, "how many connections it holds");
  if (most.next.line != 0)
    cite_line(&made, *most.document, most.next.line, "how many the next has, or one of them");
  if (limit.line != 0) cite_line(&made, *limit.document, limit.line, "how many there may be");
  if (idle != found.end() && idle->document != most.document)
    cite_line(&made, *idle->document, idle->holder.line, "one of them, and how long it has been idle");
  lack(&made, fmt::format("where {} opens its connections, and whether it closes them", most.name));
}

}  // namespace carrel
