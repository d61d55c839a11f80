#include "host/eval/compare.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

namespace carrel {
namespace {

bool same_case(const CaseResult& a, const CaseResult& b) {
  return a.case_sha256 == b.case_sha256 && a.bundle_sha256 == b.bundle_sha256;
}

// What `better` has right and `worse` has not.
std::string what_changed(const Grade& better, const Grade& worse) {
  const bool cause = better.cause && !worse.cause, evidence = better.evidence && !worse.evidence;
  return cause && evidence ? "cause and evidence" : cause ? "cause" : "evidence";
}

}  // namespace

Comparison compare(const Evaluation& earlier, const Evaluation& now) {
  Comparison out;
  out.earlier = &earlier;
  std::size_t shared = 0;
  for (const CaseResult& result : now.results) {
    const CaseResult* before = earlier.find(result.id);
    if (before == nullptr || !same_case(*before, result)) continue;
    ++shared;
    if (before->grade.right() == result.grade.right()) {
      ++out.same;
    } else if (result.grade.right()) {
      out.better.push_back({result.id, what_changed(result.grade, before->grade), ""});
    } else {
      const std::string why =
          result.error.empty() && !result.grade.why.empty() ? result.grade.why[0] : result.error;
      out.worse.push_back({result.id, what_changed(before->grade, result.grade), why});
    }
  }
  out.not_comparable =
      now.results.size() - shared + earlier.results.size() - std::min(shared, earlier.results.size());
  return out;
}

const Evaluation* choose_earlier(const std::vector<Evaluation>& all, const Evaluation& now,
                                 const std::string& id) {
  for (const Evaluation& each : all) {
    if (each.head.id == now.head.id) continue;
    if (!id.empty()) {
      if (each.head.id.starts_with(id)) return &each;
      continue;
    }
    const bool shares = std::any_of(each.results.begin(), each.results.end(), [&](const CaseResult& before) {
      const CaseResult* result = now.find(before.id);
      return result != nullptr && same_case(before, *result);
    });
    if (each.finished && shares) return &each;
  }
  return nullptr;
}

std::vector<const Evaluation*> others(const std::vector<Evaluation>& all, const Evaluation& now,
                                      std::size_t most) {
  std::set<std::string> seen = {now.head.key()};
  std::vector<const Evaluation*> out;
  for (const Evaluation& each : all) {
    if (out.size() == most) break;
    if (each.finished && each.head.cases_sha256 == now.head.cases_sha256 &&
        seen.insert(each.head.key()).second)
      out.push_back(&each);
  }
  return out;
}

std::string difference(const EvaluationHead& head, const EvaluationHead& beside) {
  std::vector<std::string> parts;
  if (head.playbook != beside.playbook) {
    parts.push_back(head.playbook);
  } else if (head.playbook_sha256 != beside.playbook_sha256) {
    parts.push_back("another text of the playbook");
  }
  if (head.engine != beside.engine || head.model_sha256 != beside.model_sha256) parts.push_back(head.label());
  for (const auto& [name, value] : head.settings) {
    const auto other = std::find_if(beside.settings.begin(), beside.settings.end(),
                                    [&, &key = name](const auto& setting) { return setting.first == key; });
    if (other == beside.settings.end() || other->second != value) parts.push_back(name + " " + value);
  }
  if (head.program_sha256 != beside.program_sha256) parts.push_back("another build");
  return parts.empty() ? "the same" : fmt::format("{}", fmt::join(parts, ", "));
}

}  // namespace carrel
