// What is different between two runs: first what went in, then what came out.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "host/ledger/detail.h"
#include "host/ledger/rows.h"
#include "record/evidence.h"
#include "record/report.h"

namespace carrel {

// All that a run is compared by.
struct ComparedRun {
  RunRow row;
  Report report;
  std::optional<EvidenceList> evidence;  // for two bundles: objects and templates
};

// One thing that has another value in B than in A.
struct Changed {
  std::string what;  // "model", "setting temperature", "score"
  std::string before, after;
};

struct ChangedClaim {
  ClaimRow::Kind kind = ClaimRow::Kind::cause;
  std::string before, after;                           // empty: gained, or lost
  std::vector<std::string> cited_before, cited_after;  // addresses, only where they differ
};

// What appeared in the second bundle, vanished, or is there in another state.
struct BundleDiff {
  std::vector<std::string> appeared, vanished;                      // objects, "pod platform/api-0"
  std::vector<Changed> states;                                      // objects: present, or only referred to
  std::vector<std::string> findings_appeared, findings_vanished;    // sentences of the detectors
  std::vector<std::string> templates_appeared, templates_vanished;  // lines with their numbers taken out
  std::uint64_t left_out = 0;                                       // entries beyond the most that are told
};

struct RunDiff {
  std::string a, b;                 // ids
  bool throw_away_tenants = false;  // the runs have no tenant in common, for neither named one
  std::vector<Changed>
      inputs;  // in the order that explains most: model, image, back end, playbook, setting, bundle
  std::vector<ChangedClaim> claims;
  std::vector<Changed> outcome;  // verdict, confidence, checks
  std::vector<Changed> speed;    // seconds, tokens, memory: no part of being identical
  std::optional<BundleDiff> bundles;
  bool same_report() const { return claims.empty() && outcome.empty(); }
  bool identical() const { return inputs.empty() && same_report(); }
};

// True of two runs of one tenant, and of two that named none: their tenants are throw-away ones.
bool may_be_compared(const RunRow& a, const RunRow& b);

RunDiff diff_runs(const ComparedRun& a, const ComparedRun& b);

BundleDiff diff_bundles(const EvidenceList& a, const EvidenceList& b);

// A line without what varies from one occurrence to the next: a word with a digit in it becomes "#".
std::string line_template(const std::string& line);

struct DiffStyle {
  bool colour = false;
};
// For a terminal; in texts that changed the words are marked: red and green, or [-so-] {+so+}.
std::string to_terminal(const RunDiff& diff, const DiffStyle& style);
std::string to_json(const RunDiff& diff);

}  // namespace carrel
