#include "room/worker/lookup.h"

#include <gtest/gtest.h>

namespace carrel {
namespace {

using Files = std::vector<std::pair<std::string, std::string>>;

// What is seen of one lookup, however the files are cut into chunks.
Seen look(const Files& files, const Lookup& lookup) {
  const std::vector<Lookup> lookups{lookup};
  std::vector<Seen> answers;
  for (const std::size_t step : {std::size_t{1}, std::size_t{2}, std::size_t{5}, std::size_t{1000}}) {
    LookupCheck sink(lookups);
    for (const auto& [path, text] : files) {
      sink.begin({path, TextFile::Kind::other, "", "", ""});
      for (std::size_t at = 0; at < text.size(); at += step)
        sink.add(std::string_view(text).substr(at, step));
      sink.end();
    }
    answers.push_back(sink.results().at(0));
  }
  for (const Seen& answer : answers) {
    EXPECT_EQ(answer.file, answers[0].file);
    EXPECT_EQ(answer.quoted, answers[0].quoted);
    EXPECT_EQ(answer.at_line, answers[0].at_line);
    EXPECT_EQ(answer.text, answers[0].text);
  }
  return answers[0];
}

const Files four_lines = {{"b/logs/api.log", "one\ntwo  and\tmore\nthree\nfour\n"},
                          {"b/logs/web.log", "one\n"},
                          {"b/other/web.log", "one\n"},
                          {"b/pods.json", "{\"a\":\n  1}\n"}};

TEST(Lookup, MeansAFileByItsPathItsEndOrBelowAnotherRoot) {
  EXPECT_EQ(look(four_lines, {"b/logs/api.log", 1, "one"}).file, "b/logs/api.log");
  EXPECT_EQ(look(four_lines, {"./b/logs/api.log", 1, "one"}).file, "b/logs/api.log");
  EXPECT_EQ(look(four_lines, {"api.log", 1, "one"}).file, "b/logs/api.log");
  EXPECT_EQ(look(four_lines, {"elsewhere/logs/api.log", 1, "one"}).file, "b/logs/api.log");
  EXPECT_EQ(look(four_lines, {"pi.log", 1, "one"}).file, "");
  EXPECT_EQ(look(four_lines, {"web.log", 1, "one"}).file, "") << "two files end so";
  EXPECT_EQ(look(four_lines, {"", 1, "one"}).file, "");
}

TEST(Lookup, AnExactPathIsSurerThanAnEnd) {
  EXPECT_EQ(look({{"x/a.log", "x"}, {"a.log", "x"}, {"y/a.log", "x"}}, {"a.log", 1, "x"}).file, "a.log");
}

TEST(Lookup, WhiteSpaceDoesNotCount) {
  const Seen seen = look(four_lines, {"b/logs/api.log", 2, " two and\n more "});
  EXPECT_TRUE(seen.quoted);
  EXPECT_TRUE(seen.at_line);
  EXPECT_EQ(seen.text, "two and more");
}

TEST(Lookup, TheLineMayBeOneOff) {
  for (const std::uint32_t line : {2U, 3U, 4U})
    EXPECT_TRUE(look(four_lines, {"api.log", line, "three"}).at_line) << line;
  for (const std::uint32_t line : {0U, 1U, 5U, 4294967295U}) {
    const Seen seen = look(four_lines, {"api.log", line, "three"});
    EXPECT_TRUE(seen.quoted) << line;
    EXPECT_FALSE(seen.at_line) << line;
  }
}

TEST(Lookup, AQuoteOverLinesIsAtItsLineAndHasNoTextOfOne) {
  const Seen seen = look(four_lines, {"api.log", 3, "more three four"});
  EXPECT_TRUE(seen.at_line);
  EXPECT_EQ(seen.text, "");
  EXPECT_TRUE(look(four_lines, {"b/pods.json", 1, "{\"a\": 1}"}).at_line);
}

TEST(Lookup, WhatIsNotThereIsNotQuoted) {
  EXPECT_FALSE(look(four_lines, {"api.log", 2, "two and less"}).quoted);
  EXPECT_FALSE(look(four_lines, {"api.log", 2, ""}).quoted);
  EXPECT_FALSE(look(four_lines, {"api.log", 2, "  "}).quoted);
  EXPECT_FALSE(look(four_lines, {"api.log", 2, "TWO"}).quoted);
}

TEST(Lookup, OfALongLineThePartAroundTheQuoteIsGiven) {
  const std::string line = std::string(100'000, 'a') + "needle" + std::string(100'000, 'b');
  const Seen seen = look({{"b/long.log", line}}, {"long.log", 1, "needle"});
  EXPECT_TRUE(seen.at_line);
  EXPECT_LE(seen.text.size(), limit::lookup_text);
  EXPECT_NE(seen.text.find("aneedleb"), std::string::npos);
}

TEST(Lookup, InvalidBytesAreReplacedOnBothSides) {
  EXPECT_TRUE(look({{"b/a.log", "x \xff y\n"}}, {"a.log", 1, "x \xef\xbf\xbd y"}).quoted);
  EXPECT_TRUE(look({{"b/a.log", "caf\xc3\xa9\xc2\xa0noir\n"}}, {"a.log", 1, "caf\xc3\xa9 noir"}).quoted);
}

}  // namespace
}  // namespace carrel
