#include "host/eval/quotes.h"

#include <algorithm>
#include <array>
#include <tuple>

#include "base/code_points.h"
#include "base/text.h"
#include "record/answer.h"

namespace carrel {
namespace {

// Words by severity, the severest first.
constexpr std::array<std::array<std::string_view, 6>, 4> severe_words = {{
    {"fatal", "panic", "oomkill", "out of memory", "emerg", "crash"},
    {"error", "fail", "exception", "refused", "denied", "cannot"},
    {"warn", "timeout", "timed out", "unhealthy", "back-off", "backoff"},
    {"pending", "not ready", "notready", "unable", "invalid", "missing"},
}};

// 0: the severest; severe_words.size(): not severe.
std::size_t rank_of(const std::string& quote) {
  for (std::size_t rank = 0; rank < severe_words.size(); ++rank) {
    const auto& words = severe_words[rank];
    if (std::any_of(words.begin(), words.end(),
                    [&](std::string_view word) { return contains_folded(quote, word); }))
      return rank;
  }
  return severe_words.size();
}

}  // namespace

GivenAnswer dump_quotes(const EvidenceList& evidence) {
  std::vector<std::pair<std::size_t, const EvidenceLine*>> severe;
  for (const EvidenceLine& line : evidence.lines) {
    const std::size_t rank = rank_of(line.quote);
    if (rank < severe_words.size()) severe.emplace_back(rank, &line);
  }
  std::sort(severe.begin(), severe.end(), [](const auto& a, const auto& b) {
    return std::tie(a.first, a.second->at.file, a.second->at.line) <
           std::tie(b.first, b.second->at.file, b.second->at.line);
  });
  GivenAnswer answer;
  answer.given = true;
  answer.verdict = to_string(severe.empty() ? Verdict::no_fault : Verdict::fault);
  for (const auto& [rank, line] : severe) {
    if (answer.cited.size() == limit::citations) break;
    answer.cited.push_back({line->at.file, line->at.line, line->quote});
    answer.end_lines.push_back(line->at.end_line);
    answer.root_cause += (answer.root_cause.empty() ? "" : "; ") + fold_white_space(line->quote);
  }
  answer.root_cause = cut_utf8(answer.root_cause, limit::sentence);
  return answer;
}

}  // namespace carrel
