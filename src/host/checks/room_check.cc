// The verdicts on what the check room found.
#include <algorithm>

#include <fmt/format.h>

#include "host/checks/checks.h"

namespace carrel {
namespace {

const char* what_is_wrong(CheckResult::Place place) {
  switch (place) {
    case CheckResult::Place::found:
      return "is there";
    case CheckResult::Place::no_such_file:
      return "is in a file that the bundle does not have";
    case CheckResult::Place::no_such_line:
      return "is on a line that the file does not have";
    case CheckResult::Place::quote_differs:
      return "does not stand on that line";
    case CheckResult::Place::path_differs:
      return "has another JSON pointer";
    case CheckResult::Place::count_:
      break;
  }
  return "could not be read again";
}

std::string described(const std::string& kind, const std::string& space) {
  return space.empty() ? kind : fmt::format("{} in {}", kind, space);
}

Check verdict_of(std::string name, const std::vector<std::string>& wrong, std::string all_is_well) {
  Check check;
  check.name = std::move(name);
  check.verdict = wrong.empty() ? Check::Verdict::pass : Check::Verdict::fail;
  check.detail = wrong.empty() ? std::move(all_is_well) : fmt::format("{}", fmt::join(wrong, "; "));
  return check;
}

}  // namespace

Check check_citations(const std::vector<ReportEvidence>& cited,
                      const std::vector<CheckResult::Place>& found) {
  if (found.size() != cited.size()) {
    return verdict_of(
        "citations",
        {fmt::format("the check room answered for {} of {} citations", found.size(), cited.size())}, "");
  }
  std::vector<std::string> wrong;
  for (std::size_t at = 0; at < cited.size(); ++at) {
    if (found[at] == CheckResult::Place::found) continue;
    wrong.push_back(fmt::format("the quote of {} ({}:{}) {}", cited[at].id, cited[at].at.file,
                                cited[at].at.line, what_is_wrong(found[at])));
  }
  if (cited.empty()) return verdict_of("citations", {}, "nothing is cited");
  return verdict_of("citations", wrong, fmt::format("{} of {} quotes found", cited.size(), cited.size()));
}

Check check_searched(const std::vector<Searched>& told, const std::vector<Searched>& counted) {
  if (counted.size() != told.size()) {
    return verdict_of(
        "searched", {fmt::format("the check room counted {} of {} kinds", counted.size(), told.size())}, "");
  }
  std::vector<std::string> wrong;
  for (std::size_t at = 0; at < told.size(); ++at) {
    if (told[at] == counted[at]) continue;
    wrong.push_back(fmt::format("{}: {} were told, {} were counted again",
                                described(told[at].kind, told[at].space), told[at].count, counted[at].count));
  }
  if (told.empty()) return verdict_of("searched", {}, "no absence is claimed");
  return verdict_of("searched", wrong, fmt::format("{} of {} counts hold", told.size(), told.size()));
}

Check check_names(const std::vector<Name>& told, const std::vector<Name>& found) {
  if (found.size() != told.size()) {
    return verdict_of(
        "names", {fmt::format("the check room looked for {} of {} names", found.size(), told.size())}, "");
  }
  std::vector<std::string> wrong;
  for (std::size_t at = 0; at < told.size(); ++at) {
    const std::string name = fmt::format("{} {}", described(told[at].kind, told[at].space), told[at].name);
    if (found[at].kind.empty()) {
      wrong.push_back(fmt::format("{} is not in the bundle", name));
    } else if (!(found[at] == told[at])) {
      wrong.push_back(
          fmt::format("{} is {} in the bundle", name, found[at].present ? "present" : "only referenced"));
    }
  }
  if (told.empty()) return verdict_of("names", {}, "no name is used");
  return verdict_of("names", wrong, fmt::format("{} of {} names found again", told.size(), told.size()));
}

}  // namespace carrel
