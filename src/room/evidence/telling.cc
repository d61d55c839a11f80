#include "room/evidence/telling.h"

#include <algorithm>

#include "base/brief.h"
#include "base/text.h"
#include "record/limits.h"
#include "room/evidence/log_findings.h"
#include "room/evidence/mechanism.h"

namespace carrel {

void cite_also(Observation* to, const Observation& from, std::size_t most) {
  for (const EvidenceLine& line : from.lines) {
    if (to->lines.size() >= limit::citations || most == 0) return;
    const bool cited = std::any_of(to->lines.begin(), to->lines.end(), [&](const EvidenceLine& other) {
      return other.at.file == line.at.file && other.at.line == line.at.line;
    });
    if (cited) continue;
    to->lines.push_back(line);
    --most;
  }
}

void cite_first(Observation* to, const Observation& from, std::size_t most) {
  if (to->lines.empty()) return;
  const std::size_t count = std::min(most, from.lines.size());
  to->lines.insert(to->lines.begin() + 1, from.lines.begin(),
                   from.lines.begin() + static_cast<std::ptrdiff_t>(count));
  if (to->lines.size() > limit::citations) to->lines.resize(limit::citations);
}

void tell_with(Observation* to, Observation* other, std::size_t most) {
  const std::string more = "; " + shortened(other->cause, limit::sentence / 2);
  to->cause = shortened(to->cause, limit::sentence - more.size()) + more;
  cite_first(to, *other, most);
  other->weight = std::min(other->weight, to->weight * 0.9);
}

void add_commands(Observation* to, const Observation& from) {
  for (const Command& command : from.commands) {
    const bool there = std::any_of(to->commands.begin(), to->commands.end(),
                                   [&](const Command& other) { return other.command == command.command; });
    if (!there && to->commands.size() < limit::commands) to->commands.push_back(command);
  }
}

std::string shortened(std::string_view cause, std::size_t most) {
  cause = trim(cause);
  while (cause.ends_with('.')) cause.remove_suffix(1);
  if (cause.size() <= most) return std::string(cause);
  const std::size_t colon = cause.find(": ");
  if (colon != std::string_view::npos && colon + 22 < most) {
    const std::string message(cause.substr(colon + 2));
    const MechanismMatch match = find_mechanism(message);
    return std::string(cause.substr(0, colon + 2)) +
           telling_part(message, match.begin, match.end, most - colon - 2);
  }
  return std::string(cut_words(cause, most));
}

std::string without_credentials(std::string text) {
  for (std::size_t at = text.find('@'); at != std::string::npos; at = text.find('@', at + 1)) {
    std::size_t begin = at;
    while (begin > 0 && text[begin - 1] != ' ' && text[begin - 1] != '/' && text[begin - 1] != '"' &&
           text[begin - 1] != '\'' && text[begin - 1] != '=') {
      --begin;
    }
    const std::size_t colon = text.find(':', begin);
    if (colon == std::string::npos || colon >= at || colon == begin) continue;
    text.erase(begin, at + 1 - begin);
    at = begin;
  }
  return text;
}

}  // namespace carrel
