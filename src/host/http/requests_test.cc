#include "host/http/requests.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace carrel {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* run = "20260102-030405-9f3a61";

TEST(Requests, KnowsTheIdsOfRuns) {
  EXPECT_TRUE(is_run_id(run));
  for (const char* none : {"", "20260102-030405-9f3a6", "20260102-030405-9f3a611", "20260102-030405-9F3A61",
                           "20260102-030405_9f3a61", "2026010a-030405-9f3a61", "../../../../../../etc",
                           "20260102-030405-9f3a6~"})
    EXPECT_FALSE(is_run_id(none)) << none;
}

TEST(Requests, ReadsAQueue) {
  auto none = queue_wish({});
  ASSERT_TRUE(none);
  EXPECT_EQ(none->page.limit, 50u);
  EXPECT_EQ(none->max_score, 1);
  auto all = queue_wish({{"tenant", "acme"},
                         {"failed", "true"},
                         {"decided", "false"},
                         {"max_score", "0.5"},
                         {"before", "2026-01-02T03:04:05.000Z"},
                         {"limit", "200"},
                         {"cursor", "2026-01-02T03:04:05.678Z/" + std::string(run)}});
  ASSERT_TRUE(all);
  EXPECT_EQ(all->tenant, "acme");
  EXPECT_TRUE(all->failed);
  EXPECT_FALSE(all->decided);
  EXPECT_EQ(all->max_score, 0.5);
  EXPECT_EQ(all->page.limit, 200u);
  EXPECT_EQ(all->page.started_at, "2026-01-02T03:04:05.678Z");
  EXPECT_EQ(all->page.run, run);
  const std::vector<std::pair<Query, const char*>> wrong = {
      {{{"limit", "0"}}, "limit must be from 1 to 200"},
      {{{"limit", "201"}}, "limit"},
      {{{"limit", "1e2"}}, "limit"},
      {{{"limit", " 1"}}, "limit"},
      {{{"cursor", "x"}}, "cursor is none that a page gave"},
      {{{"cursor", run}}, "cursor is none that a page gave"},
      {{{"cursor", "/" + std::string(run)}}, "cursor is none that a page gave"},
      {{{"cursor", "2026-01-02T03:04:05.678Z/"}}, "cursor is none that a page gave"},
      {{{"failed", "1"}}, "failed must be true or false"},
      {{{"max_score", "nan"}}, "max_score"},
      {{{"max_score", "1.01"}}, "max_score"},
      {{{"tenant", ""}}, "tenant"},
      {{{"tenant", std::string(65, 'a')}}, "tenant"},
      {{{"tenant", "\xff"}}, "tenant"},
      {{{"limit", "1"}, {"limit", "2"}}, "limit stands twice"},
      {{{"skip", "1"}}, "skip is not known here"},
  };
  for (const auto& [query, what] : wrong) {
    auto wish = queue_wish(query);
    ASSERT_FALSE(wish) << what;
    EXPECT_EQ(wish.error().code, Code::bad_input);
    EXPECT_THAT(wish.error().what, HasSubstr(what));
  }
}

TEST(Requests, ReadsTheOtherQueries) {
  EXPECT_EQ(runs_wish({{"state", "running"}})->state, "running");
  EXPECT_FALSE(runs_wish({{"state", "asleep"}}));
  EXPECT_EQ(evidence_wish({{"cursor", "40"}})->first, 40u);
  EXPECT_FALSE(evidence_wish({{"cursor", "-1"}}));
  auto lines = lines_wanted({{"file", "a.log"}, {"first", "9"}, {"count", "1000"}});
  ASSERT_TRUE(lines);
  EXPECT_EQ(lines->first, 9u);
  EXPECT_EQ(lines->count, 1000u);
  EXPECT_FALSE(lines_wanted({{"first", "9"}}));
  EXPECT_FALSE(lines_wanted({{"file", "a.log"}, {"count", "1001"}}));
  EXPECT_FALSE(lines_wanted({{"file", "a.log"}, {"first", "4294967296"}}));
  EXPECT_EQ(search_wish({{"q", "fast-ssd"}})->words, "fast-ssd");
  EXPECT_FALSE(search_wish({}));
  EXPECT_EQ(trace_wish({{"file", "a"}, {"line", "3"}})->line, 3u);
  EXPECT_FALSE(trace_wish({{"file", "a"}}));
  EXPECT_EQ(diff_wish({{"a", run}, {"b", run}})->b, run);
  EXPECT_FALSE(diff_wish({{"a", run}, {"b", "x"}}));
  EXPECT_EQ(*export_wish({{"as", "tar"}}), "tar");
  EXPECT_FALSE(export_wish({{"as", "zip"}}));
  EXPECT_FALSE(export_wish({}));
  EXPECT_TRUE(*download_wish({{"download", "true"}}));
  EXPECT_EQ(evaluations_wish({{"limit", "7"}})->limit, 7u);
  EXPECT_TRUE(no_wish({}));
  EXPECT_FALSE(no_wish({{"x", "1"}}));
}

TEST(Requests, ReadsDecisions) {
  auto whole = new_review_of(R"({"decision":"accept"})");
  ASSERT_TRUE(whole);
  EXPECT_FALSE(whole->claim);
  EXPECT_FALSE(new_review_of(R"({"decision":"accept","claim":null})")->claim);
  auto edit = new_review_of(R"({"decision":"edit","claim":0,"text":"no \u0022","reason":"r"})");
  ASSERT_TRUE(edit);
  EXPECT_EQ(edit->claim, 0u);
  EXPECT_EQ(edit->text, "no \"");
  const std::vector<std::string> wrong = {
      "",
      "[]",
      "null",
      "{",
      "{}",
      R"({"decision":"maybe"})",
      R"({"decision":1})",
      R"({"decision":"accept","claim":-1})",
      R"({"decision":"accept","claim":1.5})",
      R"({"decision":"accept","claim":"0"})",
      R"({"decision":"accept","reviewer":"sam"})",
      R"({"decision":"accept","reason":")" + std::string((64 << 10) + 1, 'x') + "\"}"};
  for (const std::string& body : wrong) EXPECT_FALSE(new_review_of(body)) << body.substr(0, 60);
  EXPECT_TRUE(new_review_of(R"({"decision":"accept","reason":")" + std::string(64 << 10, 'x') + "\"}"));
}

TEST(Requests, ReadsWhatIsAskedAgain) {
  auto again =
      again_of(R"({"engine":"llama","model":"m","variants":["a","b"],"tries":2,"temperature":0.8,"seed":7})");
  ASSERT_TRUE(again);
  EXPECT_EQ(again->engine, "llama");
  EXPECT_EQ(again->variants, "a,b");
  EXPECT_EQ(again->tries, "2");
  EXPECT_EQ(again->temperature, "0.8");
  EXPECT_EQ(again->seed, "7");
  EXPECT_FALSE(again->question);
  EXPECT_FALSE(again_of("{}")->variants);
  for (const char* body :
       {R"({"engine":"cloud"})", R"({"tries":17})", R"({"temperature":2.1})", R"({"seed":-1})",
        R"({"variants":"a"})", R"({"variants":[1]})", R"({"variants":[""]})", R"({"input":"/etc"})"})
    EXPECT_FALSE(again_of(body)) << body;
}

TEST(Requests, ReadsTheRest) {
  EXPECT_EQ(sign_in_of(R"({"name":"jo","password":"p"})")->password, "p");
  EXPECT_FALSE(sign_in_of(R"({"name":"jo"})"));
  EXPECT_FALSE(sign_in_of(R"({"name":"","password":"p"})"));
  EXPECT_THAT(new_case_of(R"({"must":["a","b"]})")->must, ElementsAre("a", "b"));
  EXPECT_TRUE(new_case_of("{}"));
  EXPECT_FALSE(new_case_of(R"({"must":[""]})"));
  EXPECT_TRUE(no_body(""));
  EXPECT_TRUE(no_body(" {} "));
  EXPECT_FALSE(no_body("[]"));
  EXPECT_FALSE(no_body(R"({"x":1})"));
}

}  // namespace
}  // namespace carrel
