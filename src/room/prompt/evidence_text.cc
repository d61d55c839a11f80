#include "room/prompt/evidence_text.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "base/text.h"

namespace carrel {
namespace {

// Long lists tell a small model less than short ones.
constexpr std::size_t names_shown = 16;

std::string place_of(const Address& at) {
  std::string place = escape_for_terminal(at.file);
  if (at.line > 0) place += fmt::format(":{}", at.line);
  if (at.end_line > at.line) place += fmt::format("-{}", at.end_line);
  return place;
}

// "configmap payments/db"
std::string shown(const Name& name) {
  const std::string space = name.space.empty() ? "" : name.space + "/";
  return escape_for_terminal(name.kind + " " + space + name.name);
}

std::string joined(const std::vector<std::string>& words, std::size_t all) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : ", ") + word;
  if (all > words.size()) out += fmt::format(" and {} more", all - words.size());
  return out;
}

}  // namespace

std::string evidence_entry(const EvidenceLine& line, const std::string& id) {
  std::string out = fmt::format("[{}] {}", id, place_of(line.at));
  if (!line.reason.empty()) out += fmt::format(" ({})", escape_for_terminal(line.reason));
  out += "\n  ";
  for (const char c : escape_for_terminal(trim(line.quote), true)) {
    out += c;
    if (c == '\n') out += "  ";
  }
  out += '\n';
  return out;
}

std::vector<std::string> evidence_notes(const ThinkJob& job) {
  std::vector<std::string> notes;
  std::vector<std::string> absent;
  std::size_t absences = 0;
  for (const Searched& searched : job.searched) {
    if (searched.count > 0) continue;
    ++absences;
    const std::string space = searched.space.empty() ? "" : " in " + searched.space;
    if (absent.size() < names_shown) absent.push_back(escape_for_terminal(searched.kind + space));
  }
  if (!absent.empty()) notes.push_back("Searched for and not found: " + joined(absent, absences) + ".\n");

  std::vector<std::string> missing;
  std::size_t all_missing = 0;
  std::map<std::string, std::size_t> present;
  for (const Name& name : job.names) {
    if (name.present) {
      ++present[name.kind];
    } else if (++all_missing <= names_shown) {
      missing.push_back(shown(name));
    }
  }
  if (!missing.empty()) {
    notes.push_back("Referenced but missing from the bundle: " + joined(missing, all_missing) + ".\n");
  }
  if (!present.empty()) {
    std::vector<std::pair<std::size_t, std::string>> kinds;
    for (const auto& [kind, count] : present) kinds.emplace_back(count, kind);
    std::stable_sort(kinds.begin(), kinds.end(),
                     [](const auto& a, const auto& b) { return a.first > b.first; });
    std::vector<std::string> words;
    for (const auto& [count, kind] : kinds) {
      if (words.size() < names_shown) words.push_back(fmt::format("{} {}", count, escape_for_terminal(kind)));
    }
    notes.push_back("The bundle has: " + joined(words, kinds.size()) + ".\n");
  }
  if (!job.left_out.empty()) notes.push_back(escape_for_terminal(job.left_out) + "\n");
  return notes;
}

}  // namespace carrel
