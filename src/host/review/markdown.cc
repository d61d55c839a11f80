// Reports and replies as Markdown (CommonMark), safe whatever the texts hold.
#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "host/review/review.h"
#include "record/answer.h"

namespace carrel {
namespace {

// Text that Markdown takes for nothing but text, on one line.
std::string plain(const std::string& text) {
  std::string out;
  for (const char c : escape_for_terminal(text)) {
    if (std::string_view("\\`*[]<>|!#~").find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

// A block of code that its own text cannot end.
std::string code_block(const std::string& text) {
  std::size_t longest = 2, row = 0;
  for (const char c : text) {
    row = c == '`' ? row + 1 : 0;
    longest = std::max(longest, row);
  }
  const std::string fence(longest + 1, '`');
  return fmt::format("{}\n{}\n{}\n", fence, escape_for_terminal(text, true), fence);
}

void add_claims(std::string* out, const std::vector<DecidedClaim>& claims, ClaimRow::Kind kind,
                const char* heading, bool accepted_only) {
  bool first = true;
  for (const DecidedClaim& each : claims) {
    if (each.claim.kind != kind || (accepted_only && !each.accepted())) continue;
    if (first) *out += fmt::format("\n## {}\n\n", heading);
    first = false;
    if (kind == ClaimRow::Kind::command) {
      *out += code_block(each.claim.text);
      if (!each.claim.basis.empty()) *out += plain(each.claim.basis) + "\n\n";
      continue;
    }
    *out +=
        kind == ClaimRow::Kind::cause ? plain(each.claim.text) + "\n" : "- " + plain(each.claim.text) + "\n";
    for (const CitationRow& cited : each.claim.citations) {
      *out += fmt::format("\n{}: {}\n\n{}", plain(text_of(cited.at)), plain(cited.reason),
                          code_block(cited.quote));
    }
  }
}

const char* heading_of(Verdict verdict) {
  if (verdict == Verdict::fault) return "Likely root cause";
  return verdict == Verdict::no_fault ? "No fault found" : "Not enough evidence";
}

void add_all(std::string* out, const RunInContext& run, bool accepted_only) {
  using Kind = ClaimRow::Kind;
  const std::vector<DecidedClaim> claims = decided_claims(run);
  add_claims(out, claims, Kind::cause, heading_of(run.report.verdict), accepted_only);
  add_claims(out, claims, Kind::searched, "Searched", accepted_only);
  add_claims(out, claims, Kind::command, "Commands to run next", accepted_only);
  add_claims(out, claims, Kind::missing, "What is missing", accepted_only);
  add_claims(out, claims, Kind::alternative, "Also seen", accepted_only);
}

}  // namespace

Result<std::string> draft_reply(const RunInContext& run) {
  const std::vector<DecidedClaim> claims = decided_claims(run);
  if (std::none_of(claims.begin(), claims.end(), [](const DecidedClaim& each) { return each.accepted(); })) {
    return Error{Code::usage, fmt::format("nothing of run {} was accepted, so there is no reply", run.run.id),
                 fmt::format("`carrel review {} accept --reviewer NAME` accepts it", run.run.id)};
  }
  std::string out = fmt::format("# {}\n", plain(run.run.question));
  add_all(&out, run, true);
  const ReviewRow& last = run.reviews.back();
  out += fmt::format("\n---\n\nReviewed by {} on {} (run {}).\n", plain(last.reviewer), last.at.substr(0, 10),
                     plain(run.run.id));
  return out;
}

std::string report_markdown(const RunInContext& run) {
  const Report& report = run.report;
  std::string out = fmt::format("# {}\n\n", plain(report.question));
  out += fmt::format(
      "- input: {} (sha256 {})\n- playbook: {}\n- model: {}\n- confidence: {} ({:.2f}), resting on {}\n",
      plain(report.input), report.input_sha256, plain(report.playbook),
      report.engine == "none" ? "none was asked" : plain(report.model_name), plain(report.confidence.level),
      report.confidence.score, plain(report.confidence.basis));
  if (!report.passed()) out += "\n**A check failed: do not rely on this report.**\n";
  add_all(&out, run, false);
  out += "\n## Checks\n\n";
  for (const Check& check : report.checks)
    out += fmt::format("- {}: {} ({})\n", plain(check.name), to_string(check.verdict), plain(check.detail));
  if (!run.reviews.empty()) out += "\n## Decisions\n\n";
  for (const ReviewRow& review : run.reviews) {
    out += fmt::format("- {} {}: {}{}{}\n", review.at, plain(review.reviewer), to_string(review.decision),
                       review.claim < 0 ? "" : fmt::format(" claim {}", review.claim),
                       review.reason.empty() ? "" : ": " + plain(review.reason));
  }
  out += fmt::format("\nRun {} of tenant {}.\n", plain(run.run.id), plain(run.run.tenant));
  return out;
}

}  // namespace carrel
