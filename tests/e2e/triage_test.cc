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
  EXPECT_EQ(std::count(outcome.out.begin(), outcome.out.end(), '\n'), 3);
  EXPECT_THAT(outcome.out, testing::EndsWith("\n2 bundles: 2 faults\n"));
  // The run's id comes first, and nothing is cut where no terminal has a width.
  const std::string id = outcome.out.substr(0, outcome.out.find(' '));
  EXPECT_EQ(carrel({"show", id}).status, 0);
  EXPECT_THAT(outcome.out, testing::Not(HasSubstr("…")));
  const Outcome one_bad = carrel({"triage", example, folder_ + "/absent.tar"});
  EXPECT_EQ(one_bad.status, 4);
  EXPECT_THAT(one_bad.out, HasSubstr("checks passed"));
  EXPECT_THAT(one_bad.err, HasSubstr("absent.tar"));
  EXPECT_THAT(one_bad.out, testing::EndsWith("\n2 bundles: 1 fault, 1 failed\n"));
}

TEST_F(Triage, SeveralInputsGiveJsonLines) {
  const Outcome outcome = carrel({"triage", folder_ + "/absent.tar", example, "--json"});
  EXPECT_EQ(outcome.status, 4);
  const auto end = outcome.out.find('\n');
  ASSERT_NE(end, std::string::npos);
  Outcome line = outcome;
  line.out = outcome.out.substr(0, end);
  const auto failure = json_of(line);
  EXPECT_THAT(failure["input"].GetString(), HasSubstr("absent.tar"));
  EXPECT_THAT(failure["error"].GetString(), HasSubstr("No such file"));
  EXPECT_EQ(failure["exit_status"].GetInt(), 4);
  line.out = outcome.out.substr(end + 1);
  EXPECT_EQ(std::count(line.out.begin(), line.out.end(), '\n'), 1);
  EXPECT_STREQ(json_of(line)["verdict"].GetString(), "fault");
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

// What was measured, in its own words: a figure that stands nowhere would fail the report's own check.
TEST_F(Triage, MeasurementsTracesAndBackupsGiveReportsThatHold) {
  file("b/kubectl/get-pods-shop.txt",
       "NAME    READY   STATUS    RESTARTS   AGE\napi-0   1/1     Running   0          27d\n");
  file("b/metrics/throttled.json",
       R"json({"status": "success",
"query": "sum by (pod) (rate(container_cpu_cfs_throttled_periods_total[5m])) / sum by (pod) (rate(container_cpu_cfs_periods_total{namespace=\"shop\"}[5m]))",
"data": {"resultType": "matrix", "result": [{"metric": {"pod": "api-0"}, "values": [
[1750744800, "0.0023"],
[1750744860, "0.8473"],
[1750744920, "0.8256"]]}]}})json");
  std::string spans;
  for (int i = 0; i < 120; ++i) {
    spans +=
        ",\n{\"spanID\":\"c" + std::to_string(i) +
        R"(","operationName":"SELECT","references":[{"refType":"CHILD_OF","spanID":"a"}],"startTime":10000,"duration":2000,)"
        R"("processID":"p1","tags":[{"key":"db.statement","value":"SELECT * FROM line_items WHERE order_id = $1"}]})";
  }
  file("c/traces/trace.json",
       R"({"data":[{"processes":{"p1":{"serviceName":"shop-web"}},"spans":[
{"spanID":"a","operationName":"OrdersController#index","references":[],"startTime":0,"duration":4187204,"processID":"p1"})" +
           spans + "]}]}");
  file("d/prometheus/targets.json",
       R"({"status":"success","data":{"activeTargets":[
{"labels":{"job":"loyalty","namespace":"shop","pod":"loyalty-0"},"scrapePool":"a","scrapeUrl":"http://10.0.0.1:8080/metrics",
"lastError":"server returned HTTP status 401 Unauthorized","health":"down"}]}})");
  file("e/velero/backup-get.txt",
       "NAME                   STATUS            ERRORS   WARNINGS   CREATED                         EXPIRES "
       "  "
       "STORAGE LOCATION   SELECTOR\n"
       "daily-20250828013000   PartiallyFailed   3        1          2025-08-28 01:30:03 +0000 UTC   30d     "
       "  "
       "minio              <none>\n");
  file("f/kubectl/get-pods-shop.txt",
       "NAME    READY   STATUS    RESTARTS   AGE\napi-0   1/1     Running   0          27d\n");
  struct Case {
    const char *bundle, *question, *says;
  };
  for (const Case& one :
       {Case{"b", "Why is api slow?", "0.8256"}, Case{"c", "Why is the order page slow?", "line_items"},
        Case{"d", "TargetDown fires for loyalty. Why?", "401 Unauthorized"},
        Case{"f", "Why do pages look odd?", "cannot be determined from the bundle"},
        Case{"e", "Did last night's backup fail?", "PartiallyFailed"}}) {
    const Outcome outcome =
        carrel({"triage", folder_ + "/" + one.bundle, "--ask", one.question, "--engine", "none", "--json"});
    EXPECT_EQ(outcome.status, 0) << outcome.err << outcome.out;
    const auto report = json_of(outcome);
    EXPECT_THAT(report["root_cause"].GetString(), HasSubstr(one.says));
    EXPECT_TRUE(report["passed"].GetBool()) << outcome.out;
  }
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
