// What is marked is told where it stands.
#include "incidents/json.h"

#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/read_value.h"

namespace carrel::incidents {
namespace {

struct Stand {
  std::uint32_t line, end_line;
  std::string text;
};

std::map<int, Stand> places(const Json& json, std::string* text) {
  std::map<int, Stand> all;
  *text = json.written([&](int mark, std::uint32_t line, std::uint32_t end_line, std::string first) {
    all[mark] = {line, end_line, std::move(first)};
  });
  return all;
}

TEST(Json, TellsTheLinesOfMarkedValues) {
  Json json = Json::object({{"a", 1}, {"b", Json::object({{"c", "x"}, {"d", Json::array({true, "y"})}})}});
  json["a"].mark = 1;
  json["b"].mark = 2;
  json["b"]["d"].at(1).mark = 3;
  std::string text;
  const auto all = places(json, &text);
  EXPECT_EQ(text,
            "{\n  \"a\": 1,\n  \"b\": {\n    \"c\": \"x\",\n    \"d\": [\n      true,\n      \"y\"\n    ]\n  "
            "}\n}\n");
  EXPECT_EQ(all.at(1).line, 2U);
  EXPECT_EQ(all.at(1).text, "\"a\": 1");
  EXPECT_EQ(all.at(2).line, 3U);
  EXPECT_EQ(all.at(2).end_line, 9U);
  EXPECT_EQ(all.at(3).line, 7U);
  EXPECT_EQ(all.at(3).text, "\"y\"");
}

TEST(Json, IsReadAsWhatWasWritten) {
  Json json;
  json["text"] = "quote \" backslash \\ newline \n caf\xc3\xa9";
  json["none"] = Json();
  json["empty"] = Json::array();
  for (const std::string& text : {json.written(), json.compact()}) {
    const auto read = read_json(text);
    ASSERT_TRUE(read) << read.error().what;
    EXPECT_EQ((*read)["text"].text(), json["text"].text());
    EXPECT_FALSE((*read)["none"].exists());
    EXPECT_TRUE((*read)["empty"].exists());
  }
}

TEST(Json, ChangesMembersInPlace) {
  Json json = Json::object({{"a", 1}, {"b", 2}});
  json["a"] = "new";
  json.remove("b");
  json["list"].add(1);
  EXPECT_EQ(json.compact(), R"({"a":"new","list":[1]})");
  EXPECT_EQ(json.find("b"), nullptr);
}

}  // namespace
}  // namespace carrel::incidents
