#include "record/report.h"

#include <gtest/gtest.h>

namespace carrel {
namespace {

Report full_report() {
  Report report;
  report.run = "20260102-030405-abcdef";
  report.tenant = "acme";
  report.playbook = "k8s-triage@1";
  report.input = "bundle.tar.gz";
  report.input_sha256 = "00ff";
  report.question = "why?";
  report.engine = "llama";
  report.model_name = "tiny";
  report.verdict = Verdict::fault;
  report.root_cause = "the disk is full";
  report.evidence = {
      {"E001", {"logs/a.log", 7, 8, ""}, "No space \"left\"\n on device\x1b[31m", "error level"}};
  report.searched = {{"secret", "shop", 3}};
  report.commands = {{"kubectl get nodes", "shows pressure"}};
  report.missing = {"metrics"};
  report.confidence = {"medium", 0.62, "one try"};
  report.alternatives = {{"or the network", "dns", 0.4, {{"E002", {"b", 1, 1, "/items/0"}, "x", "y"}}}};
  report.checks = {{"citations", Check::Verdict::pass, "1 of 1"}, {"text", Check::Verdict::warn, "a number"}};
  report.tries = {{"brief", "complete", 9, true, true}};
  report.consensus = {"all were written to their end",
                      7,
                      {{ClaimSupport::Kind::cause, "", 1, 1},
                       {ClaimSupport::Kind::citation, "E001", 1, 1},
                       {ClaimSupport::Kind::command, "kubectl get nodes", 1, 1}}};
  report.stats.left_out = {{"big.log", "budget", 1, 913, 4000}};
  report.stats.denied = {{"think", "socket", 2}};
  report.stats.stages = {{"read", 0.5}};
  report.stats.prompt_tokens = 40;
  report.stats.prefix_tokens = 30;
  report.stats.reused_tokens = 20;
  report.stats.kept_state = "the evidence goes on differently";
  report.stats.prefill_s = 2;
  report.stats.drafts = {4, 30, 110, 41, 20, 1.5, 0.5};
  report.after = "20260102-030405-000001";
  return report;
}

TEST(Report, JsonHasTheDocumentedMembers) {
  const std::string json = to_json(full_report());
  for (const char* part :
       {"\"version\": 1", "\"verdict\": \"fault\"", "\"line\": 7", "\"end_line\": 8", "\"evidence_left_out\"",
        "\"kind\": \"citation\"", "\"prefill_tokens_per_s\": 5.0", "\\u001b[31m"}) {
    EXPECT_NE(json.find(part), std::string::npos) << part << "\n" << json;
  }
}

TEST(Report, ReadsBackWhatItWrote) {
  const std::string json = to_json(full_report());
  auto back = report_from_json(json);
  ASSERT_TRUE(back) << back.error().what;
  EXPECT_EQ(to_json(*back), json);
}

TEST(Report, InvalidBytesStayValidJson) {
  Report report = full_report();
  report.evidence[0].quote = "a\xff\xfe";
  auto back = report_from_json(to_json(report));
  ASSERT_TRUE(back);
  EXPECT_EQ(back->evidence[0].quote, "a\xef\xbf\xbd\xef\xbf\xbd");
}

TEST(Report, HiddenCharactersStandEscapedAndReadBackTheSame) {
  Report report = full_report();
  const std::string text = "a\x7f\xc2\x9b\xe2\x80\xae\xf3\xa0\x80\xa1 \xf0\x9f\x98\x80 \"\\\t\n";
  report.root_cause = text;
  const std::string json = to_json(report);
  for (const char* raw : {"\x7f", "\xc2\x9b", "\xe2\x80\xae", "\xf3\xa0\x80\xa1"}) {
    EXPECT_EQ(json.find(raw), std::string::npos);
  }
  EXPECT_NE(json.find("\xf0\x9f\x98\x80"), std::string::npos);
  auto back = report_from_json(json);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->root_cause, text);
}

TEST(Report, NumbersOfAHostileRoomStayJson) {
  Report report = full_report();
  report.confidence.score = 1e308;
  report.stats.prefill_s = 1e-320;
  EXPECT_TRUE(report_from_json(to_json(report)));
}

TEST(Report, EveryTruncationIsAnError) {
  const std::string json = to_json(full_report());
  for (std::size_t size = 0; size + 2 < json.size(); ++size) {
    EXPECT_FALSE(report_from_json(json.substr(0, size))) << size;
  }
}

TEST(Report, AnotherVersionIsAnError) {
  EXPECT_FALSE(report_from_json("{\"version\": 2}"));
}

TEST(Report, FailsWhenOneCheckFails) {
  Report report = full_report();
  EXPECT_TRUE(report.passed());
  report.checks.clear();
  EXPECT_FALSE(report.passed()) << "what nobody checked did not pass";
  report.checks.push_back({"schema", Check::Verdict::fail, ""});
  EXPECT_FALSE(report.passed());
}

}  // namespace
}  // namespace carrel
