#include "host/review/review.h"

#include <algorithm>

#include <fmt/format.h>

#include "record/codec.h"

namespace carrel {
namespace {

// A record among the objects of a run, without the line that names it.
template <class T>
Result<T> record_of(const Ledger& ledger, const RunRow& run, const std::string& role) {
  auto bytes = ledger.object(run, role);
  if (!bytes) return bytes.error();
  const auto line = bytes->find('\n');
  auto record =
      decode<T>(std::string_view(*bytes).substr(line == std::string::npos ? bytes->size() : line + 1));
  if (!record)
    return Error{Code::bad_input, fmt::format("the {} of run {} is of another version", role, run.id), ""};
  return record;
}

bool has(const RunRow& run, const std::string& role) {
  return std::any_of(run.objects.begin(), run.objects.end(),
                     [&](const auto& object) { return object.first == role; });
}

Result<Report> report_of(const Ledger& ledger, const RunRow& run) {
  auto json = ledger.object(run, "report");
  if (!json) return json.error();
  return report_from_json(*json);
}

}  // namespace

Result<RunInContext> run_in_context(const Ledger& ledger, const RunRow& run) {
  RunInContext out;
  out.run = run;
  auto report = report_of(ledger, run);
  if (!report) return report.error();
  out.report = std::move(*report);
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
    auto held = record_of<CitedContext>(ledger, run, "context");
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
  auto report = report_of(ledger, run);
  if (!report) return report.error();
  out.report = std::move(*report);
  if (has(run, "evidence")) {
    auto evidence = record_of<EvidenceList>(ledger, run, "evidence");
    if (!evidence) return evidence.error();
    out.evidence = std::move(*evidence);
  }
  return out;
}

std::vector<DecidedClaim> decided_claims(const RunInContext& run) {
  using Decision = ReviewRow::Decision;
  std::vector<DecidedClaim> out;
  for (const ClaimInContext& held : run.claims) {
    DecidedClaim decided{held.claim, false};
    bool own = false;  // there is a decision on the claim itself
    for (const ReviewRow& review : run.reviews) {
      const bool whole = review.claim == ReviewRow::whole_report;
      if (!whole && review.claim != held.number) continue;
      if (whole && own && review.decision != Decision::reject) continue;
      own = !whole;
      decided.accepted = review.decision != Decision::reject;
      // An edit of the whole report is one of its cause, and says that the rest holds.
      if (review.decision == Decision::edit && (!whole || held.number == 0)) decided.claim.text = review.text;
    }
    out.push_back(std::move(decided));
  }
  return out;
}

}  // namespace carrel
