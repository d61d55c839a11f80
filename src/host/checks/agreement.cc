#include "host/checks/agreement.h"

#include <algorithm>

namespace carrel {
namespace {

bool agree(const Answer& a, const Answer& b) {
  if (a.verdict != b.verdict) return false;
  std::size_t shared = 0;
  for (const std::string& id : a.evidence) {
    shared += std::find(b.evidence.begin(), b.evidence.end(), id) != b.evidence.end();
  }
  const std::size_t all = a.evidence.size() + b.evidence.size() - shared;
  if (all == 0) return true;
  return shared > 0 && 3 * shared >= all;
}

}  // namespace

Agreement agreement_of(const std::vector<const Answer*>& answers) {
  Agreement out;
  for (std::size_t at = 0; at < answers.size(); ++at) {
    if (answers[at] == nullptr) continue;
    std::vector<bool> agrees;
    for (const Answer* other : answers) agrees.push_back(other != nullptr && agree(*answers[at], *other));
    const auto count = static_cast<std::size_t>(std::count(agrees.begin(), agrees.end(), true));
    if (count <= out.count) continue;
    out.chosen = at;
    out.count = count;
    out.agrees = std::move(agrees);
  }
  if (out.count == 0) return out;
  const Answer& chosen = *answers[out.chosen];
  for (const Answer* answer : answers) {
    if (answer == nullptr) continue;
    for (const std::string& id : chosen.evidence) {
      const auto& cited = answer->evidence;
      out.support[id] += std::find(cited.begin(), cited.end(), id) != cited.end();
    }
    for (const Command& command : chosen.commands) {
      const bool has = std::any_of(answer->commands.begin(), answer->commands.end(),
                                   [&](const Command& other) { return other.command == command.command; });
      out.commands[command.command] += has;
    }
  }
  return out;
}

Agreement agreement_of(const std::vector<Answer>& answers) {
  std::vector<const Answer*> all;
  for (const Answer& answer : answers) all.push_back(&answer);
  return agreement_of(all);
}

}  // namespace carrel
