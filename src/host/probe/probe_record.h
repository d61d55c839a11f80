// What probing a room's configuration came to, kept so that a run whose rooms had that configuration can show
// it. Probes touch no tenant's data, so the records are of the machine and no tenant's.
//
//   <data>/probes/<configuration>.json      format: docs/formats/proof.md
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "host/probe/run_probe.h"

namespace carrel {

struct ProbeSummary {
  std::string configuration;  // digest of the room
  std::string room;           // name_of() its twin: "read"
  std::string at;             // UTC, ISO 8601
  std::string version;        // of Carrel
  std::string kernel;         // uname -r
  std::vector<std::string> layers;
  std::size_t held = 0, broken = 0, proves_nothing = 0;
  std::vector<std::string> broken_probes;

  std::size_t all() const { return held + broken + proves_nothing; }
};

// Of the verdicts on one room. `at`, `version` and `kernel` are those of now and of this program.
ProbeSummary summarise(std::string room, const std::vector<ProbeVerdict>& verdicts,
                       const std::string& version);

// One probed room as JSON: the summary and every verdict.
std::string to_json(const ProbeSummary& summary, const std::vector<ProbeVerdict>& verdicts);

Status keep_probe_record(const std::string& data, const ProbeSummary& summary,
                         const std::vector<ProbeVerdict>& verdicts);
// Nothing where the configuration was not probed on this machine, or its record cannot be read.
std::optional<ProbeSummary> find_probe_record(const std::string& data, const std::string& configuration);

}  // namespace carrel
