// Reviewing: the queue, a report with its evidence in context, a person's decisions, and what comes of them:
// the reply to whoever asked, and a correction as a labelled case. The command line and the page are built on
// these. Not thread-safe: a Ledger is for one thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "host/ledger/ledger.h"
#include "host/review/diff.h"
#include "record/report.h"
#include "record/room.h"

namespace carrel {

struct CitationInContext {
  CitationRow cited;
  Surroundings around;  // without lines where the run kept none
};

struct ClaimInContext {
  std::int64_t number = 0;  // its place among the run's claims
  ClaimRow claim;
  std::vector<CitationInContext> citations;
  std::vector<ReviewRow> reviews;  // of this claim
};

struct RunInContext {
  RunRow run;
  Report report;
  std::string report_json;  // as it is kept; empty where the run has none
  RunDetail detail;
  std::vector<ClaimInContext> claims;
  std::vector<ReviewRow> reviews;  // all, the oldest first
  std::vector<ExceptionRow> exceptions;
};

// A finished run with all of that. Error: Code::usage where it has no report.
Result<RunInContext> run_in_context(const Ledger& ledger, const RunRow& run);

// The same of any run: one that failed, was interrupted or goes on has no report and no claims.
Result<RunInContext> run_as_kept(const Ledger& ledger, const RunRow& run);

// What two runs are compared by.
Result<ComparedRun> compared_run(const Ledger& ledger, const RunRow& run);

// What a report's claims came to. The newest decision on a claim itself goes before those on the whole
// report, but for a rejection of the report that came after it.
struct DecidedClaim {
  ClaimRow claim;  // with the text of the newest edit
  std::optional<ReviewRow::Decision> decision;
  bool accepted() const { return decision && *decision != ReviewRow::Decision::reject; }
};
std::vector<DecidedClaim> decided_claims(const RunInContext& run);

// The reply as Markdown, from the accepted claims alone, with their evidence. Texts of bundles and models
// cannot act in it: what Markdown would read as its own is escaped, and quotes stand in code. Error:
// Code::usage where nothing was accepted.
Result<std::string> draft_reply(const RunInContext& run);

// The whole report as Markdown, decided or not.
std::string report_markdown(const RunInContext& run);

// Makes a labelled case of a correction: the newest edit of the cause says what is right, what the report
// said is wrong. `must` are the expressions a right answer has to match, one group each; without any they are
// the words that the correction has and the report has not. Adds it to FOLDER/cases.json and copies the
// bundle beside it, as docs/formats/case.md says; returns the case's id. Errors: no correction, no bundle any
// more, a bundle that is no .tar.gz, expressions that do not tell right from wrong.
Result<std::string> correction_to_case(const RunInContext& run, const std::string& folder,
                                       const std::vector<std::string>& must);

}  // namespace carrel
