#include "host/review/diff.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidjson/document.h>

#include "host/review/word_diff.h"

namespace carrel {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using Kind = WordPiece::Kind;

ComparedRun run() {
  ComparedRun run;
  run.row.id = "20260101-000000-000001";
  run.row.model_sha256 = "m1";
  run.row.input_sha256 = "b1";
  run.row.settings = R"({"seed":{"value":"1","source":"default"},"data":{"value":"/a","source":"default"}})";
  run.report.verdict = Verdict::fault;
  run.report.root_cause = "the disk of node-7 is full";
  run.report.evidence = {{"E001", {"node.log", 3, 3, ""}, "No space left", "fatal"}};
  run.report.commands = {{"kubectl describe node node-7", "shows its conditions"}};
  run.report.confidence = {"high", 0.9, "a detector"};
  run.report.checks = {{"citations", Check::Verdict::pass, "1 of 1"}};
  run.report.stats.stages = {{"read", 0.5}};
  return run;
}

TEST(WordDiff, MarksWhatWentAndCame) {
  EXPECT_THAT(word_diff("a b c", "a b c"), ElementsAre(WordPiece{Kind::same, "a b c"}));
  EXPECT_THAT(word_diff("the disk of node-7 is full", "the memory of node-7 is full now"),
              ElementsAre(WordPiece{Kind::same, "the"}, WordPiece{Kind::removed, "disk"},
                          WordPiece{Kind::added, "memory"}, WordPiece{Kind::same, "of node-7 is full"},
                          WordPiece{Kind::added, "now"}));
  EXPECT_THAT(word_diff("", ""), IsEmpty());
  EXPECT_THAT(word_diff("a", ""), ElementsAre(WordPiece{Kind::removed, "a"}));
  std::string many;
  for (int i = 0; i < 1500; ++i) many += "word ";
  EXPECT_EQ(word_diff(many, many + "x").size(), 2u);
  EXPECT_EQ(likeness("a b", "a b"), 1);
  EXPECT_EQ(likeness("a b", "c d"), 0);
}

// Whatever was marked as same and removed is the text before, same and added the text after.
TEST(WordDiff, BothTextsComeOutAgain) {
  const std::vector<std::string> texts = {"a b c d", "d c b a", "a a b", "b a a", "x", "", "a x b x c"};
  for (const std::string& before : texts) {
    for (const std::string& after : texts) {
      std::string was, is;
      for (const WordPiece& piece : word_diff(before, after)) {
        if (piece.kind != Kind::added) was += (was.empty() ? "" : " ") + piece.text;
        if (piece.kind != Kind::removed) is += (is.empty() ? "" : " ") + piece.text;
      }
      EXPECT_EQ(was, before);
      EXPECT_EQ(is, after);
    }
  }
}

TEST(Diff, TheSameIsIdenticalWhateverItsSpeedAndPlaces) {
  ComparedRun other = run();
  other.row.id = "20260101-000000-000002";
  other.report.stats.stages = {{"read", 0.7}};
  other.row.settings =
      R"({"seed":{"value":"1","source":"flag --seed"},"data":{"value":"/b","source":"default"}})";
  const RunDiff diff = diff_runs(run(), other);
  EXPECT_TRUE(diff.identical());
  EXPECT_EQ(diff.speed.size(), 1u);
  EXPECT_THAT(to_terminal(diff, {}), HasSubstr("are identical"));
}

TEST(Diff, TellsWhatWentInInTheOrderThatExplainsMost) {
  ComparedRun other = run();
  other.row.model_sha256 = "m2";
  other.row.image_sha256 = "i2";
  other.report.stats.backend = "CPU-haswell";
  other.row.playbook_sha256 = "p2";
  other.row.settings = R"({"seed":{"value":"2","source":"default"}})";
  other.row.input_sha256 = "b2";
  std::string order;
  for (const Changed& item : diff_runs(run(), other).inputs) order += item.what + ";";
  EXPECT_EQ(order, "model;image;CPU back end;playbook;setting seed;bundle;");
}

TEST(Diff, TellsClaimsThatCameWentAndMoved) {
  ComparedRun other = run();
  other.report.root_cause = "the memory of node-7 is full";
  other.report.evidence[0].at.line = other.report.evidence[0].at.end_line = 9;
  other.report.commands = {};
  other.report.missing = {"the kubelet's log"};
  other.report.confidence.score = 0.5;
  other.report.checks[0].verdict = Check::Verdict::fail;
  const RunDiff diff = diff_runs(run(), other);
  EXPECT_TRUE(diff.inputs.empty());
  EXPECT_FALSE(diff.same_report());
  const std::string plain = to_terminal(diff, {});
  for (const char* part :
       {"The same went in.", "cause changed: the [-disk-] {+memory+} of node-7 is full",
        "no longer cited  [-node.log:3-]", "cited now        {+node.log:9+}",
        "command lost: [-kubectl describe node node-7-]", "missing gained: {+the kubelet's log+}",
        "confidence: high (0.9000) -> high (0.5000)", "check citations: pass: 1 of 1 -> fail"})
    EXPECT_THAT(plain, HasSubstr(part));
  EXPECT_THAT(to_terminal(diff, {true}), HasSubstr("\x1b[31mdisk\x1b[0m \x1b[32mmemory\x1b[0m"));
  rapidjson::Document json;
  json.Parse(to_json(diff).c_str());
  ASSERT_TRUE(json.IsObject());
  EXPECT_FALSE(json["identical"].GetBool());
  EXPECT_EQ(json["claims"].Size(), 3u);
}

TEST(Diff, OfTwoBundles) {
  EvidenceList a, b;
  a.names = {{"pod", "shop", "api-0", true}, {"secret", "shop", "db", false}, {"node", "", "n1", true}};
  b.names = {{"pod", "shop", "api-0", true}, {"secret", "shop", "db", true}, {"node", "", "n2", true}};
  a.lines = {{{"a.log", 1, 1, ""}, "12:00:01 request 17 took 5ms", "r", 1, 1}};
  b.lines = {{{"a.log", 9, 9, ""}, "12:44:59 request 99 took 8ms", "r", 1, 1},
             {{"a.log", 10, 10, ""}, "connection to 10.0.0.1 refused", "r", 1, 1}};
  const BundleDiff diff = diff_bundles(a, b);
  EXPECT_THAT(diff.appeared, ElementsAre("node n2"));
  EXPECT_THAT(diff.vanished, ElementsAre("node n1"));
  ASSERT_EQ(diff.states.size(), 1u);
  EXPECT_EQ(diff.states[0].what, "secret shop/db");
  EXPECT_EQ(diff.states[0].after, "present");
  EXPECT_THAT(diff.templates_appeared, ElementsAre("connection to #.#.#.# refused"));
  EXPECT_THAT(diff.templates_vanished, IsEmpty());
  EXPECT_EQ(line_template("api-7c9d5b8f6d-x failed"), "api-#-x failed");
}

TEST(Diff, HostileTextsActOnNoTerminal) {
  ComparedRun other = run();
  other.report.root_cause = "the \x1b[2Jdisk";
  other.row.input_sha256 = "b2";
  other.row.input = "\x1b]0;title\x07";
  EXPECT_THAT(to_terminal(diff_runs(run(), other), {}), Not(HasSubstr("\x1b")));
}

}  // namespace
}  // namespace carrel
