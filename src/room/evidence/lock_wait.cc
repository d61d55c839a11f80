#include "room/evidence/lock_wait.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "base/ascii.h"
#include "base/text.h"

namespace carrel {
namespace {

constexpr std::string_view names_holder =
    "holding the lock: ";  // "Process ..."; "Processes ..." where there are several

// The number of the process that a line of PostgreSQL names as the holder; empty: none.
std::string holder_in(std::string_view text) {
  const std::string folded = to_lower(text);
  const std::size_t at = folded.find(names_holder);
  if (at == std::string::npos) return {};
  std::size_t end = at + names_holder.size();
  const std::size_t begin = end;
  while (end < folded.size() && is_digit(folded[end])) ++end;
  return folded.substr(begin, end - begin);
}

// True where a line is of the process: "[20388]" as logs have it, or the first cell of a row.
bool is_of(std::string_view line, const std::string& process) {
  if (line.find("[" + process + "]") != std::string_view::npos) return true;
  line.remove_prefix(std::min(line.find_first_not_of(" |"), line.size()));
  return line.starts_with(process) && line.size() > process.size() &&
         std::string_view(" \t|").find(line[process.size()]) != std::string_view::npos;
}

// A statement, or what a session that has none is at.
bool tells_work(std::string_view text) {
  return contains_folded(text, "statement: ") || contains_folded(text, "idle in transaction") ||
         contains_folded(text, " active ");
}

}  // namespace

bool changes_definition(const LogEntry& entry) {
  static constexpr std::array<std::string_view, 6> kStatements = {
      "alter table", "drop table", "rename table", "truncate table", "create index", "drop index"};
  return entry.mechanism != nullptr && entry.mechanism->name == "metadata-lock" &&
         std::ranges::any_of(kStatements, [&](std::string_view statement) {
           return contains_folded(entry.example, statement);
         });
}

std::vector<const LogEntry*> holders_of(const LogStore& store, const LogEntry& lead) {
  if (lead.mechanism == nullptr || lead.mechanism->name != lock_wait) return {};
  const LogEntry* named = nullptr;
  for (const LogEntry& entry : store.entries) {
    if (&entry == &lead || entry.file != lead.file || holder_in(entry.example).empty()) continue;
    if (named == nullptr || entry.count > named->count) named = &entry;
  }
  if (named == nullptr) return {};
  const std::string holder = holder_in(named->example);
  const auto work = std::find_if(store.entries.begin(), store.entries.end(), [&](const LogEntry& entry) {
    return &entry != named && entry.mechanism != lead.mechanism && is_of(entry.example, holder) &&
           tells_work(entry.example);
  });
  if (work == store.entries.end()) return {named};
  return {&*work, named};
}

}  // namespace carrel
