#include "record/agreement.h"

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

Agreement agreement_of(const std::vector<Vote>& votes) {
  Agreement out;
  for (std::size_t at = 0; at < votes.size(); ++at) {
    if (!votes[at].answer) continue;
    ++out.voted;
    if (!votes[at].whole) continue;
    ++out.whole;
    std::vector<bool> agrees;
    for (const Vote& other : votes) agrees.push_back(other.answer && agree(*votes[at].answer, *other.answer));
    const auto count = static_cast<std::size_t>(std::count(agrees.begin(), agrees.end(), true));
    if (count <= out.count) continue;
    out.chosen = at;
    out.count = count;
    out.agrees = std::move(agrees);
  }
  if (out.count == 0) return out;
  const Answer& chosen = *votes[out.chosen].answer;
  // Each claim once, however often an answer says it.
  for (const std::string& id : chosen.evidence) out.support[id] = 0;
  for (const Command& command : chosen.commands) out.commands[command.command] = 0;
  for (const Vote& vote : votes) {
    if (!vote.answer) continue;
    const auto& cited = vote.answer->evidence;
    for (auto& [id, count] : out.support) count += std::find(cited.begin(), cited.end(), id) != cited.end();
    if (!vote.whole) continue;
    const auto& proposed = vote.answer->commands;
    for (auto& claim : out.commands) {
      claim.second += std::any_of(proposed.begin(), proposed.end(),
                                  [&](const Command& other) { return other.command == claim.first; });
    }
  }
  return out;
}

bool holds_vote(std::string_view text) {
  bool evidence = false, verdict = false;
  std::string_view key, last;  // of the member that is read; the string that ended last
  int depth = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    bool ended = false;  // a value of the outermost object, here
    if (c == '"') {
      const std::size_t begin = at + 1;
      for (++at; at < text.size() && text[at] != '"'; ++at) at += text[at] == '\\';
      if (at >= text.size()) return false;
      last = text.substr(begin, at - begin);
      ended = depth == 1 && !key.empty();
    } else if (c == '{' || c == '[') {
      ++depth;
    } else if (c == '}' || c == ']') {
      --depth;
      ended = depth == 1;
    } else if (depth == 1 && c == ':') {
      key = last;
    } else if (depth == 1 && c == ',') {
      key = {};
    }
    if (!ended) continue;
    evidence |= key == "evidence";
    verdict |= key == "verdict";
    if (evidence && verdict) return true;
  }
  return false;
}

}  // namespace carrel
