#include "room/worker/citation.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/text.h"

namespace carrel {
namespace {

using Place = CheckResult::Place;

// What the check says of one citation of a file, however the file is cut into chunks.
Place check(std::string_view text, const Citation& citation) {
  const std::vector<Citation> citations{citation};
  std::vector<Place> answers;
  for (const std::size_t step :
       {std::size_t{1}, std::size_t{2}, std::size_t{3}, std::size_t{7}, text.size() + 1}) {
    CitationCheck sink(citations);
    sink.begin({"other.log", TextFile::Kind::log, "", "", ""});
    sink.add("a line\n");
    sink.end();
    sink.begin({"a.json", TextFile::Kind::structured, "", "", ""});
    for (std::size_t at = 0; at < text.size(); at += step) sink.add(text.substr(at, step));
    sink.end();
    answers.push_back(sink.results().at(0));
  }
  for (const Place answer : answers) EXPECT_EQ(answer, answers[0]) << "depends on how the file is cut";
  return answers[0];
}

Citation citation(std::uint32_t line, std::uint32_t end_line, std::string quote, std::string path = "") {
  return {{"a.json", line, end_line, std::move(path)}, std::move(quote)};
}

TEST(Citation, HoldsWhereTheQuoteStandsInItsLines) {
  const std::string text = "one\ntwo and more\nthree\n\nfive";
  EXPECT_EQ(check(text, citation(2, 2, "two and more")), Place::found);
  EXPECT_EQ(check(text, citation(2, 2, "and")), Place::found);
  EXPECT_EQ(check(text, citation(1, 3, "one\ntwo and more\nthree")), Place::found);
  EXPECT_EQ(check(text, citation(1, 3, "one\ntwo")), Place::found);
  EXPECT_EQ(check(text, citation(3, 5, "three\n\nfive")), Place::found);
  EXPECT_EQ(check(text, citation(5, 5, "five")), Place::found);
}

TEST(Citation, TheQuoteBeginsInTheFirstLine) {
  const std::string text = "one\ntwo\nthree\ntwo\n";
  EXPECT_EQ(check(text, citation(1, 3, "two")), Place::quote_differs);
  EXPECT_EQ(check(text, citation(2, 3, "two\nthree")), Place::found);
  EXPECT_EQ(check(text, citation(3, 3, "three\ntwo")), Place::quote_differs);
  EXPECT_EQ(check(text, citation(4, 4, "two")), Place::found);
}

TEST(Citation, DiffersWhereItDoesNotStand) {
  const std::string text = "one\ntwo\n";
  EXPECT_EQ(check(text, citation(1, 1, "two")), Place::quote_differs);
  EXPECT_EQ(check(text, citation(1, 1, "One")), Place::quote_differs);
  EXPECT_EQ(check(text, citation(1, 1, "")), Place::quote_differs);
  EXPECT_EQ(check(text, citation(1, 2, "onetwo")), Place::quote_differs);
}

TEST(Citation, LinesAreCounted) {
  EXPECT_EQ(check("one\ntwo\n", citation(3, 3, "x")), Place::no_such_line);
  EXPECT_EQ(check("one\ntwo", citation(2, 2, "two")), Place::found);
  EXPECT_EQ(check("one\ntwo", citation(2, 3, "two")), Place::no_such_line);
  EXPECT_EQ(check("one\n", citation(0, 1, "one")), Place::no_such_line);
  EXPECT_EQ(check("one\ntwo\n", citation(2, 1, "two")), Place::no_such_line);
  EXPECT_EQ(check("", citation(1, 1, "x")), Place::no_such_line);
  Citation elsewhere = citation(1, 1, "one");
  elsewhere.at.file = "b.json";
  EXPECT_EQ(check("one\n", elsewhere), Place::no_such_file);
}

TEST(Citation, CarriageReturnsBelongToTheLinesEnd) {
  const std::string text = "one\r\ntwo\r\nth\rree\r\n";
  EXPECT_EQ(check(text, citation(1, 2, "one\ntwo")), Place::found);
  EXPECT_EQ(check(text, citation(1, 2, "one\r\ntwo\r")), Place::found);
  EXPECT_EQ(check(text, citation(3, 3, "th\rree")), Place::found);
  EXPECT_EQ(check(text, citation(3, 3, "three")), Place::quote_differs);
}

TEST(Citation, InvalidUtf8IsQuotedAsReplacement) {
  const std::string text = "caf\xe9 \xf0\x9f\x98 \xe6\x97\xa5\xe6\x9c\xac \xff\n\xe6\n";
  EXPECT_EQ(check(text, citation(1, 1, to_utf8(text.substr(0, text.find('\n'))))), Place::found);
  EXPECT_EQ(check(text, citation(2, 2, "\xef\xbf\xbd")), Place::found);
  EXPECT_EQ(check(text, citation(1, 1, "日本")), Place::found);
}

// A match that begins inside a failed one must not be missed.
TEST(Citation, FindsAQuoteThatOverlapsItself) {
  EXPECT_EQ(check("aaaaaaab\n", citation(1, 1, "aaab")), Place::found);
  EXPECT_EQ(check("abababac\n", citation(1, 1, "ababac")), Place::found);
  EXPECT_EQ(check("abcabcabd\nabcabcabcabd\n", citation(2, 2, "abcabcabd")), Place::found);
}

TEST(Citation, PointerLeadsToAValueInTheLines) {
  const std::string json =
      "{\n \"items\": [\n  {\"a/b\": 1,\n   \"m~n\": [true]},\n  {\"x\": \"y\"}\n ]\n}\n";
  EXPECT_EQ(check(json, citation(3, 3, "\"a/b\": 1", "/items/0/a~1b")), Place::found);
  EXPECT_EQ(check(json, citation(4, 4, "true", "/items/0/m~0n/0")), Place::found);
  EXPECT_EQ(check(json, citation(5, 5, "\"x\": \"y\"", "/items/1")), Place::found);
  EXPECT_EQ(check(json, citation(5, 5, "\"x\": \"y\"", "/items/0")), Place::path_differs);
  EXPECT_EQ(check(json, citation(5, 5, "\"x\": \"y\"", "/items/7")), Place::path_differs);
  EXPECT_EQ(check(json, citation(5, 5, "\"x\": \"y\"", "items")), Place::path_differs);
  EXPECT_EQ(check(json, citation(5, 5, "\"x\": \"z\"", "/items/1")), Place::quote_differs);
  const Address second{"a.yaml", 4, 4, "/b"};
  EXPECT_TRUE(pointer_holds("a: 1\n---\n# two\nb: 2\n", second));
  EXPECT_FALSE(pointer_holds("a: 1\n---\n# two\nc: 2\n", second));
}

}  // namespace
}  // namespace carrel
