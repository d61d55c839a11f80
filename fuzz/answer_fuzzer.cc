// What a think room answers, judged by the host and shown to a person.
// links: host/checks host/report
//
// Whatever the answer, every check gives a verdict with a reason, a claim that rests on nothing does not
// pass, and the report is harmless on a terminal and reads back from its own JSON. The bytes are texts, each
// ended by a NUL: the answer's JSON, the cause, a command, its reason, a quote, a name.
#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "expect.h"
#include "host/checks/checks.h"
#include "host/report/terminal.h"
#include "record/answer.h"

namespace {

using namespace carrel;

std::string take(std::string_view* bytes) {
  const std::size_t end = bytes->find('\0');
  const std::string text(bytes->substr(0, end));
  bytes->remove_prefix(end == std::string_view::npos ? bytes->size() : end + 1);
  return text;
}

constexpr std::string_view schema_text = R"({"type":"object","additionalProperties":false,
  "required":["evidence","verdict","root_cause","commands"],"properties":{
  "evidence":{"type":"array","minItems":1,"maxItems":5,"items":{"type":"string","x-evidence":true}},
  "verdict":{"enum":["fault","no_fault","insufficient_evidence"]},
  "root_cause":{"type":"string","maxLength":300},
  "commands":{"type":"array","maxItems":4,"items":{"type":"string","maxLength":400}}}})";

const std::vector<CommandPattern>& patterns() {
  static const std::vector<CommandPattern> all = {
      *parse_command_pattern("kubectl -n {namespace} describe pod {pod}"),
      *parse_command_pattern("kubectl get nodes"),
  };
  return all;
}

void expect_verdict(const Check& check) {
  expect(!check.name.empty());
  expect(check.verdict == Check::Verdict::pass || !check.detail.empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const std::string json = take(&bytes);
  Report report;
  report.root_cause = take(&bytes);
  report.commands.push_back({take(&bytes), take(&bytes)});
  EvidenceList evidence;
  evidence.lines.push_back({{"logs/api.log", 3, 3, ""}, take(&bytes), "error level", 1, 1});
  evidence.names = {{"Namespace", "", "shop", true}, {"Pod", "shop", take(&bytes), true}};
  report.evidence.push_back({"E001", evidence.lines[0].at, evidence.lines[0].quote, report.root_cause});
  report.missing = {report.root_cause};

  std::vector<Mistake> mistakes;
  static const auto schema = parse_schema(schema_text, &mistakes);
  if (schema) expect_verdict(check_schema(json, **schema, 1, evidence.lines, patterns(), evidence.names));
  if (const auto answer = parse_answer(json)) report.verdict = answer->verdict;
  report.checks = {check_commands(report.commands, patterns(), evidence.names), check_text(report, evidence),
                   check_citations(report.evidence, {CheckResult::Place::quote_differs}),
                   check_names(evidence.names, {})};
  for (const Check& check : report.checks) expect_verdict(check);
  expect(report.checks[2].verdict == Check::Verdict::fail);
  // What passed is plain words, whatever it was made of.
  if (report.checks[0].verdict == Check::Verdict::pass) {
    expect(report.commands[0].command.find_first_of("|&;<>$`\\\"'(){}\n") == std::string::npos);
  }

  for (const bool colour : {false, true}) {
    const std::string shown = to_terminal(report, {colour, 80}) + to_summary_line(report, {colour, 80});
    expect(is_utf8(shown));
    if (!colour) expect(escape_for_terminal(shown, true) == shown);
  }
  const std::string text = to_json(report);
  const auto again = report_from_json(text);
  expect(static_cast<bool>(again) && to_json(*again) == text);
  return 0;
}
