#include "host/flow/choose.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "host/flow/compose.h"
#include "host/flow/confidence.h"
#include "record/agreement.h"

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
  stats->drafts = result.drafts;
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

// Which test ended the tries, by what its error is bounded, and when.
std::string test_of(const ThinkResult& result) {
  if (result.tries.size() < 2) return "there was one try";
  if (result.settled_tokens == 0) return "no try was stopped early";
  return fmt::format(
      "curtailed sampling: {} of {} tries were stopped once every try's vote (verdict and citations) was "
      "known, at {} tokens of all together; error 0: the choice and the number that agree are those of all "
      "tries written to their end, but for one that a cap would have ended",
      std::count_if(result.tries.begin(), result.tries.end(),
                    [](const Try& each) { return each.stop == Stop::settled; }),
      result.tries.size(), result.settled_tokens);
}

Consensus consensus_of(const Agreement& agreement, const Answer& chosen, const ThinkResult& result) {
  using Kind = ClaimSupport::Kind;
  const auto number = [](std::size_t count) { return static_cast<std::uint32_t>(count); };
  Consensus out{test_of(result), result.settled_tokens, {}};
  const auto add = [&](Kind kind, const std::string& claim, std::size_t tries, std::size_t of) {
    const bool told = std::any_of(out.claims.begin(), out.claims.end(), [&](const ClaimSupport& other) {
      return other.kind == kind && other.claim == claim;
    });
    if (!told) out.claims.push_back({kind, claim, number(tries), number(of)});
  };
  add(Kind::cause, "", agreement.count, agreement.voted);
  for (const std::string& id : chosen.evidence)
    add(Kind::citation, id, agreement.support.at(id), agreement.voted);
  for (const Command& command : chosen.commands)
    add(Kind::command, command.command, agreement.commands.at(command.command), agreement.whole);
  return out;
}

}  // namespace

Result<std::string> choose_answer(const Playbook& playbook, const ThinkResult& result,
                                  const EvidenceList& evidence, std::size_t ids, Report* report) {
  fill_engine_stats(result, &report->stats);
  if (ids < evidence.lines.size()) {
    report->stats.left_out.insert(report->stats.left_out.begin(), beyond_context(evidence, ids));
  }

  std::vector<Vote> votes;
  for (const Try& each : result.tries) {
    report->tries.push_back({each.variant, to_string(each.stop), each.tokens, false, false});
    votes.emplace_back();
    votes.back().whole = each.stop == Stop::complete;
    if (each.stop != Stop::complete && each.stop != Stop::settled) continue;
    auto answer = parse_answer(each.json);
    if (!answer) return answer.error();
    votes.back().answer = std::move(*answer);
  }
  const Agreement agreement = agreement_of(votes);
  if (agreement.count == 0) {
    std::vector<std::string> ends;
    for (const TryOutcome& outcome : report->tries)
      ends.push_back(fmt::format("{}: {}", outcome.variant, outcome.stop));
    report->verdict = Verdict::insufficient_evidence;
    report->root_cause = "The model came to no whole answer, so it tells no cause.";
    report->missing = {
        fmt::format("a whole answer ({}); --output-tokens gives it more room", fmt::join(ends, ", "))};
    report->confidence = {"low", 0, "no try was completed", {}};
    return std::string();
  }

  const Answer& chosen = *votes[agreement.chosen].answer;
  for (std::size_t i = 0; i < report->tries.size(); ++i) {
    report->tries[i].chosen = i == agreement.chosen;
    report->tries[i].agrees = agreement.agrees[i];
  }
  fill_report(report, chosen, evidence, ids);
  fill_searched(report, chosen, evidence, ids);
  report->confidence =
      confidence_of_agreement(playbook, report->model_sha256, agreement,
                              static_cast<std::uint32_t>(result.tries.size()), chosen.confidence);
  report->consensus = consensus_of(agreement, chosen, result);
  return result.tries[agreement.chosen].json;
}

}  // namespace carrel
