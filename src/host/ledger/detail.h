// RunDetail: what the ledger keeps of a run in rows, beside its objects: how each try ended, what each stage
// decided and why, each claim with its citations, each check's verdict, and what the rooms were denied.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "record/report.h"

namespace carrel {

// What a stage of a run decided, and why, in a sentence.
struct Note {
  std::string stage;  // "hash", "inspect", "read", "think", "check"
  double seconds = 0;
  std::string text;
};

struct CitationRow {
  std::string id;  // of the evidence line, "E001"
  Address at;
  std::string quote;
  std::string reason;  // why the line was chosen
};

// One statement of a report that must stand on evidence. The first claim of a run is its cause.
struct ClaimRow {
  enum class Kind : std::uint8_t { cause, alternative, command, missing, searched, count_ };
  Kind kind = Kind::cause;
  std::string text;
  std::string basis;  // what it rests on beside its citations: the detector, the reason for a command
  std::vector<CitationRow> citations;
};
const char* to_string(ClaimRow::Kind kind);

struct RunDetail {
  std::vector<TryOutcome> tries;
  std::vector<Note> notes;
  std::vector<ClaimRow> claims;
  std::vector<Check> checks;
  std::vector<DeniedCall> denials;
};

// All of it that a report tells; of the notes only their stages and times.
RunDetail detail_of(const Report& report);

}  // namespace carrel
