#include "host/ledger/detail.h"

#include <algorithm>

#include <fmt/format.h>

namespace carrel {
namespace {

std::vector<CitationRow> citations_of(const std::vector<ReportEvidence>& evidence) {
  std::vector<CitationRow> rows;
  for (const ReportEvidence& item : evidence) rows.push_back({item.id, item.at, item.quote, item.shows});
  return rows;
}

}  // namespace

const char* to_string(ClaimRow::Kind kind) {
  switch (kind) {
    case ClaimRow::Kind::alternative:
      return "alternative";
    case ClaimRow::Kind::command:
      return "command";
    case ClaimRow::Kind::missing:
      return "missing";
    case ClaimRow::Kind::searched:
      return "searched";
    case ClaimRow::Kind::cause:
    case ClaimRow::Kind::count_:
      break;
  }
  return "cause";
}

RunDetail detail_of(const Report& report) {
  using Kind = ClaimRow::Kind;
  RunDetail detail;
  detail.tries = report.tries;
  detail.checks = report.checks;
  detail.denials = report.stats.denied;
  for (const StageTime& stage : report.stats.stages) detail.notes.push_back({stage.stage, stage.seconds, ""});
  detail.claims.push_back(
      {Kind::cause, report.root_cause, report.confidence.basis, citations_of(report.evidence)});
  for (const Alternative& item : report.alternatives) {
    detail.claims.push_back(
        {Kind::alternative, item.cause, "the detector " + item.detector, citations_of(item.evidence)});
  }
  for (const Command& item : report.commands)
    detail.claims.push_back({Kind::command, item.command, item.why, {}});
  for (const std::string& item : report.missing) detail.claims.push_back({Kind::missing, item, "", {}});
  for (const Searched& item : report.searched) {
    detail.claims.push_back({Kind::searched,
                             fmt::format("all {} objects{}: {} found", item.kind,
                                         item.space.empty() ? "" : " of namespace " + item.space, item.count),
                             "",
                             {}});
  }
  return detail;
}

}  // namespace carrel
