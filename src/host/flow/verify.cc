#include "host/flow/verify.h"

#include <algorithm>
#include <functional>
#include <map>
#include <set>
#include <string_view>
#include <vector>

#include "host/checks/checks.h"

namespace carrel {
namespace {

// The words of the report's commands, also behind a "=".
std::set<std::string, std::less<>> words_of(const std::vector<Command>& commands) {
  std::set<std::string, std::less<>> words;
  for (const Command& command : commands) {
    std::string_view rest = command.command;
    while (!rest.empty()) {
      const auto end = rest.find_first_of(" =");
      words.emplace(rest.substr(0, end));
      rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
    }
  }
  return words;
}

// The names that the commands may mean; each is looked for again.
std::vector<Name> names_of(const std::vector<Command>& commands, const EvidenceList& evidence) {
  const auto words = words_of(commands);
  std::vector<Name> names;
  std::copy_if(evidence.names.begin(), evidence.names.end(), std::back_inserter(names),
               [&](const Name& name) { return words.contains(name.name); });
  return names;
}

// All that the report cites: for its cause, and for the weaker explanations beside it.
std::vector<ReportEvidence> cited_by(const Report& report) {
  std::vector<ReportEvidence> cited = report.evidence;
  for (const Alternative& alternative : report.alternatives) {
    cited.insert(cited.end(), alternative.evidence.begin(), alternative.evidence.end());
  }
  return cited;
}

}  // namespace

Status verify(const Verification& verification, Rooms& rooms, Fd bundle, Report* report,
              CitedContext* context) {
  const Playbook& playbook = *verification.playbook;
  const EvidenceList& evidence = *verification.evidence;
  const std::vector<ReportEvidence> cited = cited_by(*report);
  const std::vector<Name> names = names_of(report->commands, evidence);

  CheckJob job;
  job.bundle_name = verification.bundle_name;
  job.packed_bytes = verification.packed_bytes;
  job.key = verification.key;
  job.kubernetes = playbook.kubernetes;
  for (const ReportEvidence& item : cited) job.citations.push_back({item.at, item.quote});
  job.searched = report->searched;
  job.names = names;
  job.around = kept_around;
  auto found = rooms.check(job, std::move(bundle));
  if (!found) return found.error();
  context->surroundings = std::move(found->surroundings);

  const std::map<std::string, std::function<Check()>> checks = {
      {"schema",
       [&] {
         if (verification.answer_json.empty()) {
           return Check{"schema", Check::Verdict::fail, "there is no answer: no try was completed"};
         }
         return check_schema(verification.answer_json, *playbook.schema, verification.ids, evidence.lines,
                             playbook.commands, evidence.names);
       }},
      {"citations", [&] { return check_citations(cited, found->citations); }},
      {"searched", [&] { return check_searched(report->searched, found->searched); }},
      {"names", [&] { return check_names(names, found->names); }},
      {"commands", [&] { return check_commands(report->commands, playbook.commands, evidence.names); }},
      {"text", [&] { return check_text(*report, evidence); }},
  };
  for (const std::string& name : playbook.checks) report->checks.push_back(checks.at(name)());
  return {};
}

}  // namespace carrel
