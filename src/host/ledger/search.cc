// Full-text search over a tenant's runs (FTS5).
#include <algorithm>
#include <memory>

#include <fmt/format.h>

#include "base/text.h"
#include "host/ledger/ledger.h"
#include "host/ledger/statement.h"

namespace carrel {
namespace {

constexpr std::size_t excerpt_bytes = 200;
constexpr std::size_t most_words = 32;

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> words;
  std::string_view rest = text;
  while (!rest.empty() && words.size() < most_words) {
    const auto end = std::min(rest.find_first_of(" \t\n"), rest.size());
    if (end > 0) words.emplace_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return words;
}

// Each word as a phrase of FTS5, so that nothing a person types is an operator: data-postgres-0 is its three
// parts in a row. A star at the end asks for every word that begins so.
std::string query_of(const std::vector<std::string>& words) {
  std::string query;
  for (std::string word : words) {
    const bool begins = word.ends_with('*');
    if (begins) word.pop_back();
    std::string quoted;
    for (const char c : word) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
    query += fmt::format("{}\"{}\"{}", query.empty() ? "" : " ", quoted, begins ? " *" : "");
  }
  return query;
}

Result<std::vector<std::int64_t>> find_numbers(sqlite3* database, const std::string& query,
                                               std::size_t most) {
  std::vector<std::int64_t> numbers;
  Statement select(database, "SELECT rowid FROM words WHERE words MATCH ? ORDER BY rowid DESC LIMIT ?");
  select.bind(query).bind(static_cast<std::int64_t>(most));
  for (;;) {
    auto row = select.step();
    if (!row) return row.error();
    if (!*row) return numbers;
    numbers.push_back(select.number(0));
  }
}

// Of the texts the one that holds most of the words, cut around the first of them.
std::string excerpt_of(const std::vector<std::string>& texts, const std::vector<std::string>& words) {
  std::vector<std::string> folded;
  for (const std::string& word : words) {
    folded.push_back(to_lower(word));
    while (folded.back().ends_with('*')) folded.back().pop_back();
  }
  const std::string* best = nullptr;
  std::ptrdiff_t most = 0;
  for (const std::string& text : texts) {
    const auto held = std::count_if(folded.begin(), folded.end(), [&](const std::string& word) {
      return !word.empty() && contains_folded(text, word);
    });
    if (held > most) {
      most = held;
      best = &text;
    }
  }
  if (best == nullptr) return texts.empty() ? "" : std::string(cut_utf8(texts.front(), excerpt_bytes));
  const std::string lower = to_lower(*best);
  std::size_t at = std::string::npos;
  for (const std::string& word : folded) at = std::min(at, word.empty() ? at : lower.find(word));
  std::size_t from = at > excerpt_bytes / 3 ? at - excerpt_bytes / 3 : 0;
  while (from > 0 && (static_cast<unsigned char>((*best)[from]) & 0xc0) == 0x80) --from;
  std::string cut(cut_utf8(std::string_view(*best).substr(from), excerpt_bytes));
  std::replace(cut.begin(), cut.end(), '\n', ' ');
  return (from > 0 ? "… " : "") + cut + (from + cut.size() < best->size() ? " …" : "");
}

}  // namespace

Result<std::vector<FoundRun>> Ledger::search(const std::string& text, std::size_t most) const {
  if (locked()) return locked_error();
  const std::vector<std::string> words = split(text);
  if (words.empty()) return Error{Code::usage, "there is no word to search for", ""};
  const std::string query = query_of(words);
  auto numbers = sealed() ? find_sealed(query, most) : find_numbers(database_, query, most);
  if (!numbers) return numbers.error();
  std::vector<FoundRun> found;
  for (const std::int64_t number : *numbers) {
    auto rows = select("number = ?1", {std::to_string(number)}, 1, 0);
    if (!rows) return rows.error();
    auto texts = texts_of(number);
    if (!texts) return texts.error();
    if (!rows->empty()) found.push_back({std::move(rows->front()), excerpt_of(*texts, words)});
  }
  return found;
}

// The index of a sealed ledger, made in memory for one question.
Result<std::vector<std::int64_t>> Ledger::find_sealed(const std::string& query, std::size_t most) const {
  sqlite3* opened = nullptr;
  const int code = sqlite3_open(":memory:", &opened);
  const SqliteHandle memory(opened);
  if (code != SQLITE_OK) return sqlite_error(opened, "making an index in memory");
  Status made =
      execute(opened,
              "PRAGMA temp_store = MEMORY; BEGIN; CREATE VIRTUAL TABLE words USING fts5(text, content = "
              "'', tokenize = \"unicode61 remove_diacritics 2\");");
  if (!made) return made.error();
  Statement runs(database_, "SELECT number FROM run WHERE state <> 'running'");
  Statement insert(opened, "INSERT INTO words (rowid, text) VALUES (?, ?)");
  for (;;) {
    auto row = runs.step();
    if (!row) return row.error();
    if (!*row) break;
    auto texts = texts_of(runs.number(0));
    if (!texts) return texts.error();
    insert.again().bind(runs.number(0)).bind(fmt::format("{}", fmt::join(*texts, "\n")));
    if (Status done = insert.run(); !done) return done.error();
  }
  return find_numbers(opened, query, most);
}

}  // namespace carrel
