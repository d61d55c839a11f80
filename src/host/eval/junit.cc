#include <map>

#include <fmt/format.h>

#include "base/markup.h"
#include "host/eval/view.h"

namespace carrel {
namespace {

std::string test_case(const std::string& suite, const CaseResult& result) {
  std::string inner;
  if (!result.error.empty()) {
    inner = fmt::format("<error message=\"{}\"/>", escape_for_markup(result.error));
  } else if (!result.grade.right()) {
    const std::string why = fmt::format("{}", fmt::join(result.grade.why, "\n"));
    const char* what = result.grade.cause      ? "the evidence is not right"
                       : result.grade.evidence ? "the cause is not right"
                                               : "neither cause nor evidence is right";
    inner = fmt::format("<failure message=\"{}\">{}\n\n{}</failure>", what, escape_for_markup(why),
                        escape_for_markup(result.root_cause));
  }
  return fmt::format("  <testcase classname=\"{}\" name=\"{}\" time=\"{:.3f}\">{}</testcase>\n",
                     escape_for_markup(suite), escape_for_markup(result.id), result.seconds, inner);
}

struct Suite {
  std::size_t tests = 0, failures = 0, errors = 0;
  double seconds = 0;
  std::string cases;
};

}  // namespace

std::string to_junit(const EvalView& view) {
  std::map<std::string, Suite> suites;
  for (const Case& label : view.set->cases) {
    const CaseResult* result = view.evaluation->find(label.id);
    if (result == nullptr) continue;
    const std::string name = label.category.empty() ? "cases" : label.category;
    Suite& suite = suites[name];
    ++suite.tests;
    suite.seconds += result->seconds;
    if (!result->error.empty()) {
      ++suite.errors;
    } else if (!result->grade.right()) {
      ++suite.failures;
    }
    suite.cases += test_case(view.evaluation->head.playbook + "." + name, *result);
  }
  std::string out = fmt::format("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"{}\">\n",
                                escape_for_markup("carrel eval " + view.evaluation->head.playbook));
  for (const auto& [name, suite] : suites) {
    out += fmt::format(
        " <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" time=\"{:.3f}\">\n{}"
        " </testsuite>\n",
        escape_for_markup(name), suite.tests, suite.failures, suite.errors, suite.seconds, suite.cases);
  }
  return out + "</testsuites>\n";
}

}  // namespace carrel
