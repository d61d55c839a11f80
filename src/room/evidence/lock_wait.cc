#include "room/evidence/lock_wait.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "base/ascii.h"
#include "base/text.h"

namespace carrel {
namespace {

constexpr std::string_view names_holder = "process holding the lock: ";

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

bool has_number(std::string_view text, std::string_view number) {
  for (auto at = text.find(number); at != std::string_view::npos; at = text.find(number, at + 1)) {
    const std::size_t end = at + number.size();
    if ((at == 0 || !is_alphanumeric(text[at - 1])) && (end == text.size() || !is_alphanumeric(text[end])))
      return true;
  }
  return false;
}

// A statement, or what a session that has none is at.
bool tells_work(std::string_view text) {
  return contains_folded(text, "statement: ") || contains_folded(text, "idle in transaction") ||
         contains_folded(text, "active");
}

}  // namespace

std::vector<const LogEntry*> holders_of(const LogStore& store, const LogEntry& lead) {
  if (lead.mechanism == nullptr || lead.mechanism->name != lock_wait) return {};
  const LogEntry* named = nullptr;
  for (const LogEntry& entry : store.entries) {
    if (entry.file != lead.file || holder_in(entry.example).empty()) continue;
    if (named == nullptr || entry.count > named->count) named = &entry;
  }
  if (named == nullptr) return {};
  const std::string holder = holder_in(named->example);
  const auto work = std::find_if(store.entries.begin(), store.entries.end(), [&](const LogEntry& entry) {
    return &entry != named && entry.mechanism != lead.mechanism && has_number(entry.example, holder) &&
           tells_work(entry.example);
  });
  if (work == store.entries.end()) return {named};
  return {&*work, named};
}

}  // namespace carrel
