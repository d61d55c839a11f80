#include "room/evidence/spoken_name.h"

#include <algorithm>
#include <array>
#include <set>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "room/evidence/question.h"
#include "room/evidence/relations.h"

namespace carrel {
namespace {

constexpr std::size_t least_shared = 4;  // letters
constexpr std::size_t most_parts = 8;

// What many names have in common.
bool is_common_part(std::string_view part) {
  static constexpr std::array<std::string_view, 16> parts = {
      "api",    "app", "svc",  "service", "server", "web",     "backend",    "frontend",
      "worker", "job", "cron", "prod",    "node",   "cluster", "controller", "manager"};
  return part.size() < 3 || std::ranges::find(parts, part) != parts.end();
}

std::vector<std::string> telling_parts(const std::string& name) {
  std::vector<std::string> parts;
  for (std::size_t at = 0; at <= name.size() && parts.size() < most_parts;) {
    const std::size_t end = std::min(name.find('-', at), name.size());
    std::string part = to_lower(std::string_view(name).substr(at, end - at));
    if (!is_common_part(part)) parts.push_back(std::move(part));
    at = end + 1;
  }
  return parts;
}

// "invoices" and "invoice", "mail" and "mailer".
bool is_akin(std::string_view word, std::string_view part) {
  if (word.size() < least_shared || part.size() < least_shared) return word == part;
  return word.starts_with(part) || part.starts_with(word) || stem(word) == stem(part);
}

}  // namespace

std::string workload_in_words(const Inventory& inventory, const std::string& question) {
  static constexpr std::array<std::string_view, 5> kinds = {"pod", "deployment", "statefulset", "daemonset",
                                                            "cronjob"};
  const std::vector<std::string> words = words_of(question);
  std::set<std::string> names;
  for (const std::string_view kind : kinds) {
    for (const Object* object : inventory.of(kind)) {
      const std::string name(without_added(object->name));
      if (std::ranges::find(words, to_lower(name)) != words.end()) return {};
      names.insert(name);
    }
  }
  std::string found;
  for (const std::string& name : names) {
    const std::vector<std::string> parts = telling_parts(name);
    const bool said =
        parts.size() >= 2 && std::ranges::all_of(parts, [&](const std::string& part) {
          return std::ranges::any_of(words, [&](const std::string& word) { return is_akin(word, part); });
        });
    if (!said) continue;
    if (!found.empty()) return {};
    found = name;
  }
  return found;
}

}  // namespace carrel
