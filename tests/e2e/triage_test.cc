// The main job: a bundle in, a checked report out.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <gmock/gmock.h>

#include "program.h"

namespace carrel::e2e {
namespace {

using testing::HasSubstr;
using testing::Not;

using Triage = Scratch;

// Every quote stands where the report says, told by tar and not by Carrel.
void expect_real_citations(const rapidjson::Document& report, const std::string& unpacked) {
  ASSERT_GT(report["evidence"].Size(), 0u);
  for (const auto& item : report["evidence"].GetArray()) {
    std::ifstream in(unpacked + "/" + item["file"].GetString());
    ASSERT_TRUE(in.good()) << item["file"].GetString();
    std::string text, line;
    for (unsigned number = 1; std::getline(in, line); ++number) {
      if (number < item["line"].GetUint() || number > item["end_line"].GetUint()) continue;
      if (!text.empty()) text += '\n';
      text += line;
    }
    EXPECT_THAT(text, HasSubstr(item["quote"].GetString()));
  }
}

TEST_F(Triage, TheExampleGivesACheckedReport) {
  const Outcome outcome = carrel({"triage", example, "--json"});
  ASSERT_EQ(outcome.status, 0) << outcome.err << outcome.out;
  const auto report = json_of(outcome);
  EXPECT_STREQ(report["verdict"].GetString(), "fault");
  EXPECT_TRUE(report["passed"].GetBool());
  EXPECT_EQ(report["checks"].Size(), 6u);
  EXPECT_STREQ(report["model"]["engine"].GetString(), "none");
  EXPECT_EQ(report["stats"]["denied"].Size(), 0u);
  const std::string unpacked = folder_ + "/unpacked";
  std::filesystem::create_directories(unpacked);
  ASSERT_EQ(run({"tar", "-xzf", example, "-C", unpacked}).status, 0);
  expect_real_citations(report, unpacked);
}

TEST_F(Triage, ForAPersonItIsTextWithoutControlCharacters) {
  const Outcome outcome = carrel({"triage", example});
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("Likely root cause"));
  EXPECT_THAT(outcome.out, HasSubstr("none was asked"));
  EXPECT_THAT(outcome.out, Not(HasSubstr("\x1b")));
  EXPECT_THAT(outcome.err, HasSubstr("reading"));
  EXPECT_EQ(carrel({"triage", example, "-q"}).err, "");
}

// README shows the example's report: all of it but the times, the memory and the run's own names.
TEST_F(Triage, ReadmeShowsThisVeryReport) {
  const std::string readme = read(CARREL_SOURCE_DIR "/README.md");
  std::filesystem::current_path(CARREL_SOURCE_DIR);
  std::istringstream out(carrel({"triage", "examples/customer-123.tar.gz", "-q"}).out);
  unsigned compared = 0;
  for (std::string line; std::getline(out, line);) {
    if (line.empty() || line.starts_with("  time ") || line.starts_with("  run ")) continue;
    EXPECT_THAT(readme, HasSubstr("    " + line + "\n"));
    ++compared;
  }
  EXPECT_GT(compared, 30u);
}

TEST_F(Triage, AFolderReadsLikeItsArchive) {
  const std::string unpacked = folder_ + "/unpacked";
  std::filesystem::create_directories(unpacked);
  ASSERT_EQ(run({"tar", "-xzf", example, "-C", unpacked}).status, 0);
  const auto from_archive = json_of(carrel({"triage", example, "--json"}));
  const auto from_folder = json_of(carrel({"triage", unpacked, "--json"}));
  EXPECT_STREQ(from_archive["root_cause"].GetString(), from_folder["root_cause"].GetString());
  EXPECT_TRUE(from_archive["evidence"] == from_folder["evidence"]);
}

TEST_F(Triage, TheSameRunGivesTheSameReport) {
  auto first = json_of(carrel({"triage", example, "--json", "--tenant", "acme"}));
  auto second = json_of(carrel({"triage", example, "--json", "--tenant", "acme"}));
  for (auto* report : {&first, &second}) {
    report->RemoveMember("run");
    (*report)["stats"].RemoveMember("stages");
    (*report)["stats"].RemoveMember("peak_memory_bytes");
  }
  EXPECT_TRUE(first == second);
}

TEST_F(Triage, SeveralInputsGiveALineEach) {
  const Outcome outcome = carrel({"triage", example, example});
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(std::count(outcome.out.begin(), outcome.out.end(), '\n'), 2);
  const Outcome one_bad = carrel({"triage", example, folder_ + "/absent.tar"});
  EXPECT_EQ(one_bad.status, 4);
  EXPECT_THAT(one_bad.out, HasSubstr("checks passed"));
  EXPECT_THAT(one_bad.err, HasSubstr("absent.tar"));
}

TEST_F(Triage, AnyFolderOfTextHasItsPlaybook) {
  file("logs/app.log",
       "2026-01-02T03:04:05Z INFO started\n2026-01-02T03:04:06Z ERROR cannot open /data/db: No space left on "
       "device\n");
  const Outcome outcome = carrel({"run", "explain-logs", folder_ + "/logs", "--json"});
  ASSERT_EQ(outcome.status, 0) << outcome.err << outcome.out;
  const auto report = json_of(outcome);
  EXPECT_STREQ(report["verdict"].GetString(), "fault");
  EXPECT_THAT(report["root_cause"].GetString(), HasSubstr("No space left on device"));
  EXPECT_EQ(report["stats"]["objects"].GetUint(), 0u);
}

TEST_F(Triage, NoLineOfABundleReachesTheTerminalUnescaped) {
  file("logs/app.log", "ERROR \x1b]0;owned\x07 \x1b[2J connection refused to db-1:5432 \xe2\x80\xae evil\n");
  const Outcome outcome = carrel({"run", "explain-logs", folder_ + "/logs"});
  EXPECT_THAT(outcome.out, Not(HasSubstr("\x1b")));
  EXPECT_THAT(outcome.out, Not(HasSubstr("\x07")));
  EXPECT_THAT(outcome.out, Not(HasSubstr("\xe2\x80\xae")));
}

}  // namespace
}  // namespace carrel::e2e
