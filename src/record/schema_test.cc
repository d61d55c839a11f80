#include "record/schema.h"

#include <gtest/gtest.h>

namespace carrel {
namespace {

std::string object(const std::string& properties, const std::string& more = "") {
  return R"({"type": "object", "additionalProperties": false, "properties": {)" + properties + "}" + more +
         "}";
}

std::vector<Mistake> mistakes_of(const std::string& json) {
  std::vector<Mistake> mistakes;
  EXPECT_FALSE(parse_schema(json, &mistakes)) << json;
  return mistakes;
}

TEST(Schema, ReadsTheSubset) {
  std::vector<Mistake> mistakes;
  const auto schema = parse_schema(R"({
    "$schema": "http://json-schema.org/draft-07/schema#", "title": "t", "type": "object",
    "required": ["z", "ids"], "additionalProperties": false,
    "properties": {
      "z": {"$ref": "#/definitions/text"},
      "ids": {"type": "array", "minItems": 1, "maxItems": 5, "uniqueItems": true,
              "items": {"type": "string", "x-carrel-set": "evidence"}},
      "a": {"anyOf": [{"type": "integer", "minimum": -3, "maximum": 9}, {"type": "null"}, {"type": "boolean"}]},
      "level": {"type": "string", "enum": ["low", "a\"b", "é"]},
      "mixed": {"enum": [1, "1", true, null]},
      "c": {"const": 7},
      "run": {"type": "string", "x-carrel-grammar": "command"}},
    "definitions": {"text": {"type": "string", "maxLength": 30}}})",
                                   &mistakes);
  ASSERT_TRUE(schema) << schema.error().what;
  EXPECT_TRUE(mistakes.empty());
  const auto& properties = (*schema)->properties;
  ASSERT_EQ(properties.size(), 7U);
  EXPECT_EQ(properties[0].name, "z");  // the file's order, not the alphabet's
  EXPECT_TRUE(properties[0].required);
  EXPECT_EQ(properties[0].schema->max_count, 30U);
  EXPECT_TRUE(properties[1].schema->unique);
  EXPECT_EQ(properties[1].schema->items->type, Schema::Type::evidence);
  EXPECT_EQ(properties[2].schema->choices.size(), 3U);
  EXPECT_EQ(properties[2].schema->choices[0]->minimum, -3);
  EXPECT_FALSE(properties[2].required);
  EXPECT_EQ(properties[3].schema->literals, (std::vector<std::string>{"\"low\"", "\"a\\\"b\"", "\"é\""}));
  EXPECT_EQ(properties[4].schema->literals, (std::vector<std::string>{"1", "\"1\"", "true", "null"}));
  EXPECT_EQ(properties[5].schema->literals, (std::vector<std::string>{"7"}));
  EXPECT_EQ(properties[6].schema->type, Schema::Type::command);
}

TEST(Schema, NamesEachMistakeWithItsPlace) {
  const auto mistakes = mistakes_of(R"({
  "type": "object",
  "additionalProperties": false,
  "properties": {
    "a": {"type": "string"},
    "b": {"type": "string", "maxLength": 4, "format": "x"},
    "c": {"type": "array", "items": {"type": "number"}, "maxItems": 3}
  },
  "required": ["d"]
})");
  ASSERT_EQ(mistakes.size(), 4U);
  EXPECT_EQ(mistakes[0].line, 5U);
  EXPECT_EQ(mistakes[0].column, 10U);
  EXPECT_NE(mistakes[0].what.find("maxLength"), std::string::npos);
  EXPECT_EQ(mistakes[1].line, 6U);
  EXPECT_EQ(mistakes[1].column, 45U);
  EXPECT_NE(mistakes[1].what.find("\"format\" is not supported"), std::string::npos);
  EXPECT_EQ(mistakes[2].line, 7U);
  EXPECT_EQ(mistakes[2].column, 46U);
  EXPECT_EQ(mistakes[3].line, 9U);
  EXPECT_EQ(mistakes[3].column, 16U);
}

TEST(Schema, RefusesEveryFeatureThatIsNotSupported) {
  const std::string words[] = {"format",
                               "oneOf",
                               "allOf",
                               "not",
                               "if",
                               "multipleOf",
                               "contains",
                               "then",
                               "else",
                               "dependencies",
                               "$defs",
                               "minProperties",
                               "patternProperties",
                               "contentEncoding",
                               "additionalItems",
                               "propertyNames",
                               "x-carrel-other"};
  for (const std::string& word : words) {
    const auto mistakes = mistakes_of(object(R"("a": {"type": "integer", ")" + word + R"(": 1})"));
    ASSERT_EQ(mistakes.size(), 1U) << word;
    EXPECT_NE(mistakes[0].what.find('"' + word + '"'), std::string::npos) << mistakes[0].what;
  }
}

TEST(Schema, RefusesWhatHasNoLargestSize) {
  EXPECT_EQ(mistakes_of(object(R"("a": {"type": "string"})")).size(), 1U);
  EXPECT_EQ(mistakes_of(object(R"("a": {"type": "array", "items": {"type": "null"}})")).size(), 1U);
  EXPECT_EQ(mistakes_of(R"({"type": "object", "additionalProperties": false,
                            "properties": {"a": {"$ref": "#/definitions/a"}},
                            "definitions": {"a": {"anyOf": [{"type": "null"}, {"$ref": "#/definitions/b"}]},
                                            "b": {"type": "array", "maxItems": 2,
                                                  "items": {"$ref": "#/definitions/a"}}}})")
                .size(),
            1U);
}

TEST(Schema, RefusesWrongValues) {
  const std::string properties[] = {
      R"("a": {"type": ["string", "null"]})",
      R"("a": {"type": "number"})",
      R"("a": {})",
      R"("a": 1)",
      R"("a": {"enum": []})",
      R"("a": {"enum": ["x", "x"]})",
      R"("a": {"enum": [1.5]})",
      R"("a": {"enum": [[1]]})",
      R"("a": {"type": "integer", "enum": ["x"]})",
      R"("a": {"const": {}})",
      R"("a": {"anyOf": []})",
      R"("a": {"anyOf": [{"type": "null"}], "type": "null"})",
      R"("a": {"$ref": "other.json"})",
      R"("a": {"$ref": "#/definitions/none"})",
      R"("a": {"type": "string", "minLength": 5, "maxLength": 4})",
      R"("a": {"type": "string", "maxLength": -1})",
      R"("a": {"type": "string", "maxLength": "9"})",
      R"("a": {"type": "integer", "minimum": 5, "maximum": 4})",
      R"("a": {"type": "integer", "minimum": 0.5})",
      R"("a": {"type": "array", "maxItems": 2})",
      R"("a": {"type": "array", "maxItems": 2, "items": [{"type": "null"}]})",
      R"("a": {"type": "array", "maxItems": 2, "uniqueItems": true, "items": {"type": "string", "maxLength": 3}})",
      R"("a": {"type": "array", "maxItems": 2, "items": {"type": "string", "x-carrel-set": "evidence"}})",
      R"("a": {"type": "string", "x-carrel-set": "names"})",
      R"("a": {"type": "string", "x-carrel-grammar": "shell"})",
      R"("a": {"type": "string", "x-carrel-set": "evidence", "maxLength": 3})",
      R"("a": {"type": "null", "maxLength": 3})",
      R"("a": {"type": "object", "properties": {}})",
      R"("a": {"type": "null"}, "a": {"type": "null"})",
  };
  for (const std::string& property : properties) {
    EXPECT_EQ(mistakes_of(object(property)).size(), 1U) << property;
  }
  EXPECT_EQ(mistakes_of(object(R"("a": {"type": "null"})", R"(, "required": ["a", "a"])")).size(), 1U);
  EXPECT_EQ(mistakes_of(R"({"type": "string", "maxLength": 3})").size(), 1U);
  EXPECT_EQ(mistakes_of("{\"type\": \n \"obj").size(), 1U);
  EXPECT_EQ(mistakes_of("").size(), 1U);
  EXPECT_EQ(mistakes_of("[1]").size(), 1U);
}

TEST(Schema, ReadsPatternsAndExclusiveBounds) {
  const auto schema = parse_schema(object(R"("a": {"type": "string", "maxLength": 8, "pattern": "^v\\d+$"},
      "b": {"type": "integer", "exclusiveMinimum": 0, "minimum": -5, "exclusiveMaximum": 10})"),
                                   nullptr);
  ASSERT_TRUE(schema) << schema.error().what;
  const auto& properties = (*schema)->properties;
  EXPECT_EQ(properties[0].schema->pattern_text, "^v\\d+$");
  EXPECT_TRUE(properties[0].schema->pattern->holds("v12"));
  EXPECT_EQ(properties[1].schema->minimum, 1);
  EXPECT_EQ(properties[1].schema->maximum, 9);
  for (const char* bad : {R"("a": {"type": "string", "maxLength": 8, "pattern": "v"})",
                          R"("a": {"type": "string", "maxLength": 8, "pattern": 3})",
                          R"("a": {"type": "string", "maxLength": 1, "pattern": "^aa$"})",
                          R"("a": {"type": "string", "maxLength": 9000, "pattern": "^a*$"})",
                          R"("a": {"type": "integer", "exclusiveMinimum": 4, "exclusiveMaximum": 5})",
                          R"("a": {"type": "integer", "exclusiveMinimum": 9223372036854775807})",
                          R"("a": {"type": "integer", "exclusiveMaximum": true})"}) {
    EXPECT_EQ(mistakes_of(object(bad)).size(), 1U) << bad;
  }
  const auto placed =
      mistakes_of(object("\n \"a\": {\"type\": \"string\", \"maxLength\": 8, \"pattern\": \"^.$\"}"));
  EXPECT_EQ(placed[0].line, 2U);
  EXPECT_NE(placed[0].what.find("at character 2"), std::string::npos) << placed[0].what;
}

TEST(Schema, AQuoteStandsBesideTheIdOfItsLine) {
  const std::string id = R"("id": {"type": "string", "x-carrel-set": "evidence"},)";
  const std::string words =
      R"("words": {"type": "string", "x-carrel-quote": "id", "minLength": 1, "maxLength": 80})";
  const auto schema = parse_schema(object(id + words, R"(, "required": ["id"])"), nullptr);
  ASSERT_TRUE(schema) << schema.error().what;
  EXPECT_EQ((*schema)->properties[1].schema->type, Schema::Type::quote);
  EXPECT_EQ((*schema)->properties[1].schema->quote_of, "id");
  EXPECT_EQ(mistakes_of(object(id + words)).size(), 1U);  // the id may be missing
  EXPECT_EQ(mistakes_of(object(words + "," + id.substr(0, id.size() - 1), R"(, "required": ["id"])")).size(),
            1U);
  EXPECT_EQ(mistakes_of(object(words)).size(), 1U);
  EXPECT_EQ(mistakes_of(object(R"("id": {"type": "null"},)" + words, R"(, "required": ["id"])")).size(), 1U);
  EXPECT_EQ(
      mistakes_of(
          object(
              id + R"("other": {"type": "string", "x-carrel-set": "evidence"},)" + words +
                  R"(, "more": {"type": "string", "x-carrel-quote": "other", "minLength": 1, "maxLength": 8})",
              R"(, "required": ["id", "other"])"))
          .size(),
      1U);  // two lines in one object
  const std::string quote = R"({"type": "string", "x-carrel-quote": "id", "minLength": 1, "maxLength": 80})";
  EXPECT_EQ(mistakes_of(object(id + R"("l": {"type": "array", "maxItems": 2, "items": )" + quote + "}",
                               R"(, "required": ["id"])"))
                .size(),
            1U);
  EXPECT_EQ(mistakes_of(object(id + R"("l": {"anyOf": [)" + quote + "]}", R"(, "required": ["id"])")).size(),
            1U);
  for (const char* bad : {R"("minLength": 0, "maxLength": 80)", R"("minLength": 1, "maxLength": 401)",
                          R"("minLength": 1, "maxLength": 8, "pattern": "^a$")"}) {
    EXPECT_EQ(mistakes_of(object(id + R"("w": {"type": "string", "x-carrel-quote": "id", )" + bad + "}",
                                 R"(, "required": ["id"])"))
                  .size(),
              1U)
        << bad;
  }
}

TEST(Schema, RefusesWhatIsTooDeep) {
  std::string deep = R"({"type": "null"})";
  for (int level = 0; level < 12; ++level)
    deep = R"({"type": "array", "maxItems": 1, "items": )" + deep + "}";
  const auto mistakes = mistakes_of(object("\"a\": " + deep));
  ASSERT_EQ(mistakes.size(), 1U);
  EXPECT_NE(mistakes[0].what.find("inside one another"), std::string::npos);
  // The same by way of definitions, each of them shallow enough.
  std::string half = R"({"$ref": "#/definitions/b"})";
  for (int level = 0; level < 6; ++level) half = R"({"type": "array", "maxItems": 1, "items": )" + half + "}";
  std::string other = R"({"type": "null"})";
  for (int level = 0; level < 6; ++level)
    other = R"({"type": "array", "maxItems": 1, "items": )" + other + "}";
  EXPECT_FALSE(mistakes_of(R"({"type": "object", "additionalProperties": false, "properties": {"a": )" +
                           half + R"(}, "definitions": {"b": )" + other + "}}")
                   .empty());
}

TEST(Schema, TakesAnyBytes) {
  const std::string whole = object(R"("a": {"type": "string", "maxLength": 3, "description": "é\n"})");
  for (std::size_t length = 0; length < whole.size(); ++length) {
    EXPECT_FALSE(parse_schema(whole.substr(0, length), nullptr)) << length;
  }
  EXPECT_TRUE(parse_schema(whole, nullptr));
  EXPECT_FALSE(parse_schema(std::string(10'000, '['), nullptr));
  EXPECT_FALSE(parse_schema("{\"a\": \"\xff\"}", nullptr));
}

}  // namespace
}  // namespace carrel
