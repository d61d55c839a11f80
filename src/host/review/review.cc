#include "host/review/review.h"

#include <algorithm>

#include <fmt/format.h>

#include "host/ledger/stored_record.h"

namespace carrel {
namespace {

bool has(const RunRow& run, const std::string& role) {
  return std::any_of(run.objects.begin(), run.objects.end(),
                     [&](const auto& object) { return object.first == role; });
}

Status take_report(const Ledger& ledger, RunInContext* out) {
  auto json = ledger.object(out->run, "report");
  if (!json) return json.error();
  auto report = report_from_json(*json);
  if (!report) return report.error();
  out->report = std::move(*report);
  out->report_json = std::move(*json);
  return {};
}

}  // namespace

Result<RunInContext> run_in_context(const Ledger& ledger, const RunRow& run) {
  auto out = run_as_kept(ledger, run);
  if (!out || !out->report_json.empty()) return out;
  return ledger.object(run, "report").error();  // says why there is none
}

Result<RunInContext> run_as_kept(const Ledger& ledger, const RunRow& run) {
  RunInContext out;
  out.run = run;
  if (has(run, "report")) {
    if (Status taken = take_report(ledger, &out); !taken) return taken.error();
  }
  auto detail = ledger.detail(run);
  if (!detail) return detail.error();
  out.detail = std::move(*detail);
  auto reviews = ledger.reviews(run);
  if (!reviews) return reviews.error();
  out.reviews = std::move(*reviews);
  auto exceptions = ledger.exceptions(run);
  if (!exceptions) return exceptions.error();
  out.exceptions = std::move(*exceptions);
  CitedContext context;
  if (has(run, "context")) {
    auto held = stored_record<CitedContext>(ledger, run, "context");
    if (!held) return held.error();
    context = std::move(*held);
  }
  std::size_t next = 0;
  for (std::size_t i = 0; i < out.detail.claims.size(); ++i) {
    ClaimInContext claim;
    claim.number = static_cast<std::int64_t>(i);
    claim.claim = out.detail.claims[i];
    for (const CitationRow& cited : claim.claim.citations) {
      claim.citations.push_back({cited, {}});
      if (next < context.surroundings.size()) claim.citations.back().around = context.surroundings[next];
      ++next;
    }
    for (const ReviewRow& review : out.reviews) {
      if (review.claim == claim.number) claim.reviews.push_back(review);
    }
    out.claims.push_back(std::move(claim));
  }
  return out;
}

Result<ComparedRun> compared_run(const Ledger& ledger, const RunRow& run) {
  ComparedRun out;
  out.row = run;
  auto json = ledger.object(run, "report");
  auto report = json ? report_from_json(*json) : Result<Report>(json.error());
  if (!report) return report.error();
  out.report = std::move(*report);
  if (has(run, "evidence")) {
    auto evidence = stored_record<EvidenceList>(ledger, run, "evidence");
    if (!evidence) return evidence.error();
    out.evidence = std::move(*evidence);
  }
  return out;
}

std::vector<DecidedClaim> decided_claims(const RunInContext& run) {
  using Decision = ReviewRow::Decision;
  std::vector<DecidedClaim> out;
  for (const ClaimInContext& held : run.claims) {
    DecidedClaim decided{held.claim, std::nullopt};
    bool own = false;  // there is a decision on the claim itself
    for (const ReviewRow& review : run.reviews) {
      const bool whole = review.claim == ReviewRow::whole_report;
      if (!whole && review.claim != held.number) continue;
      if (whole && own && review.decision != Decision::reject) continue;
      own = !whole;
      decided.decision = review.decision;
      // An edit of the whole report is one of its cause, and says that the rest holds.
      if (review.decision == Decision::edit && (!whole || held.number == 0)) decided.claim.text = review.text;
    }
    out.push_back(std::move(decided));
  }
  return out;
}

}  // namespace carrel
