// What a model is asked about the detectors' findings, and what becomes of its answer.
#include "host/flow/findings_question.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/read_value.h"
#include "record/answer.h"

namespace carrel {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

Finding finding(const std::string& detector, const std::string& cause, std::uint32_t line,
                Verdict verdict = Verdict::fault) {
  Finding made;
  made.detector = detector;
  made.cause = cause;
  made.weight = 0.476;
  made.evidence = {line};
  made.verdict = verdict;
  return made;
}

EvidenceList three_lines() {
  EvidenceList list;
  list.lines = {{{"a.log", 3, 3, ""}, "ERROR disk full", "error level", 1, 0.9},
                {{"b.log", 9, 9, ""}, "INFO fine", "last line", 1, 0.1},
                {{"c.log", 1, 1, ""}, "INFO well", "first line", 1, 0.1}};
  return list;
}

std::shared_ptr<const Schema> full_schema() {
  std::vector<Mistake> mistakes;
  auto schema = parse_schema(
      R"({"type":"object","required":["evidence","verdict","root_cause","confidence"],"additionalProperties":false,
          "properties":{"evidence":{"type":"array","maxItems":5,"uniqueItems":true,
                                    "items":{"type":"string","x-carrel-set":"evidence"}},
                        "verdict":{"enum":["fault","no_fault","insufficient_evidence"]},
                        "root_cause":{"type":"string","maxLength":300},
                        "confidence":{"enum":["low","medium","high"]}}})",
      &mistakes);
  EXPECT_TRUE(schema);
  return *schema;
}

ThinkResult said(const std::string& json, Stop stop = Stop::complete) {
  ThinkResult result;
  result.lines_kept = 2;
  result.tries = {{"findings", json, stop, 5, 0}};
  return result;
}

TEST(FindingsQuestion, ShowsEachFindingByItsDetectorItsWeightAndItsCause) {
  EvidenceList list = three_lines();
  list.findings = {finding("log-disk-full", "Pod api-7fd6f8d75-m4jl5 cannot write: the disk is full", 0)};
  ThinkJob job;
  job.question = "Why?";
  job.lines = list.lines;
  EXPECT_THAT(ask_for_finding(list, &job), ElementsAre(0));
  ASSERT_THAT(job.lines, SizeIs(1));
  EXPECT_EQ(job.lines[0].at.file, "log-disk-full");
  EXPECT_EQ(job.lines[0].reason, "48");
  EXPECT_EQ(job.lines[0].quote, "Pod api cannot write: the disk is full");
  EXPECT_EQ(job.question, "Why?");
  std::vector<Mistake> mistakes;
  EXPECT_TRUE(parse_schema(job.schema, &mistakes));
}

TEST(FindingsQuestion, LeavesOutGeneratedEndingsAndNothingElse) {
  const std::pair<const char*, const char*> cases[] = {
      {"pod web-6ccc888f4-twb4c of web", "pod web of web"},
      {"job export-28391040-x2kqp failed", "job export failed"},
      {"pods db-0, db-mysql and my-frontend", "pods db-0, db-mysql and my-frontend"},
      {"at 2024-05-14T06:51, 10.96.41.17", "at 2024-05-14T06:51, 10.96.41.17"},
      {"-twb4c stays", "-twb4c stays"},
      {"a name that ends it-twb4c", "a name that ends it"},
      {"", ""}};
  for (const auto& [cause, shown] : cases) {
    EvidenceList list = three_lines();
    list.findings = {finding("x", cause, 0)};
    ThinkJob job;
    ask_for_finding(list, &job);
    EXPECT_EQ(job.lines.at(0).quote, shown);
  }
}

TEST(FindingsQuestion, ShowsTwoOfADetectorOneOfWhatIsWellAndFiveInAll) {
  EvidenceList list = three_lines();
  for (int i = 0; i < 3; ++i) list.findings.push_back(finding("pod-not-ready", "not ready", 0));
  for (int i = 0; i < 2; ++i) list.findings.push_back(finding("log-quiet", "fine", 1, Verdict::no_fault));
  ThinkJob job;
  EXPECT_THAT(ask_for_finding(list, &job), ElementsAre(0, 1, 3));
  for (int i = 0; i < 10; ++i) list.findings.push_back(finding("d" + std::to_string(i), "else", 0));
  EXPECT_THAT(ask_for_finding(list, &job), ElementsAre(0, 1, 3, 5, 6));
  list.findings.clear();
  EXPECT_THAT(ask_for_finding(list, &job), IsEmpty());
}

TEST(FindingsQuestion, AnIdBecomesTheFindingItStandsFor) {
  EvidenceList list = three_lines();
  list.findings = {finding("a", "one", 0), finding("b", "two", 1)};
  ThinkResult result = said(R"({"finding":"E002","confidence":"high"})");
  ASSERT_TRUE(expand_findings(list, {0, 1}, *full_schema(), &result));
  const auto answer = parse_answer(result.tries[0].json);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->root_cause, "two");
  EXPECT_THAT(answer->evidence, ElementsAre("E002"));
  EXPECT_EQ(answer->confidence, "high");
  EXPECT_EQ(result.lines_kept, 3u) << "ids are now those of the whole list";
}

TEST(FindingsQuestion, WhatCannotBeToldIsNeverSaidWithConfidence) {
  EvidenceList list = three_lines();
  list.findings = {finding("a", "cannot be told", 0, Verdict::insufficient_evidence)};
  ThinkResult result = said(R"({"finding":"E001","confidence":"high"})");
  ASSERT_TRUE(expand_findings(list, {0}, *full_schema(), &result));
  EXPECT_EQ(parse_answer(result.tries[0].json)->confidence, "low");
}

TEST(FindingsQuestion, ATryThatDidNotEndIsLeftAsItIs) {
  EvidenceList list = three_lines();
  list.findings = {finding("a", "one", 0)};
  ThinkResult result = said(R"({"find)", Stop::time);
  ASSERT_TRUE(expand_findings(list, {0}, *full_schema(), &result));
  EXPECT_EQ(result.tries[0].json, R"({"find)");
}

TEST(FindingsQuestion, ARoomThatNamesWhatItWasNotAskedAboutIsRefused) {
  EvidenceList list = three_lines();
  list.findings = {finding("a", "one", 0), finding("b", "two", 1), finding("c", "three", 2)};
  for (const char* const json :
       {R"({"finding":"E003","confidence":"high"})", R"({"finding":"E000","confidence":"high"})",
        R"({"finding":"x","confidence":"high"})", R"({"finding":"E001","confidence":"sure"})", "[]", "{",
        ""}) {
    ThinkResult result = said(json);  // two of the three were in its prompt
    const Status done = expand_findings(list, {0, 1, 2}, *full_schema(), &result);
    EXPECT_FALSE(done) << json;
  }
}

}  // namespace
}  // namespace carrel
