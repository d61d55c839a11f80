// `carrel prove`: what a run, or a tenant, can show of the rooms that touched its data.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/text.h"
#include "host/cli/cli.h"
#include "host/cli/find_run.h"
#include "host/cli/print.h"
#include "host/flow/proof.h"
#include "record/exit_status.h"

namespace carrel {
namespace {

template <class... T>
void line(fmt::format_string<T...> format, T&&... values) {
  print("{}\n", escape_for_terminal(fmt::format(format, std::forward<T>(values)...)));
}

std::string short_digest(const std::string& sha256) {
  return sha256.empty() ? "none" : sha256.substr(0, 16);
}

void print_room(const RoomRecord& room) {
  line("");
  line("{} room, configuration {}", room.room, short_digest(room.configuration));
  line("  ended       {}{}{}", room.ending, room.detail.empty() ? "" : ": ", room.detail);
  line("  layers      {}", fmt::join(room.layers, ", "));
  if (room.posture.empty()) {
    line("  posture     not recorded");
  } else {
    line("  posture     {} lines seen from outside, compared with the golden record", room.posture.size());
    for (const auto& [name, value] : room.posture) line("    {:<20} {}", name, value);
  }
  if (room.denials.empty()) line("  denied      nothing was tried");
  for (const Denial& denial : room.denials) {
    line("  denied      {}{} {} times", denial.call, denial.arguments, denial.count);
  }
  line("  memory      {} MiB at most, of {} MiB", (room.peak_memory + (1 << 20) - 1) >> 20,
       room.caps.memory >> 20);
  line("  sent        {} bytes, of {}", room.bytes_out, room.caps.output_bytes);
  line("  survivors   {}", room.survivors);
  if (room.kept) {
    line("  kept        room {}, made {}, {}", room.kept->room, room.kept->since,
         room.kept->stays ? "kept after this run" : "ended after this run");
    if (room.kept->runs.empty()) line("  held before nothing but its program");
    for (const std::string& run : room.kept->runs)
      line("  worked for  run {} of this tenant before, and gave back what that took", run);
  }
  line("  read        {}", room.input_sha256.empty() ? "not recorded" : room.input_sha256);
  line("  afterwards  {}", room.input_sha256_after.empty()                ? "not looked at"
                           : room.input_sha256_after == room.input_sha256 ? "the same"
                                                                          : room.input_sha256_after);
  if (room.twin) {
    line("  probes      {} held, {} broken, {} prove nothing here, in its twin at {}", room.twin->held,
         room.twin->broken, room.twin->proves_nothing, room.twin->at);
  }
}

void print_end(const std::vector<std::string>& findings, const std::vector<std::string>& gaps) {
  print("\n");
  for (const std::string& gap : gaps) line("gap      {}", gap);
  for (const std::string& finding : findings) line("FINDING  {}", finding);
  line("{}",
       findings.empty() ? "Nothing was found that must not be." : "Something was found that must not be.");
}

void print_inputs(const char* what, const std::vector<TouchedInput>& inputs) {
  for (const TouchedInput& input : inputs) {
    line("  {}  {}  {} ({} runs){}", what, short_digest(input.sha256), input.name, input.runs,
         input.also_of.empty() ? "" : fmt::format(", also read by {}", fmt::join(input.also_of, ", ")));
  }
}

void print_tenant(const TenantProof& proof) {
  line("Tenant {}: {} runs, {} files of {} bytes, all that is kept of it", proof.tenant, proof.runs,
       proof.files, proof.bytes);
  print_inputs("input", proof.inputs);
  print_inputs("model", proof.models);
  for (const auto& [room, count] : proof.rooms) {
    line("  rooms  {} {} rooms, each made for one run and gone after it", count, room);
  }
  for (const auto& [room, runs] : proof.kept)
    line("  kept   the think room {}, for {} runs of this tenant and no other's", room, runs);
  if (proof.states.empty()) line("  states none: nothing that a think room knew is kept for a next one");
  for (const PrefixRow& state : proof.states) {
    line("  state  {}  of {} bytes, by a think room of run {}, last used {}", short_digest(state.sha256),
         state.bytes, state.run, state.used_at);
  }
  line("  shared {}", proof.shared.empty() ? "nothing beside the tenants' folders"
                                           : fmt::format("{}", fmt::join(proof.shared, ", ")));
  line("  others {}",
       proof.others.empty() ? "there is no other tenant" : fmt::format("{}", fmt::join(proof.others, ", ")));
  for (const CanarySearch& canary : proof.canaries) {
    line("  canary \"{}\": in {} places of its own, in {} of others ({} bytes searched)", canary.canary,
         canary.own_places, canary.elsewhere.size(), canary.bytes_searched);
    for (const std::string& place : canary.elsewhere) line("    {}", place);
  }
}

int status_of(const std::vector<std::string>& findings) {
  return findings.empty() ? exit_status::passed : exit_status::checks_failed;
}

int prove_one(const Desk& desk, const std::string& id) {
  auto found = find_run(desk, id);
  if (!found) return tell(found.error());
  const auto proof = prove_run(found->ledger, found->row, desk.data_folder());
  if (!proof) return tell(proof.error());
  if (desk.json) {
    print("{}", to_json(*proof));
    return status_of(proof->findings);
  }
  line("Run {} of the tenant {}, {}", proof->run.id, proof->run.tenant, to_string(proof->run.state));
  line("  input  {}  {}", short_digest(proof->run.input_sha256), proof->run.input);
  line("  model  {}  {}", short_digest(proof->run.model_sha256), proof->run.model);
  line("  image  {}", short_digest(proof->run.image_sha256));
  for (const RoomRecord& room : proof->rooms) print_room(room);
  print_end(proof->findings, proof->gaps);
  return status_of(proof->findings);
}

int prove_all_of(const Desk& desk, const std::string& tenant, const std::vector<std::string>& canaries) {
  auto own = open_unlocked(desk, tenant);
  if (!own) return tell(own.error());
  std::map<std::string, Ledger> others;
  auto tenants = Ledger::tenants(desk.data_folder());
  if (!tenants) return tell(tenants.error());
  for (const std::string& other : *tenants) {
    if (other == tenant) continue;
    auto ledger = open_unlocked(desk, other);
    // What cannot be looked at is no proof.
    if (!ledger) return tell(std::move(ledger.error()).in("tenant " + other));
    others.emplace(other, std::move(*ledger));
  }
  const auto proof = prove_tenant(desk.data_folder(), *own, tenant, others, canaries);
  if (!proof) return tell(proof.error());
  if (desk.json) {
    print("{}", to_json(*proof));
  } else {
    print_tenant(*proof);
    print_end(proof->findings, proof->gaps);
  }
  return status_of(proof->findings);
}

}  // namespace

int prove_command(const Desk& desk, const ProveArguments& arguments) {
  for (const std::string& canary : arguments.canaries) {
    if (canary.size() < 8) {
      return tell(
          {Code::usage, "a canary of less than 8 bytes is found anywhere", "plant a longer, random one"});
    }
  }
  if (!arguments.run.empty()) return prove_one(desk, arguments.run);
  const std::string& tenant = desk.settings.text("tenant");
  if (tenant.empty()) {
    return tell(
        {Code::usage, "nothing was named that could be proven", "name a run, or a tenant with --tenant"});
  }
  return prove_all_of(desk, tenant, arguments.canaries);
}

}  // namespace carrel
