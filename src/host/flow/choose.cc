#include "host/flow/choose.h"

#include <algorithm>
#include <optional>
#include <vector>

#include <fmt/format.h>

#include "host/checks/agreement.h"
#include "host/flow/compose.h"
#include "host/flow/confidence.h"
#include "record/answer.h"

namespace carrel {
namespace {

void fill_engine_stats(const ThinkResult& result, ReportStats* stats) {
  stats->evidence_kept = result.lines_kept;
  stats->prompt_tokens = result.prompt_tokens;
  stats->context = result.context;
  stats->threads = result.threads;
  stats->prefix_tokens = result.prefix_tokens;
  stats->reused_tokens = result.prefix_reused;
  stats->load_s = result.load_s;
  stats->state_s = result.state_s;
  stats->prefill_s = result.prefill_s;
  stats->decode_s = result.decode_s;
  stats->first_token_s = result.first_token_s;
  stats->backend = result.backend;
  stats->library = result.library;
  for (const Try& each : result.tries) stats->output_tokens += each.tokens;
}

// The lines that were chosen but had no room in the prompt.
LeftOut beyond_context(const EvidenceList& evidence, std::size_t kept) {
  LeftOut left{"", "chosen, but beyond the context's token budget", 0, evidence.lines.size() - kept, 0};
  for (std::size_t i = kept; i < evidence.lines.size(); ++i) left.bytes += evidence.lines[i].quote.size();
  return left;
}

}  // namespace

Result<std::string> choose_answer(const Playbook& playbook, const ThinkResult& result,
                                  const EvidenceList& evidence, std::size_t ids, Report* report) {
  fill_engine_stats(result, &report->stats);
  if (ids < evidence.lines.size()) {
    report->stats.left_out.insert(report->stats.left_out.begin(), beyond_context(evidence, ids));
  }

  std::vector<std::optional<Answer>> answers;
  std::vector<const Answer*> whole;
  for (const Try& each : result.tries) {
    report->tries.push_back({each.variant, to_string(each.stop), each.tokens, false, false});
    answers.emplace_back();
    if (each.stop != Stop::complete) continue;
    auto answer = parse_answer(each.json);
    if (!answer) return answer.error();
    answers.back() = std::move(*answer);
  }
  for (const auto& answer : answers) whole.push_back(answer ? &*answer : nullptr);

  const Agreement agreement = agreement_of(whole);
  if (agreement.count == 0) {
    std::vector<std::string> ends;
    for (const TryOutcome& outcome : report->tries)
      ends.push_back(fmt::format("{}: {}", outcome.variant, outcome.stop));
    report->verdict = Verdict::insufficient_evidence;
    report->root_cause = "The model came to no whole answer, so nothing can be told.";
    report->missing = {fmt::format("a whole answer ({})", fmt::join(ends, ", "))};
    report->confidence = {"low", 0, "no try was completed", {}};
    return std::string();
  }

  const Answer& chosen = *whole[agreement.chosen];
  for (std::size_t i = 0; i < report->tries.size(); ++i) {
    report->tries[i].chosen = i == agreement.chosen;
    report->tries[i].agrees = agreement.agrees[i];
  }
  fill_report(report, chosen, evidence, ids);
  fill_searched(report, chosen, evidence, ids);
  report->confidence =
      confidence_of_agreement(playbook, report->model_sha256, static_cast<std::uint32_t>(agreement.count),
                              static_cast<std::uint32_t>(result.tries.size()), chosen.confidence);
  return result.tries[agreement.chosen].json;
}

}  // namespace carrel
