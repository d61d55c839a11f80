#include "record/answer.h"

#include <rapidjson/document.h>

namespace carrel {
namespace {

std::string text_of(const rapidjson::Value& object, const char* key) {
  const auto member = object.FindMember(key);
  if (member == object.MemberEnd() || !member->value.IsString()) return {};
  return {member->value.GetString(), member->value.GetStringLength()};
}

std::vector<std::string> texts_of(const rapidjson::Value& object, const char* key) {
  std::vector<std::string> out;
  const auto member = object.FindMember(key);
  if (member == object.MemberEnd() || !member->value.IsArray()) return out;
  for (const auto& item : member->value.GetArray()) {
    if (item.IsString()) out.emplace_back(item.GetString(), item.GetStringLength());
  }
  return out;
}

}  // namespace

const char* to_string(Verdict verdict) {
  switch (verdict) {
    case Verdict::fault:
      return "fault";
    case Verdict::no_fault:
      return "no_fault";
    case Verdict::insufficient_evidence:
    case Verdict::count_:
      break;
  }
  return "insufficient_evidence";
}

Result<Answer> parse_answer(const std::string& json) {
  rapidjson::Document document;
  document.Parse<rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag>(json.data(),
                                                                                         json.size());
  if (document.HasParseError() || !document.IsObject()) {
    return Error{Code::room_refused, "the model's answer is not a JSON object", ""};
  }
  Answer answer;
  answer.evidence = texts_of(document, "evidence");
  answer.root_cause = text_of(document, "root_cause");
  answer.missing = texts_of(document, "missing");
  answer.confidence = text_of(document, "confidence");
  if (answer.confidence != "high" && answer.confidence != "medium") answer.confidence = "low";
  const std::string verdict = text_of(document, "verdict");
  for (const Verdict known : {Verdict::fault, Verdict::no_fault, Verdict::insufficient_evidence}) {
    if (verdict == to_string(known)) answer.verdict = known;
  }
  if (document.HasMember("commands") && document["commands"].IsArray()) {
    for (const auto& item : document["commands"].GetArray()) {
      if (item.IsObject()) answer.commands.push_back({text_of(item, "command"), text_of(item, "why")});
    }
  }
  return answer;
}

}  // namespace carrel
