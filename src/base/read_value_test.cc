#include "base/read_value.h"

#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/value_builder.h"

namespace carrel {
namespace {

Value json(const std::string& text) {
  Result<Value> value = read_json(text);
  EXPECT_TRUE(value) << value.error().what;
  return value ? std::move(*value) : Value();
}

std::vector<Value> yaml(const std::string& text) {
  Result<std::vector<Value>> values = read_yaml(text);
  EXPECT_TRUE(values) << values.error().what;
  return values ? std::move(*values) : std::vector<Value>();
}

TEST(ReadJsonTest, EveryValueKnowsItsLines) {
  const Value root =
      json("{\n  \"a\": [\n    1,\n    \"x\\n\\u00e9\",\n    null\n  ],\n  \"b\":\n    {\"c\": true}\n}\n");
  EXPECT_EQ(root.line, 1u);
  EXPECT_EQ(root.end_line, 9u);
  EXPECT_EQ(root["a"].line, 2u);
  EXPECT_EQ(root["a"].end_line, 6u);
  EXPECT_EQ(root["a"][0].text(), "1");
  EXPECT_TRUE(root["a"][0].is(Value::Kind::number));
  EXPECT_EQ(root["a"][1].text(), "x\n\xc3\xa9");
  EXPECT_EQ(root["a"][1].line, 4u);
  EXPECT_FALSE(root["a"][2].exists());
  EXPECT_EQ(root["a"][2].line, 5u);
  EXPECT_EQ(root["b"].line, 7u);
  EXPECT_EQ(root["b"].end_line, 8u);
  EXPECT_TRUE(root["b"]["c"].is_true());
  EXPECT_EQ(root["b"]["c"].line, 8u);
  EXPECT_FALSE(root["b"]["nothing"][3]["x"].exists());
}

TEST(ReadJsonTest, EveryValueKnowsItsColumn) {
  const std::string text = "{\"a\": [1, \"xy\", {\"b\":true}],\n \"c\":{}}";
  const Value root = json(text);
  EXPECT_EQ(root.column, 0u);
  EXPECT_EQ(root["a"].column, text.find("\"a\""));
  EXPECT_EQ(root["a"][0].column, text.find('1'));
  EXPECT_EQ(root["a"][1].column, text.find("\"xy\""));
  EXPECT_EQ(root["a"][2].column, text.find("{\"b\""));
  EXPECT_EQ(root["a"][2]["b"].column, text.find("\"b\""));
  EXPECT_EQ(root["c"].column, 1u);
}

TEST(ReadJsonTest, NumbersAreKeptAsWritten) {
  const Value root = json("[12345678901234567890, 1.50, -2e3]");
  EXPECT_EQ(root[0].text(), "12345678901234567890");
  EXPECT_FALSE(root[0].integer());
  EXPECT_EQ(root[1].text(), "1.50");
  EXPECT_EQ(root[2].text(), "-2e3");
}

TEST(ReadJsonTest, DuplicateKeysKeepTheLast) {
  const Value root = json(R"({"a":1,"b":2,"a":3})");
  EXPECT_EQ(root["a"].text(), "3");
  EXPECT_EQ(root.members.size(), 2u);
  std::string many = "{";
  for (int i = 0; i < 2000; ++i) many += fmt::format("\"k{}\":{},", i % 1000, i);
  many += "\"end\":0}";
  const Value large = json(many);
  EXPECT_EQ(large.members.size(), 1001u);
  EXPECT_EQ(large["k7"].text(), "1007");
}

TEST(ReadJsonTest, InvalidUtf8IsReplaced) {
  const Value root = json("{\"a\xff\": \"b\xc3\"}");
  EXPECT_EQ(root["a\xef\xbf\xbd"].text(), "b\xef\xbf\xbd");
}

TEST(ReadJsonTest, EveryTruncationIsAnErrorWithItsLine) {
  const std::string text = "{\n\"a\": [1,\n2],\n\"b\": {\"c\": \"d\"}\n}";
  for (std::size_t size = 0; size < text.size(); ++size) {
    const Result<Value> value = read_json(std::string_view(text).substr(0, size));
    ASSERT_FALSE(value) << size;
    EXPECT_EQ(value.error().what.substr(0, 5), "line ") << value.error().what;
  }
  const Result<Value> cut = read_json(text.substr(0, 14));
  EXPECT_EQ(cut.error().what.substr(0, 7), "line 3:") << cut.error().what;
}

TEST(ReadJsonTest, HostileShapesAreRefused) {
  EXPECT_FALSE(read_json(std::string(100'000, '[')));
  EXPECT_FALSE(read_json("{} {}"));
  EXPECT_FALSE(read_json(std::string("{}\0x", 4)));
  EXPECT_FALSE(read_json(""));
  EXPECT_TRUE(read_json(std::string(deepest_value, '[') + std::string(deepest_value, ']')));
  EXPECT_FALSE(read_json(std::string(deepest_value + 1, '[') + std::string(deepest_value + 1, ']')));
  std::string flood = "[";
  for (std::size_t i = 0; i < most_values; ++i) flood += "1,";
  flood += "1]";
  const Result<Value> refused = read_json(flood);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().what.find("values"), std::string::npos) << refused.error().what;
}

TEST(ReadYamlTest, EveryValueKnowsItsLines) {
  const auto documents = yaml(
      "# a comment\n"
      "kind: Pod\n"
      "spec:\n"
      "  containers:\n"
      "  - name: api\n"
      "    args: [a, 'b',\n"
      "      c]\n"
      "    script: |\n"
      "      one\n"
      "      two\n"
      "  on: yes\n"
      "  ready: True\n"
      "  count: 3\n"
      "  quoted: \"3\"\n"
      "  none: ~\n"
      "---\n"
      "second: 1.5\n");
  ASSERT_EQ(documents.size(), 2u);
  const Value& root = documents[0];
  EXPECT_EQ(root.line, 2u);
  EXPECT_EQ(root.end_line, 15u);
  const Value& container = root["spec"]["containers"][0];
  EXPECT_EQ(root["spec"].line, 3u);
  EXPECT_EQ(root["spec"]["containers"].line, 4u);
  EXPECT_EQ(container.line, 5u);
  EXPECT_EQ(container["name"].line, 5u);
  EXPECT_EQ(container["args"].line, 6u);
  EXPECT_EQ(container["args"].end_line, 7u);
  EXPECT_EQ(container["args"][2].line, 7u);
  EXPECT_EQ(container["script"].text(), "one\ntwo\n");
  EXPECT_EQ(container["script"].line, 8u);
  EXPECT_EQ(container["script"].end_line, 10u);
  EXPECT_EQ(container.end_line, 10u);
  EXPECT_EQ(root["spec"]["on"].text(), "yes");
  EXPECT_TRUE(root["spec"]["on"].is(Value::Kind::string));
  EXPECT_TRUE(root["spec"]["ready"].is(Value::Kind::boolean));
  EXPECT_TRUE(root["spec"]["ready"].is_true());
  EXPECT_TRUE(root["spec"]["count"].is(Value::Kind::number));
  EXPECT_TRUE(root["spec"]["quoted"].is(Value::Kind::string));
  EXPECT_EQ(root["spec"]["quoted"].integer(), 3);
  EXPECT_FALSE(root["spec"]["none"].exists());
  EXPECT_EQ(documents[1]["second"].line, 17u);
}

TEST(ReadYamlTest, JsonIsYaml) {
  const auto documents = yaml("{\n \"a\": [1,\n  {\"b\": \"c\"}]\n}\n");
  ASSERT_EQ(documents.size(), 1u);
  EXPECT_EQ(documents[0]["a"][1]["b"].text(), "c");
  EXPECT_EQ(documents[0]["a"][1]["b"].line, 3u);
  EXPECT_EQ(documents[0].end_line, 4u);
}

TEST(ReadYamlTest, AliasesAreCopied) {
  const auto documents = yaml("base: &b {x: 1}\nscalar: &s hello\nuse: *b\nlist: [*b, *s]\n");
  ASSERT_EQ(documents.size(), 1u);
  EXPECT_EQ(documents[0]["use"]["x"].text(), "1");
  EXPECT_EQ(documents[0]["list"][0]["x"].text(), "1");
  EXPECT_EQ(documents[0]["list"][1].text(), "hello");
  EXPECT_EQ(documents[0]["use"].line, 3u);
}

TEST(ReadYamlTest, AliasBombsAreRefused) {
  std::string bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n";
  for (int i = 1; i < 12; ++i) {
    bomb += fmt::format("a{0}: &a{0} [", i);
    for (int k = 0; k < 10; ++k) bomb += fmt::format("{}*a{}", k ? "," : "", i - 1);
    bomb += "]\n";
  }
  EXPECT_FALSE(read_yaml(bomb));
  std::string text = "a: &a \"" + std::string(1 << 20, 'x') + "\"\nb: [*a";
  for (int i = 0; i < 100; ++i) text += ", *a";
  EXPECT_FALSE(read_yaml(text + "]\n"));
  EXPECT_FALSE(read_yaml("a: &a [*a]\n"));
  EXPECT_FALSE(read_yaml("a: *nothing\n"));
}

TEST(ReadYamlTest, HostileShapesAreRefused) {
  EXPECT_FALSE(read_yaml(std::string(5000, '[')));
  EXPECT_FALSE(read_yaml("a: [1,\n"));
  EXPECT_FALSE(read_yaml("? [a, b]\n: c\n"));
  EXPECT_FALSE(read_yaml("a: b: c\n"));
}

TEST(ReadYamlTest, AnErrorTellsItsLineAndWhy) {
  const auto error = [](const std::string& text) { return read_yaml(text).error().what; };
  EXPECT_EQ(error("a: 1\nb: 2\nc: [1\nd: }\n"), "line 4: no valid YAML: did not find expected ',' or ']'");
  EXPECT_EQ(error("a: \xc3\xa9\nb: c: d\n"),
            "line 2: no valid YAML: mapping values are not allowed in this context");
  EXPECT_EQ(error("a: \xc3\xa9\nb: \x1b[31m\n"), "line 2: no valid YAML: control characters are not allowed");
  EXPECT_EQ(error("a: 1\nb: *nothing\n"), "line 2: no valid YAML: the alias 'nothing' stands for nothing");
}

TEST(ReadYamlTest, InvalidUtf8IsReplacedAndLinesStay) {
  const auto documents = yaml("a: x\xffy\r\nb: 2\r\n");
  ASSERT_EQ(documents.size(), 1u);
  EXPECT_EQ(documents[0]["a"].text(), "x\xef\xbf\xbdy");
  EXPECT_EQ(documents[0]["b"].line, 2u);
  EXPECT_EQ(documents[0]["b"].text(), "2");
}

// A line is what ends with "\n": what else YAML takes for a break is none to grep, nor to a citation.
TEST(ReadYamlTest, OnlyNewlinesMakeLines) {
  const auto documents = yaml(
      "\xef\xbb\xbf# \xe2\x80\xa8 \xc2\x85\na: \"x\xe2\x80\xa9y \xf0\x9f\x98\x80\"\nb:\n- 1\n- |\n  "
      "two\n\n\nc: 3\n");
  ASSERT_EQ(documents.size(), 1u);
  EXPECT_EQ(documents[0]["a"].line, 2u);
  EXPECT_EQ(documents[0]["b"][0].line, 4u);
  EXPECT_EQ(documents[0]["b"][1].text(), "two\n");
  EXPECT_EQ(documents[0]["b"][1].line, 5u);
  EXPECT_EQ(documents[0]["b"][1].end_line, 6u);
  EXPECT_EQ(documents[0]["c"].line, 9u);
}

TEST(ValueTest, IsSmall) {
  EXPECT_LE(sizeof(Value), 64u);
}

}  // namespace
}  // namespace carrel
