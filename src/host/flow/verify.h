// Verifies a report: the check room rereads what is cited, the host's checks do the rest. Every verdict is
// kept; a report that fails is shown as failed and never repaired.
#pragma once

#include <string>

#include "base/fd.h"
#include "base/result.h"
#include "host/flow/rooms.h"
#include "host/playbook/playbook.h"
#include "record/report.h"

namespace carrel {

struct Verification {
  std::string bundle_name;
  std::uint64_t packed_bytes = 0;
  const Playbook* playbook = nullptr;
  const EvidenceList* evidence = nullptr;
  std::size_t ids = 0;      // the answer's ids stand for the first so many lines of the evidence
  std::string answer_json;  // as decoded, or as the detectors' finding would have been
  std::string key;          // opens a sealed bundle; empty where there is none
};

// Lines that are kept before and after each citation.
inline constexpr std::uint32_t kept_around = 6;

// Adds the verdicts of the playbook's checks to the report, and what stands around its citations to
// `context`. An Error means that the check room gave no answer.
Status verify(const Verification& verification, Rooms& rooms, Fd bundle, Report* report,
              CitedContext* context);

}  // namespace carrel
