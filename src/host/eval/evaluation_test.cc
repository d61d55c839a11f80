#include "host/eval/evaluation.h"

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <unistd.h>

#include "host/eval/calibrate.h"
#include "host/eval/score.h"

namespace carrel {
namespace {

using testing::HasSubstr;

CaseResult result(const std::string& id, bool right, double confidence = 0.5) {
  CaseResult out;
  out.id = id;
  out.case_sha256 = "c" + id;
  out.bundle_sha256 = "b" + id;
  out.run = "20260102-030405-9f3a61";
  out.seconds = 0.25;
  out.verdict = "fault";
  out.root_cause = "a \"quoted\" cause\nin two lines";
  out.confidence = confidence;
  out.grounds = {"log-disk-full", confidence, 0, 0, ""};
  out.drafts = {4, 10, 30, 9, 20, 0.6, 0.8};
  out.grade.cause = out.grade.evidence = right;
  out.grade.culprit = right;
  out.grade.cited = 3;
  out.grade.real = 2;
  out.grade.at_line = 1;
  out.grade.why = {"no cited line is evidence"};
  out.floors = {{"quotes", Grade{}}};
  out.recall = {{false, true, true, true}};
  return out;
}

class Kept : public testing::Test {
 protected:
  Kept() {
    std::string pattern = testing::TempDir() + "/evalXXXXXX";
    folder_ = ::mkdtemp(pattern.data());
    head_.id = "20260102-030405-9f3a61";
    head_.playbook = "p@1";
    head_.engine = "none";
    head_.settings = {{"seed", "1"}};
  }
  ~Kept() override { std::filesystem::remove_all(folder_); }
  std::string path() const { return folder_ + "/e.jsonl"; }
  Result<Evaluation> read_back() const { return parse_evaluation(*read_file(path(), 1 << 20)); }
  void write_two() {
    auto file = EvaluationFile::create(path(), head_);
    ASSERT_TRUE(file);
    ASSERT_TRUE(file->add(result("a", true)));
    ASSERT_TRUE(file->add(result("b", false)));
    ASSERT_TRUE(file->finish());
  }
  std::string folder_;
  EvaluationHead head_;
};

TEST_F(Kept, ReadsBackWhatWasWritten) {
  write_two();
  const auto back = read_back();
  ASSERT_TRUE(back) << back.error().what;
  EXPECT_TRUE(back->finished);
  EXPECT_EQ(back->head.key(), head_.key());
  ASSERT_EQ(back->results.size(), 2U);
  const CaseResult& a = back->results[0];
  const CaseResult wanted = result("a", true);
  EXPECT_EQ(a.root_cause, wanted.root_cause);
  EXPECT_EQ(a.seconds, wanted.seconds);
  EXPECT_EQ(a.grounds.detector, "log-disk-full");
  EXPECT_EQ(a.grounds.weight, 0.5);
  EXPECT_EQ(a.drafts.kept, 9U);
  EXPECT_EQ(a.drafts.check_s, 0.6);
  EXPECT_EQ(a.grade.culprit, true);
  EXPECT_FALSE(a.grade.missing.has_value());
  EXPECT_EQ(a.grade.at_line, 1U);
  EXPECT_EQ(a.grade.why, wanted.grade.why);
  EXPECT_EQ(a.floors.at(0).first, "quotes");
  EXPECT_EQ(a.recall, wanted.recall);
  EXPECT_FALSE(back->results[1].grade.right());
  EXPECT_FALSE(EvaluationFile::create(path(), head_)) << "never over another";
}

TEST_F(Kept, CutAnywhereItLosesTheCaseThatWasWrittenAndNoOther) {
  write_two();
  std::ifstream in(path());
  const std::string whole{std::istreambuf_iterator<char>(in), {}};
  std::vector<std::size_t> ends;
  for (std::size_t at = 0; at < whole.size(); ++at) {
    if (whole[at] == '\n') ends.push_back(at + 1);
  }
  ASSERT_EQ(ends.size(), 4U);
  for (std::size_t size = 0; size <= whole.size(); ++size) {
    std::ofstream(path(), std::ios::trunc) << whole.substr(0, size);
    const auto back = read_back();
    const auto lines = std::count_if(ends.begin(), ends.end(), [&](std::size_t end) { return end <= size; });
    ASSERT_EQ(static_cast<bool>(back), lines > 0) << size;
    if (!back) continue;
    EXPECT_EQ(back->results.size(), std::min<std::size_t>(static_cast<std::size_t>(lines) - 1, 2)) << size;
    EXPECT_EQ(back->finished, lines == 4) << size;
  }
}

TEST_F(Kept, AnotherVersionOrWhatIsDamagedIsToldAndHidesNoOther) {
  write_two();
  std::ofstream(folder_ + "/new.jsonl") << "{\"evaluation\":2}\n";
  std::ofstream(folder_ + "/bad.jsonl") << "x\n";
  std::vector<std::string> notes;
  EXPECT_EQ(unfinished_evaluations(folder_, &notes).size(), 1U);
  ASSERT_EQ(notes.size(), 2U);
  EXPECT_THAT(notes[0], HasSubstr("no evaluation of version 1"));
}

TEST(Score, WilsonsIntervalIsThatOfTheTables) {
  // Newcombe, Statistics in Medicine 17 (1998), table I: 81 of 263, 15 of 148, 0 of 20, 1 of 29.
  const auto near = [](Share share, double low, double high) {
    EXPECT_NEAR(share.interval().first, low, 5e-5);
    EXPECT_NEAR(share.interval().second, high, 5e-5);
  };
  near({81, 263}, 0.2553, 0.3662);
  near({15, 148}, 0.0624, 0.1605);
  near({0, 20}, 0.0000, 0.1611);
  near({1, 29}, 0.0061, 0.1718);
  near({0, 0}, 0, 1);
}

TEST(Score, CalibrationErrorIsTheMeanDistanceFromWhatWasRight) {
  Evaluation evaluation;
  for (int i = 0; i < 10; ++i) evaluation.results.push_back(result("a", i < 9, 0.9));
  for (int i = 0; i < 10; ++i) evaluation.results.push_back(result("b", i < 5, 0.2));
  CaseResult failed = result("c", false, 1);
  failed.error = "it failed";
  evaluation.results.push_back(failed);
  const Calibrated calibrated = calibration_of(evaluation);
  EXPECT_EQ(calibrated.cases, 20U);
  ASSERT_EQ(calibrated.bins.size(), 2U);
  EXPECT_NEAR(calibrated.bins[0].stated, 0.2, 1e-9);
  EXPECT_NEAR(calibrated.error, 0.15, 1e-9);
}

TEST(Score, CalibratingByAnEvaluationGivesItsOwnRates) {
  Evaluation evaluation;
  evaluation.head.playbook = "p@1";
  evaluation.head.engine = "none";
  evaluation.head.cases_sha256 = "set";
  for (int i = 0; i < 100; ++i) evaluation.results.push_back(result("a", i < 90, 0.9));
  for (int i = 0; i < 100; ++i) evaluation.results.push_back(result("b", i < 20, 0.301));
  evaluation.results[0].grounds.detector = "another";
  const auto rate = [](const Calibration& calibration, const char* detector, double weight) {
    return rate_of_finding(calibration, "fault", detector, weight).value();
  };
  auto made = calibrate(evaluation, {});
  ASSERT_TRUE(made);
  EXPECT_EQ(made->without_model.at(0).entries.size(), 3U);
  EXPECT_EQ(rate(*made, "another", 0.9).cases, 1U);
  EXPECT_EQ(rate(*made, "log-disk-full", 0.9).cases, 199U);
  EXPECT_NEAR(rate(*made, "unknown", 0.9).right, 91.0 / 102, 1e-9);
  EXPECT_NEAR(rate(*made, "unknown", 0.4).right, 21.0 / 102, 1e-9);

  made = calibrate(evaluation, *made);
  EXPECT_EQ(made->without_model.size(), 1U) << "the same cases count once";
  evaluation.head.cases_sha256 = "another set";
  evaluation.head.engine = "answers";
  made = calibrate(evaluation, *made);
  ASSERT_TRUE(made) << "reports that were made before say what they rest on";
  EXPECT_EQ(made->without_model.size(), 2U);
  EXPECT_EQ(rate(*made, "another", 0.9).cases, 2U);
  for (CaseResult& each : evaluation.results) each.grounds = {};
  EXPECT_FALSE(calibrate(evaluation, *made)) << "other answers say nothing of that";
  evaluation.head.engine = "quotes";
  EXPECT_FALSE(calibrate(evaluation, {}));
}

TEST(Score, AModelIsCalibratedBesideTheOthers) {
  Evaluation evaluation;
  evaluation.head.playbook = "p@1";
  evaluation.head.engine = "llama";
  evaluation.head.model_sha256 = "m1";
  for (int i = 0; i < 40; ++i) {
    evaluation.results.push_back(result("a", i < 30));
    evaluation.results.back().grounds = {"", 0, i < 20 ? 2U : 1U, 2, "high"};
  }
  auto first = calibrate(evaluation, {});
  ASSERT_TRUE(first);
  evaluation.head.model_sha256 = "m2";
  auto both = calibrate(evaluation, *first);
  ASSERT_TRUE(both);
  EXPECT_EQ(both->models.size(), 2U);
  const auto sure = rate_of_agreement(*both, "m2", 2, 2, "high"),
             unsure = rate_of_agreement(*both, "m2", 1, 2, "high");
  EXPECT_GT(sure->right, 0.9);
  EXPECT_LT(unsure->right, 0.6);
  EXPECT_EQ(sure->cases, 20U);
  evaluation.head.playbook = "p@2";
  EXPECT_EQ(calibrate(evaluation, *both)->models.size(), 1U) << "of another version nothing is kept";
}

// What guessing ahead came to is summed over the cases; an evaluation that tried none leaves what is known.
TEST(Calibrate, GuessesOfAModelAreSummed) {
  Evaluation evaluation;
  evaluation.head.playbook = "p@1";
  evaluation.head.engine = "llama";
  evaluation.head.model_sha256 = "sha";
  for (const char* id : {"a", "b"}) {
    evaluation.results.push_back(result(id, true));
    evaluation.results.back().grounds = {"", 0, 1, 1, "high"};
  }
  const auto made = calibrate(evaluation, {});
  ASSERT_TRUE(made);
  const Calibration::Drafts& drafts = made->models.at(0).drafts;
  EXPECT_EQ(drafts.draft, 4U);
  EXPECT_EQ(drafts.checks, 20U);
  EXPECT_EQ(drafts.kept, 18U);
  EXPECT_EQ(drafts.check_us, 60'000U);
  EXPECT_EQ(drafts.step_us, 40'000U);
  for (CaseResult& each : evaluation.results) each.drafts = {};
  const auto later = calibrate(evaluation, *made);
  ASSERT_TRUE(later);
  EXPECT_EQ(later->models.at(0).drafts.kept, 18U);
}

}  // namespace
}  // namespace carrel
