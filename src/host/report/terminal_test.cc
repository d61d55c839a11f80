#include "host/report/terminal.h"

#include <gmock/gmock.h>

namespace carrel {
namespace {

using testing::HasSubstr;
using testing::Not;

Report report() {
  Report report;
  report.run = "20260102-030405-abcdef";
  report.input = "b.tar";
  report.playbook = "k8s-triage@1";
  report.engine = "none";
  report.verdict = Verdict::fault;
  report.root_cause = "The disk of node-1 is full";
  report.evidence = {{"E001", {"a.log", 7, 9, ""}, "first\nsecond \x1b]0;owned\x07", "an error"}};
  report.checks = {{"citations", Check::Verdict::pass, "1 of 1 quotes found"}};
  return report;
}

TEST(Terminal, ShowsWhatWasFound) {
  const std::string text = to_terminal(report(), {});
  for (const char* part : {"Likely root cause", "The disk of node-1 is full", "a.log:7-9", "│ first",
                           "1 of 1 quotes found", "no model was asked", "nothing was tried"}) {
    EXPECT_THAT(text, HasSubstr(part));
  }
}

TEST(Terminal, NoControlCharacterOfTheBundleReachesTheTerminal) {
  Report hostile = report();
  hostile.root_cause = "x\x1b[2Jy\r\xc2\x9bz\xe2\x80\xaeq";
  hostile.commands = {{"kubectl\x1b[8m", "\x07"}};
  hostile.missing = {"\x1b[31m"};
  hostile.stats.left_out = {{"\x1b", "\x1b", 1, 0, 0}};
  hostile.alternatives = {{"\x1b", "d", 0.1, {{"E1", {"\x1b", 1, 1, "\x1b"}, "\x1b", "\x1b"}}}};
  const std::string bad = "\x1b[8m";
  for (std::string* text :
       {&hostile.run, &hostile.tenant, &hostile.playbook, &hostile.input, &hostile.question, &hostile.engine,
        &hostile.model_name, &hostile.model_quantisation, &hostile.model_sha256, &hostile.confidence.level,
        &hostile.confidence.basis, &hostile.stats.format, &hostile.stats.backend}) {
    *text = bad;
  }
  hostile.searched = {{bad, bad, 1}};
  hostile.tries = {{bad, bad, 1, false, false}, {bad, bad, 1, true, true}};
  hostile.consensus = {bad, 1, {{ClaimSupport::Kind::command, bad, 1, 2}}};
  hostile.checks.push_back({bad, Check::Verdict::warn, bad});
  hostile.stats.denied = {{bad, bad, 1}};
  hostile.stats.stages = {{bad, 1}};
  hostile.evidence.push_back({bad, {bad, 1, 1, bad}, bad, bad});
  EXPECT_THAT(to_summary_line(hostile, {}), Not(HasSubstr("\x1b")));
  const std::string text = to_terminal(hostile, {});
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
  EXPECT_THAT(text, Not(HasSubstr("\r")));
  EXPECT_THAT(text, Not(HasSubstr("\xe2\x80\xae")));
  EXPECT_THAT(text, HasSubstr("\\x1b[2Jy"));
}

TEST(Terminal, ColourOnlyWhenAsked) {
  EXPECT_THAT(to_terminal(report(), {false, 80}), Not(HasSubstr("\x1b")));
  EXPECT_THAT(to_terminal(report(), {true, 80}), HasSubstr("\x1b["));
}

TEST(Terminal, SaysLoudlyThatACheckFailed) {
  Report bad = report();
  bad.checks[0].verdict = Check::Verdict::fail;
  EXPECT_THAT(to_terminal(bad, {}), HasSubstr("do not rely"));
  EXPECT_THAT(to_summary_line(bad, {}), HasSubstr("FAILED"));
}

TEST(Terminal, WrapsAndCutsToTheWidth) {
  Report wide = report();
  wide.root_cause = "";
  for (int i = 0; i < 40; ++i) wide.root_cause += "word ";
  const std::string text = to_terminal(wide, {false, 40});
  EXPECT_THAT(text, Not(HasSubstr("word word word word word word word word word")));
  EXPECT_LE(to_summary_line(wide, {false, 100}).size(), 103u);
}

TEST(Terminal, Amounts) {
  EXPECT_EQ(human_bytes(999), "999 B");
  EXPECT_EQ(human_bytes(4200000), "4.2 MB");
  EXPECT_EQ(human_bytes(999999), "1.0 MB");
  EXPECT_EQ(human_count(1234567), "1,234,567");
  EXPECT_EQ(human_count(12), "12");
}

}  // namespace
}  // namespace carrel
