#include "room/evidence/saved_logs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace carrel {
namespace {

using ::testing::HasSubstr;

struct Saved {
  Inventory inventory;
  const Document* document = nullptr;
  std::vector<Observation> found;

  explicit Saved(const std::string& json) {
    document = &inventory.add(Document{"logs/loki.json", json, {}});
    const_cast<Document*>(document)->find_lines();
    found = findings_of_saved_logs(inventory, "Why does the checkout fail?");
  }
};

std::string answer(const std::string& values) {
  return "{\"status\": \"success\", \"data\": {\"resultType\": \"streams\", \"result\": [\n"
         "{\"stream\": {\"namespace\": \"shop\", \"pod\": \"quote-0\", \"container\": "
         "\"quote\"},\n\"values\": [\n" +
         values + "]}]}}\n";
}

TEST(SavedLogs, AreReadAsTheLogOfTheirPod) {
  const Saved saved(
      answer("[\"1759998038000000000\", \"2025-10-09T08:20:38Z info: request done\"],\n"
             "[\"1759998012000000000\", \"2025-10-09T08:20:12Z error: cannot resolve \\\"db\\\": no "
             "such host\"]\n"));
  ASSERT_FALSE(saved.found.empty());
  const Observation& one = saved.found[0];
  EXPECT_EQ(one.detector, "log-dns");
  EXPECT_EQ(one.culprit.name, "quote-0");
  EXPECT_EQ(one.culprit.space, "shop");
  EXPECT_THAT(one.cause, HasSubstr("cannot resolve \"db\""));
  ASSERT_FALSE(one.lines.empty());
  EXPECT_EQ(one.lines[0].at.line, 5u);
  EXPECT_THAT(one.lines[0].quote, HasSubstr("cannot resolve \\\"db\\\""));
  EXPECT_NE(saved.document->line(5).find(one.lines[0].quote), std::string_view::npos);
}

TEST(SavedLogs, ATraceInOneLineIsQuotedWithItsEscapes) {
  const Saved saved(
      answer("[\"1\", \"2025-10-09T08:20:12Z ERROR failed\\njava.lang.IllegalStateException: pool "
             "exhausted\\n\\tat com.acme.Api.get(Api.java:7)\"]\n"));
  ASSERT_FALSE(saved.found.empty());
  for (const EvidenceLine& line : saved.found[0].lines) {
    EXPECT_EQ(line.at.line, 4u);
    EXPECT_NE(saved.document->line(4).find(line.quote), std::string_view::npos) << line.quote;
  }
  EXPECT_THAT(saved.found[0].cause, HasSubstr("pool exhausted"));
}

TEST(SavedLogs, ATraceInSeveralLinesIsQuotedLineByLine) {
  const Saved saved(
      answer("[\"1\", \"2025-10-09T08:20:12Z error: TypeError: Cannot read properties of undefined\"],\n"
             "[\"2\", \"    at quoteFor (/app/dist/quote.js:57:38)\"]\n"));
  ASSERT_FALSE(saved.found.empty());
  EXPECT_THAT(saved.found[0].cause, HasSubstr("/app/dist/quote.js:57:38"));
  ASSERT_EQ(saved.found[0].lines.size(), 2u);
  EXPECT_EQ(saved.found[0].lines[1].at.line, 5u);
  EXPECT_THAT(saved.found[0].lines[1].quote, HasSubstr("/app/dist/quote.js:57:38"));
}

TEST(SavedLogs, OfDatadogAreReadAsTheLogsOfTheirPods) {
  const Saved saved(
      "{\"data\": [\n{\"type\": \"log\", \"attributes\": {\"service\": \"checkout\", \"status\": \"error\",\n"
      "\"timestamp\": \"2025-10-09T08:20:12.578Z\",\n\"message\": \"cannot resolve \\\"db\\\": no such "
      "host\",\n"
      "\"tags\": [\"kube_namespace:shop\", \"pod_name:checkout-0\"]}}]}\n");
  ASSERT_FALSE(saved.found.empty());
  const Observation& one = saved.found[0];
  EXPECT_EQ(one.detector, "log-dns");
  EXPECT_EQ(one.culprit.name, "checkout-0");
  EXPECT_EQ(one.culprit.space, "shop");
  ASSERT_EQ(one.lines.size(), 1u);
  EXPECT_EQ(one.lines[0].at.line, 4u);
  EXPECT_EQ(one.lines[0].quote, "cannot resolve \\\"db\\\": no such host");
}

TEST(SavedLogs, OfElasticsearchAreReadAsTheLogsOfTheirPods) {
  for (const char* const level :
       {"\"log\": {\"level\": \"error\"}", "\"log.level\": \"error\"", "\"level\": \"ERROR\""}) {
    const Saved saved(
        "{\"took\": 4, \"hits\": {\"hits\": [{\"_source\": {\"@timestamp\": \"2025-10-09T08:20:12Z\",\n" +
        std::string(level) +
        ",\n\"kubernetes\": {\"namespace\": \"shop\", \"pod\": {\"name\": \"label-0\"}},\n"
        "\"message\": \"the template is gone\"}}]}}\n");
    ASSERT_FALSE(saved.found.empty()) << level;
    EXPECT_EQ(saved.found[0].culprit.name, "label-0");
    EXPECT_THAT(saved.found[0].cause, HasSubstr("logs an error: the template is gone"));
    EXPECT_EQ(saved.found[0].lines[0].at.line, 4u);
  }
}

TEST(SavedLogs, OddAnswersSayNothing) {
  for (const char* const values : {"[]", "[\"1\"]", "[\"1\", 5]", "{}", "[\"1\", \"\"]"})
    EXPECT_TRUE(Saved(answer(std::string(values) + "\n")).found.empty()) << values;
  EXPECT_TRUE(Saved("{\"data\": {\"resultType\": \"streams\"}}").found.empty());
  EXPECT_TRUE(Saved("{\"resultType\": \"streams\", \"data\": [").found.empty());
  for (const char* const odd :
       {"{\"data\": [{\"attributes\": 5}]}", "{\"data\": {\"attributes\": {\"message\": \"no such host\"}}}",
        "{\"hits\": {\"hits\": [{\"_source\": {\"message\": {}}}, {\"_source\": []}]}}",
        "{\"hits\": [\"_source\"]}"})
    EXPECT_TRUE(Saved(odd).found.empty()) << odd;
  const std::string long_name(5000, 'p');
  const Saved saved("{\"data\": {\"resultType\": \"streams\", \"result\": [{\"stream\": {\"pod\": \"" +
                    long_name + "\"}, \"values\": [[\"1\", \"ERROR no such host\"]]}]}}");
  ASSERT_FALSE(saved.found.empty());
  EXPECT_EQ(saved.found[0].culprit.name, "");
}

}  // namespace
}  // namespace carrel
