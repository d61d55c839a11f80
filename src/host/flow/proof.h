// What a run, and a tenant, can show of the rooms that touched their data: read back from the ledger and the
// disk, and judged. Format of what is stored: docs/formats/proof.md.
//
// A finding is something that must not be; a gap is something that this record cannot show. Neither is ever
// left out.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "host/ledger/ledger.h"
#include "host/probe/probe_record.h"
#include "host/walls/posture.h"
#include "host/walls/wall.h"

namespace carrel {

// One room of a run, as its record has it.
struct RoomRecord {
  std::string room, program, ending, detail, configuration;
  std::vector<std::string> layers;
  Posture posture;
  std::vector<Denial> denials;
  std::uint64_t peak_memory = 0, bytes_out = 0, survivors = 0;
  double elapsed_s = 0;
  std::string input_sha256, input_sha256_after;  // of what it read; after: empty where it was not looked at
  Caps caps;
  Caps seen_caps;                    // of the process whose posture was seen
  std::optional<KeptRecord> kept;    // of a room that other runs had before, or may have after
  std::optional<ProbeSummary> twin;  // of probes in a room of the same configuration on this machine
};

struct RunProof {
  RunRow run;
  std::vector<RoomRecord> rooms;
  std::vector<std::string> findings, gaps;
};

// The entries of the object `rooms`. An Error where it is none.
Result<std::vector<RoomRecord>> read_rooms(std::string_view json);

// `data` is where probes are kept. Errors: the ledger cannot be read, or an object of the run was changed.
Result<RunProof> prove_run(Ledger& ledger, const RunRow& run, const std::string& data);
std::string to_json(const RunProof& proof);

// One file or model that runs of the tenant read.
struct TouchedInput {
  std::string sha256;
  std::string name;  // of the newest run that had it
  std::size_t runs = 0;
  std::vector<std::string> also_of;  // tenants whose runs had the same bytes
};

struct CanarySearch {
  std::string canary;
  std::size_t own_places = 0;          // in what belongs to the tenant
  std::vector<std::string> elsewhere;  // in what does not: must be empty
  std::uint64_t bytes_searched = 0;    // elsewhere
};

struct TenantProof {
  std::string tenant;
  std::size_t runs = 0;
  std::vector<TouchedInput> inputs, models;
  std::map<std::string, std::size_t> rooms;  // kind to number; each was made for one run and is gone
  std::map<std::string, std::size_t> kept;   // think rooms of several runs: name to their number
  std::uint64_t files = 0, bytes = 0;        // of the tenant's folder, which is all that is kept of it
  std::vector<std::string> shared;           // what lies beside the tenants' folders
  std::vector<std::string> others;           // the other tenants that were looked at
  std::vector<PrefixRow> states;             // of think rooms, kept for a next run of the tenant
  std::vector<CanarySearch> canaries;
  std::vector<std::string> findings, gaps;
};

// The ledgers of the tenant and of all others, opened by the caller (a sealed one must be unlocked to be
// looked into). `canaries` are texts that only this tenant's data holds.
Result<TenantProof> prove_tenant(const std::string& data, Ledger& own, const std::string& tenant,
                                 std::map<std::string, Ledger>& others,
                                 const std::vector<std::string>& canaries);
std::string to_json(const TenantProof& proof);

}  // namespace carrel
