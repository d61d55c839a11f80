// `carrel trace`: from claims to evidence, and back.
#include <charconv>
#include <cstdio>

#include <fmt/format.h>

#include "base/json_writer.h"
#include "base/text.h"
#include "host/cli/find_run.h"
#include "host/cli/print.h"
#include "host/cli/progress.h"
#include "host/cli/record_commands.h"
#include "host/page/views.h"
#include "host/review/export.h"
#include "host/review/review.h"
#include "record/exit_status.h"

namespace carrel {
namespace {

// The number that a text is, all of it; -1 where it is none.
std::int64_t number_of(std::string_view text) {
  std::int64_t number = -1;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && rest == text.data() + text.size() && number >= 0 ? number : -1;
}

void print_citation(const CitationInContext& citation, bool colour) {
  const Address& at = citation.cited.at;
  print("    {}  {}{}\n", escape_for_terminal(citation.cited.id), escape_for_terminal(text_of(at)),
        at.path.empty() ? "" : "  " + escape_for_terminal(at.path));
  print("          chosen: {}\n", escape_for_terminal(citation.cited.reason));
  if (!citation.around.file_sha256.empty()) {
    print("          file:   sha256 {}, {} lines\n", escape_for_terminal(citation.around.file_sha256),
          citation.around.file_lines);
  } else {
    print("          quote:  {}\n", escape_for_terminal(citation.cited.quote));
  }
  for (std::size_t i = 0; i < citation.around.lines.size(); ++i) {
    const auto line = citation.around.first_line + static_cast<std::uint32_t>(i);
    const bool cited = line >= at.line && line <= at.end_line;
    print("        {}{} {:>6} │ {}{}\n", cited && colour ? "\x1b[1m" : "", cited ? "▶" : " ", line,
          escape_for_terminal(citation.around.lines[i]), cited && colour ? "\x1b[0m" : "");
  }
}

void print_claim(const ClaimInContext& claim, bool colour) {
  print("\n[{}] {}: {}\n", claim.number, to_string(claim.claim.kind), escape_for_terminal(claim.claim.text));
  if (!claim.claim.basis.empty()) print("    rests on: {}\n", escape_for_terminal(claim.claim.basis));
  for (const CitationInContext& citation : claim.citations) print_citation(citation, colour);
  for (const ReviewRow& review : claim.reviews) {
    print("    {} by {} on {}{}\n", to_string(review.decision), escape_for_terminal(review.reviewer),
          review.at, review.reason.empty() ? "" : ": " + escape_for_terminal(review.reason));
  }
}

int trace_run(const Desk& desk, const TraceArguments& arguments) {
  auto found = find_run(desk, arguments.what);
  if (!found) return tell(found.error());
  auto run = run_in_context(found->ledger, found->row);
  if (!run) return tell(run.error());
  if (!arguments.claim.empty()) {
    const std::int64_t claim = number_of(arguments.claim);
    if (claim < 0 || static_cast<std::size_t>(claim) >= run->claims.size()) {
      return tell({Code::usage, fmt::format("run {} has no claim {}", run->run.id, arguments.claim),
                   fmt::format("it has the claims 0 to {}", run->claims.size() - 1)});
    }
    run->claims = {run->claims[static_cast<std::size_t>(claim)]};
  }
  if (desk.json) {
    print("{}", record_json(*run));
    return exit_status::passed;
  }
  print("run     {} of tenant {}, {}\n", run->run.id, run->run.tenant, run->run.started_at);
  print("bundle  {}\n        sha256 {}\n", escape_for_terminal(run->run.input), run->run.input_sha256);
  for (const Note& note : run->detail.notes)
    print("{:<7} {}\n", escape_for_terminal(note.stage), escape_for_terminal(note.text));
  const bool colour = !desk.plain && takes_colour(1);
  for (const ClaimInContext& claim : run->claims) print_claim(claim, colour);
  return exit_status::passed;
}

int trace_line(const Desk& desk, const std::string& file, std::uint32_t line) {
  constexpr std::size_t most = 100;
  int status = exit_status::passed;
  std::vector<CitingClaim> all;
  auto tenants = tenants_of(desk);
  if (!tenants) return tell(tenants.error());
  for (const std::string& tenant : *tenants) {
    auto ledger = open_unlocked(desk, tenant);
    auto found = ledger ? ledger->citing(file, line, most) : ledger.error();
    if (!found) {
      status = tell(std::move(found.error()).in("tenant " + tenant));
      continue;
    }
    all.insert(all.end(), found->begin(), found->end());
  }
  if (desk.json) {
    JsonPage json;
    json.list("claims", all,
              [&](const CitingClaim& claim) { json.object([&] { write_citing(json, claim); }); });
    print("{}", json.finish());
  } else {
    for (const CitingClaim& claim : all) {
      print("{}  [{}] {}: {}\n    {}  {}:{}  chosen: {}\n", claim.run, claim.claim,
            escape_for_terminal(claim.kind), escape_for_terminal(claim.text), escape_for_terminal(claim.id),
            escape_for_terminal(claim.file), claim.line, escape_for_terminal(claim.reason));
    }
    if (all.empty() && status == exit_status::passed) print("No claim cites that line.\n");
  }
  return all.empty() && status == exit_status::passed ? exit_status::checks_failed : status;
}

}  // namespace

int trace_command(const Desk& desk, const TraceArguments& arguments) {
  const auto colon = arguments.what.rfind(':');
  if (colon == std::string::npos) return trace_run(desk, arguments);
  const std::int64_t line = number_of(std::string_view(arguments.what).substr(colon + 1));
  if (line <= 0 || line > UINT32_MAX || colon == 0) {
    return tell({Code::usage, fmt::format("\"{}\" is neither a run nor FILE:LINE", arguments.what), ""});
  }
  return trace_line(desk, arguments.what.substr(0, colon), static_cast<std::uint32_t>(line));
}

}  // namespace carrel
