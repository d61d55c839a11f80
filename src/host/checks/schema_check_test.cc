#include <gtest/gtest.h>

#include "host/checks/checks.h"

namespace carrel {
namespace {

constexpr std::string_view schema_text = R"({
  "anyOf": [
    {"type": "object", "additionalProperties": false, "required": ["evidence", "verdict", "cause"],
     "properties": {
       "evidence": {"type": "array", "minItems": 1, "maxItems": 3, "uniqueItems": true,
                    "items": {"type": "string", "x-carrel-set": "evidence"}},
       "verdict": {"enum": ["fault", "no_fault"]},
       "cause": {"type": "string", "minLength": 2, "maxLength": 5},
       "commands": {"type": "array", "maxItems": 2, "items": {"type": "string", "x-carrel-grammar": "command"}},
       "score": {"type": "integer", "minimum": -1, "maximum": 10},
       "more": {"anyOf": [{"type": "null"}, {"type": "boolean"}, {"const": 7}]}}},
    {"type": "object", "additionalProperties": false, "required": ["verdict"],
     "properties": {"verdict": {"const": "insufficient_evidence"}}}]})";

Check check(const std::string& json) {
  const auto schema = parse_schema(schema_text, nullptr);
  EXPECT_TRUE(schema);
  const std::vector<CommandPattern> patterns = {*parse_command_pattern("kubectl describe node {node.name}")};
  std::vector<EvidenceLine> lines(12);
  for (std::size_t i = 0; i < lines.size(); ++i)
    lines[i].quote = "line " + std::to_string(i + 1) + " says \"no\"";
  return check_schema(json, **schema, 12, lines, patterns, {{"node", "", "n1", true}});
}

TEST(SchemaCheck, TakesAnswersOfTheSchema) {
  for (
      const char* json :
      {R"({"verdict":"insufficient_evidence"})", R"({"evidence":["E012"],"verdict":"fault","cause":"abcde"})",
       R"( {"cause":"\u00e9€😀ab", "verdict":"no_fault", "evidence":["E001","E002","E003"]} )",
       R"({"evidence":["E001"],"verdict":"fault","cause":"ab","score":-1,"more":null})",
       R"({"evidence":["E001"],"verdict":"fault","cause":"ab","score":10.0,"more":7})",
       R"({"evidence":["E001"],"verdict":"fault","cause":"ab","commands":["kubectl describe node n1"],"more":true})"}) {
    const Check verdict = check(json);
    EXPECT_EQ(verdict.verdict, Check::Verdict::pass) << json << ": " << verdict.detail;
  }
}

TEST(SchemaCheck, NamesTheMistake) {
  const struct {
    const char* json;
    const char* why;
  } wrong[] = {
      {"", "not JSON"},
      {"[1]", "not an object"},
      {R"({"verdict":"insufficient_evidence"} x)", "not JSON"},
      {R"({"verdict":"insufficient_evidence","verdict":"fault"})", "/verdict is none of"},
      {R"({"evidence":["E001"],"verdict":"fault"})", "lacks \"cause\""},
      {R"({"evidence":["E001"],"verdict":"fault","cause":"ab","cause":"ab"})", "\"cause\" twice"},
      {R"({"evidence":["E013"],"verdict":"fault","cause":"ab"})", "/evidence/0 \"E013\" is the id of no"},
      {R"({"evidence":["E1"],"verdict":"fault","cause":"ab"})", "id of no"},
      {R"({"evidence":["E001","E001"],"verdict":"fault","cause":"ab"})",
       "/evidence/1 stands in the list twice"},
      {R"({"evidence":[],"verdict":"fault","cause":"ab"})", "at least 1"},
      {R"({"evidence":["E001","E002","E003","E004"],"verdict":"fault","cause":"ab"})", "at most 3"},
      {R"({"evidence":["E001"],"verdict":"fault","cause":"a"})", "at least 2"},
      {R"({"evidence":["E001"],"verdict":"fault","cause":"éééééé"})", "has 6 characters"},
      {R"({"evidence":["E001"],"verdict":"fault","cause":3})", "/cause is not a string"},
      {R"({"evidence":["E001"],"verdict":"other","cause":"ab"})", "is none of"},
      {R"({"evidence":["E001"],"verdict":"fault","cause":"ab","score":10.5})", "not an integer"},
      {R"({"evidence":["E001"],"verdict":"fault","cause":"ab","score":11})", "above 10"},
      {R"({"evidence":["E001"],"verdict":"fault","cause":"ab","score":-2})", "below -1"},
      {R"({"evidence":["E001"],"verdict":"fault","cause":"ab","extra":1})", "\"extra\""},
      {R"({"evidence":["E001"],"verdict":"fault","cause":"ab","commands":["kubectl delete node n1"]})",
       "/commands/0 is a command that is not allowed"},
      {R"({"evidence":["E001"],"verdict":"fault","cause":"ab","more":"7"})", "/more"},
  };
  for (const auto& one : wrong) {
    const Check verdict = check(one.json);
    EXPECT_EQ(verdict.verdict, Check::Verdict::fail) << one.json;
    EXPECT_NE(verdict.detail.find(one.why), std::string::npos) << one.json << ": " << verdict.detail;
  }
}

}  // namespace
}  // namespace carrel
