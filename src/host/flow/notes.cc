#include "host/flow/notes.h"

#include <algorithm>
#include <string>

#include <fmt/format.h>

#include "record/answer.h"

namespace carrel {
namespace {

std::string of_reading(const Report& report, const EvidenceList& evidence) {
  const ReportStats& stats = report.stats;
  std::string text =
      fmt::format("taken for {}; {} lines of {} files chosen from {}, by rank; {} findings of the detectors",
                  stats.format.empty() ? "nothing known" : stats.format, stats.evidence_found, stats.files,
                  stats.lines, evidence.findings.size());
  if (!evidence.findings.empty()) {
    const Finding& best = evidence.findings.front();
    text += fmt::format(", the best one {} at {:.2f}", best.detector, best.weight);
  }
  if (!stats.left_out.empty()) text += fmt::format("; left out: {}", stats.left_out.front().reason);
  return text;
}

std::string of_thinking(const Report& report) {
  const ReportStats& stats = report.stats;
  std::string text = fmt::format("{} of {} lines had room in a prompt of {} tokens", stats.evidence_kept,
                                 stats.evidence_found, stats.prompt_tokens);
  if (stats.reused_tokens > 0)
    text += fmt::format(", {} of them taken from an earlier run's state", stats.reused_tokens);
  const auto chosen = std::find_if(report.tries.begin(), report.tries.end(),
                                   [](const TryOutcome& item) { return item.chosen; });
  if (chosen == report.tries.end()) return text + "; no try came to a whole answer";
  const auto agree = std::count_if(report.tries.begin(), report.tries.end(),
                                   [](const TryOutcome& item) { return item.agrees; });
  return text + fmt::format("; the try {} was taken: {} of {} tries agree with it", chosen->variant, agree,
                            report.tries.size());
}

std::string of_checking(const Report& report) {
  std::string failed;
  for (const Check& check : report.checks) {
    if (check.verdict == Check::Verdict::fail) failed += (failed.empty() ? "" : ", ") + check.name;
  }
  if (report.checks.empty()) return "no check came to a verdict";
  if (failed.empty()) return fmt::format("{} checks, none failed", report.checks.size());
  return fmt::format("{} checks, failed: {}", report.checks.size(), failed);
}

}  // namespace

std::vector<Note> notes_of(const Report& report, const EvidenceList& evidence) {
  std::vector<Note> notes;
  for (const StageTime& stage : report.stats.stages) {
    std::string text;
    if (stage.stage == "hash") text = fmt::format("the input is sha256 {}", report.input_sha256);
    if (stage.stage == "inspect") {
      text = fmt::format("the model is {} ({}), sha256 {}", report.model_name, report.model_quantisation,
                         report.model_sha256);
    }
    if (stage.stage == "read") text = of_reading(report, evidence);
    if (stage.stage == "think") text = of_thinking(report);
    if (stage.stage == "check") text = of_checking(report);
    notes.push_back({stage.stage, stage.seconds, std::move(text)});
  }
  return notes;
}

}  // namespace carrel
