#include "host/flow/findings_question.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <string_view>

#include <fmt/format.h>

#include "base/read_value.h"
#include "base/text.h"
#include "host/flow/compose.h"
#include "record/answer.h"

namespace carrel {
namespace {

// Measured on 2,000 cases of the maker's train split: 99.8 % have a right finding among these, as many as
// among eight; the first is right in 98.7 %.
constexpr std::size_t most_findings = 5;
constexpr std::size_t most_of_a_detector = 2;  // and one where it found nothing wrong

// A cause begins with what is wrong with what; its end is mostly the text of a log line.
constexpr std::size_t cause_shown = 112;  // bytes

constexpr std::uint32_t answer_tokens = 48;

constexpr const char* system_text = "You tell the root cause of a Kubernetes incident from its symptoms.";
constexpr const char* instructions = "Which of these findings is the root cause?";
constexpr const char* schema =
    R"({"type":"object","required":["finding","confidence"],"additionalProperties":false,"properties":{)"
    R"("finding":{"type":"string","x-carrel-set":"evidence"},"confidence":{"enum":["low","high"]}}})";

// The generated endings of pods and replica sets tell nothing and take as many tokens as all the rest of a
// name: "api" for "api-7fd6f8d75-m4jl5". They are of Kubernetes' alphabet of such names, or hexadecimal.
bool is_generated(std::string_view ending) {
  return ending.size() >= 5 && ending.size() <= 10 &&
         ending.find_first_not_of("abcdefghjklmnpqrstvwxz0123456789") == ending.npos &&
         (ending.find_first_of("0123456789") != ending.npos || ending.find_first_of("aeiou") == ending.npos);
}

std::string without_generated_endings(std::string_view text) {
  constexpr std::string_view of_names = "abcdefghijklmnopqrstuvwxyz0123456789-";
  std::string out;
  while (!text.empty()) {
    const std::size_t size = std::min(text.find_first_not_of(of_names), text.size());
    std::string_view name = text.substr(0, size);
    for (auto dash = name.rfind('-'); dash != name.npos && dash > 0; dash = name.rfind('-')) {
      if (!is_generated(name.substr(dash + 1))) break;
      name = name.substr(0, dash);
    }
    out += name;
    text.remove_prefix(size);
    const std::size_t between = std::min(text.find_first_of(of_names), text.size());
    out += text.substr(0, between);
    text.remove_prefix(between);
  }
  return out;
}

// "[E001] log-cache-unreachable (92)\n  Pod api cannot reach its cache or session store: ..."
EvidenceLine entry_of(const Finding& finding) {
  EvidenceLine line;
  line.at.file = finding.detector;
  line.quote = cut_utf8(without_generated_endings(finding.cause), cause_shown);
  line.reason = fmt::format("{}", std::lround(finding.weight * 100));
  line.score = finding.weight;
  return line;
}

}  // namespace

std::vector<std::size_t> ask_for_finding(const EvidenceList& evidence, ThinkJob* job) {
  job->system = system_text;
  job->variants = {{"findings", instructions}};
  job->schema = schema;
  job->commands.clear();
  job->names.clear();
  job->searched.clear();
  job->left_out.clear();
  job->lines.clear();
  job->output_tokens = answer_tokens;
  std::vector<std::size_t> shown;
  std::map<std::string, std::size_t> of_detector;
  for (std::size_t i = 0; i < evidence.findings.size() && shown.size() < most_findings; ++i) {
    const Finding& finding = evidence.findings[i];
    const std::size_t most = finding.verdict == Verdict::no_fault ? 1 : most_of_a_detector;
    if (++of_detector[finding.detector] > most) continue;
    shown.push_back(i);
    job->lines.push_back(entry_of(finding));
  }
  return shown;
}

Status expand_findings(const EvidenceList& evidence, const std::vector<std::size_t>& shown,
                       const Schema& schema, ThinkResult* result) {
  const std::size_t kept = std::min<std::size_t>(result->lines_kept, shown.size());
  for (Try& each : result->tries) {
    if (each.stop != Stop::complete) continue;
    auto said = read_json(each.json);
    if (!said) return said.error();
    const std::size_t line = evidence_index(std::string((*said)["finding"].text()), kept);
    const std::string confidence((*said)["confidence"].text());
    if (line >= kept || (confidence != "low" && confidence != "high"))
      return Error{Code::room_refused, "the think room's answer names no finding that it was asked about",
                   ""};
    Answer answer = answer_of_detectors(evidence, shown[line]);
    if (answer.verdict != Verdict::insufficient_evidence) answer.confidence = confidence;
    each.json = answer_json(answer, schema);
  }
  result->lines_kept = static_cast<std::uint32_t>(evidence.lines.size());
  return {};
}

}  // namespace carrel
