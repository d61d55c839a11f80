// Runs that ask a model: one of random weights, whose words mean nothing and whose answers must still stand.
#include <gmock/gmock.h>

#include "program.h"

namespace carrel::e2e {
namespace {

using testing::HasSubstr;

using WithModel = Scratch;

TEST_F(WithModel, EvenRandomWeightsCiteOnlyWhatExists) {
  const std::string model = tiny_model();
  const Outcome outcome =
      carrel({"triage", example, "--model", model, "--json", "--seed", "1", "--temperature", "0.7"});
  const auto report = json_of(outcome);
  ASSERT_TRUE(report.IsObject());
  EXPECT_STREQ(report["model"]["engine"].GetString(), "llama");
  EXPECT_EQ(std::string(report["model"]["sha256"].GetString()).size(), 64u);
  EXPECT_EQ(report["tries"].Size(), 2u);
  EXPECT_GT(report["stats"]["prompt_tokens"].GetUint(), 0u);
  for (const auto& check : report["checks"].GetArray()) {
    // Random words are no evidence: the check of the text may fail. The rest is held by construction.
    if (std::string(check["name"].GetString()) == "text") continue;
    EXPECT_STRNE(check["verdict"].GetString(), "fail")
        << check["name"].GetString() << check["detail"].GetString();
  }
  EXPECT_EQ(outcome.status, report["passed"].GetBool() ? 0 : 3);
}

// Whatever the weights, the report of a model that knows Carrel's own prompt is one of the detectors'
// findings: it passes every check, that of its words included, which random words do not.
TEST_F(WithModel, AModelOfCarrelsOwnPromptChoosesAFinding) {
  const Outcome outcome = carrel({"triage", example, "--model", tiny_model(1), "--json"});
  const auto report = json_of(outcome);
  ASSERT_TRUE(report.IsObject()) << outcome.err;
  EXPECT_EQ(report["tries"].Size(), 1u);
  EXPECT_GE(report["evidence"].Size(), 1u);
  EXPECT_TRUE(report["passed"].GetBool());
  EXPECT_EQ(outcome.status, 0);
}

TEST_F(WithModel, AModelOfAnotherVersionOfCarrelsPromptIsRefused) {
  const Outcome outcome = carrel({"triage", example, "--model", tiny_model(999)});
  EXPECT_EQ(outcome.status, 4);
  EXPECT_THAT(outcome.err, HasSubstr("was trained on version 999 of Carrel's prompt"));
}

TEST_F(WithModel, TheSameRunGivesTheSameAnswer) {
  const std::string model = tiny_model();
  const std::vector<std::string> arguments = {"triage", example,           "--model", model,
                                              "--json", "--output-tokens", "128",     "--seed",
                                              "5",      "--temperature",   "0.8"};
  const auto first = json_of(carrel(arguments));
  const auto second = json_of(carrel(arguments));
  EXPECT_STREQ(first["root_cause"].GetString(), second["root_cause"].GetString());
  EXPECT_TRUE(first["evidence"] == second["evidence"]);
  EXPECT_TRUE(first["tries"] == second["tries"]);
}

TEST_F(WithModel, APlaybookWithoutKubernetesWorksToo) {
  file("logs/app.log", "ERROR disk /dev/sda1 is full\nINFO retrying\n");
  const Outcome outcome =
      carrel({"run", "explain-logs", folder_ + "/logs", "--model", tiny_model(), "--json", "--tries", "1"});
  const auto report = json_of(outcome);
  ASSERT_TRUE(report.IsObject()) << outcome.err;
  EXPECT_EQ(report["tries"].Size(), 1u);
}

}  // namespace
}  // namespace carrel::e2e
