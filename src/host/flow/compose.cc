#include "host/flow/compose.h"

#include <algorithm>

#include <fmt/format.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include "base/text.h"
#include "host/flow/confidence.h"

namespace carrel {
namespace {

constexpr std::size_t most_alternatives = 4;
constexpr double least_alternative_weight = 0.2;

bool has_member(const Schema& schema, const std::string& name) {
  if (schema.type == Schema::Type::any_of) {
    return std::any_of(schema.choices.begin(), schema.choices.end(),
                       [&](const auto& choice) { return has_member(*choice, name); });
  }
  return std::any_of(schema.properties.begin(), schema.properties.end(),
                     [&](const Schema::Property& property) { return property.name == name; });
}

ReportEvidence cited(const EvidenceList& evidence, std::size_t index, std::size_t count) {
  const EvidenceLine& line = evidence.lines[index];
  return {evidence_id(index, count), line.at, line.quote, line.reason};
}

}  // namespace

Answer answer_of_detectors(const EvidenceList& evidence, std::size_t chosen) {
  Answer answer;
  if (chosen >= evidence.findings.size()) {
    answer.root_cause =
        "The detectors found neither a fault nor a sign that all is well, so the cause cannot be told.";
    answer.missing = {"logs, events or objects that show the trouble"};
    answer.confidence = "low";
    return answer;
  }
  const Finding& finding = evidence.findings[chosen];
  for (const std::uint32_t index : finding.evidence) {
    if (index < evidence.lines.size()) answer.evidence.push_back(evidence_id(index, evidence.lines.size()));
  }
  answer.verdict = finding.verdict;
  answer.root_cause = finding.cause;
  answer.commands = finding.commands;
  answer.missing = finding.missing;
  answer.confidence = finding.verdict == Verdict::insufficient_evidence ? "low" : level_of(finding.weight);
  return answer;
}

std::string answer_json(const Answer& answer, const Schema& schema) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> json(buffer);
  const auto text = [&](const std::string& value) {
    json.String(value.data(), static_cast<rapidjson::SizeType>(value.size()));
  };
  const auto member = [&](const char* name) {
    const bool wanted = has_member(schema, name);
    if (wanted) json.Key(name);
    return wanted;
  };
  json.StartObject();
  if (member("evidence")) {
    json.StartArray();
    for (const std::string& id : answer.evidence) text(id);
    json.EndArray();
  }
  if (member("verdict")) json.String(to_string(answer.verdict));
  if (member("root_cause")) text(answer.root_cause);
  if (member("commands")) {
    json.StartArray();
    for (const Command& command : answer.commands) {
      json.StartObject();
      json.Key("command");
      text(command.command);
      json.Key("why");
      text(command.why);
      json.EndObject();
    }
    json.EndArray();
  }
  if (member("missing")) {
    json.StartArray();
    for (const std::string& item : answer.missing) text(item);
    json.EndArray();
  }
  if (member("confidence")) text(answer.confidence);
  json.EndObject();
  return {buffer.GetString(), buffer.GetSize()};
}

void fill_report(Report* report, const Answer& answer, const EvidenceList& evidence, std::size_t count) {
  report->verdict = answer.verdict;
  report->root_cause = answer.root_cause;
  report->commands = answer.commands;
  report->missing = answer.missing;
  report->evidence.clear();
  for (const std::string& id : answer.evidence) {
    const std::size_t index = evidence_index(id, count);
    if (index < count) report->evidence.push_back(cited(evidence, index, count));
  }
}

void fill_searched(Report* report, const Answer& answer, const EvidenceList& evidence, std::size_t count) {
  for (const Finding& finding : evidence.findings) {
    if (finding.searched.empty() || finding.evidence.empty() || finding.evidence[0] >= count) continue;
    const std::string id = evidence_id(finding.evidence[0], count);
    if (std::find(answer.evidence.begin(), answer.evidence.end(), id) == answer.evidence.end()) continue;
    for (const Searched& searched : finding.searched) {
      const auto& told = report->searched;
      if (std::find(told.begin(), told.end(), searched) == told.end()) report->searched.push_back(searched);
    }
  }
}

void fill_alternatives(Report* report, const EvidenceList& evidence) {
  for (const Finding& other : evidence.findings) {
    if (report->alternatives.size() == most_alternatives) return;
    const bool is_told = other.cause == report->root_cause;
    if (is_told || other.verdict != Verdict::fault || other.weight < least_alternative_weight) continue;
    Alternative alternative{other.cause, other.detector, other.weight, {}};
    for (const std::uint32_t index : other.evidence) {
      if (index < evidence.lines.size()) {
        alternative.evidence.push_back(cited(evidence, index, evidence.lines.size()));
      }
    }
    report->alternatives.push_back(std::move(alternative));
  }
}

}  // namespace carrel
