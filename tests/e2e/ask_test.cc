// A further question about a bundle: what the model read before is not read again, and the answer is the one
// that reading it again gives.
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>

#include "program.h"

namespace carrel::e2e {
namespace {

using testing::HasSubstr;

class Ask : public Scratch {
 protected:
  std::string first_run(const std::vector<std::string>& more) {
    std::vector<std::string> arguments = {"triage",    bundle_, "--model",         model_, "--json",
                                          "--context", "4096",  "--output-tokens", "96"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const auto report = json_of(carrel(arguments));
    EXPECT_EQ(report["stats"]["prompt_tokens_reused"].GetUint(), 0u);
    EXPECT_FALSE(report.HasMember("after"));
    return report["run"].GetString();
  }
  std::size_t states(const std::string& tenant) {
    return json_of(carrel({"prove", "--tenant", tenant, "--json"}))["states"].Size();
  }

  const std::string model_ = tiny_model();
  const std::string bundle_ = file("bundle.tar.gz", read(example));
};

TEST_F(Ask, TheWorkOfTheFirstQuestionIsTakenUpAndTheAnswerIsTheSame) {
  const std::string run = first_run({"--tenant", "acme"});
  EXPECT_EQ(states("acme"), 1u);
  const Outcome asked = carrel({"ask", run, "Which pods wait for a volume?", "--json"});
  const auto report = json_of(asked);
  EXPECT_STREQ(report["after"].GetString(), run.c_str());
  EXPECT_STREQ(report["question"].GetString(), "Which pods wait for a volume?");
  EXPECT_STREQ(report["tenant"].GetString(), "acme");
  const auto& stats = report["stats"];
  EXPECT_GT(stats["prompt_tokens_reused"].GetUint(), stats["prefix_tokens"].GetUint() / 2);
  EXPECT_EQ(stats["prompt_tokens_read"].GetUint() + stats["prompt_tokens_reused"].GetUint(),
            stats["prompt_tokens"].GetUint());

  // The same question once more finds all of it read.
  const auto again = json_of(carrel({"ask", run, "Which pods wait for a volume?", "--json"}));
  EXPECT_EQ(again["stats"]["prompt_tokens_reused"].GetUint(), again["stats"]["prefix_tokens"].GetUint());
  EXPECT_TRUE(again["tries"] == report["tries"]);
  EXPECT_STREQ(again["root_cause"].GetString(), report["root_cause"].GetString());

  // A replay takes no state up, so it tells whether one made a difference.
  const Outcome replayed = carrel({"replay", report["run"].GetString()});
  EXPECT_EQ(replayed.status, 0) << replayed.out << replayed.err;

  const std::string shown = carrel({"show", again["run"].GetString()}).out;
  EXPECT_THAT(shown, HasSubstr("taken from the store"));
  EXPECT_THAT(shown, HasSubstr("follows   " + run));
  EXPECT_EQ(carrel({"ledger", "verify"}).status, 0);
  const Outcome proven = carrel({"prove", run});
  EXPECT_EQ(proven.status, 0) << proven.out;
  EXPECT_THAT(carrel({"prove", "--tenant", "acme"}).out, HasSubstr("by a think room of run "));
}

TEST_F(Ask, WhatMustNotBeFollowedIsTold) {
  const std::string run = first_run({"--tenant", "acme"});
  const Outcome foreign = carrel({"ask", run, "And?", "--tenant", "globex"});
  EXPECT_EQ(foreign.status, 2);
  EXPECT_THAT(foreign.err, HasSubstr("there is no tenant globex"));
  first_run({"--tenant", "globex"});
  EXPECT_EQ(states("globex"), 1u) << "it took up nothing of the other tenant's";
  EXPECT_EQ(carrel({"ask", run, "And?", "--tenant", "globex"}).status, 2);

  std::ofstream(bundle_, std::ios::app | std::ios::binary) << "x";
  const Outcome changed = carrel({"ask", run, "And?"});
  EXPECT_EQ(changed.status, 4);
  EXPECT_THAT(changed.err, HasSubstr("the bundle has changed since run " + run));
  EXPECT_NE(carrel({"ask", run, "And?", "--input", example, "--json"}).out, "");

  EXPECT_EQ(carrel({"purge", "--tenant", "acme", "--run", run}).status, 0);
  const Outcome purged = carrel({"ask", run, "And?"});
  EXPECT_EQ(purged.status, 2);
  EXPECT_THAT(purged.err, HasSubstr("run " + run + " of tenant acme was purged"));
}

TEST_F(Ask, AThrowAwayTenantKeepsNoState) {
  const std::string run = first_run({});
  const auto report = json_of(carrel({"ask", run, "And?", "--json"}));
  EXPECT_STREQ(report["after"].GetString(), run.c_str());
  EXPECT_EQ(report["stats"]["prompt_tokens_reused"].GetUint(), 0u);
  EXPECT_EQ(states(report["tenant"].GetString()), 0u);
}

TEST_F(Ask, AStateThatWasChangedOnTheDiskIsNotUsed) {
  const std::string run = first_run({"--tenant", "acme"});
  const auto proof = json_of(carrel({"prove", "--tenant", "acme", "--json"}));
  const std::string sha256 = proof["states"][0]["sha256"].GetString();
  const std::string path =
      folder_ + "/.local/share/carrel/tenants/acme/objects/" + sha256.substr(0, 2) + "/" + sha256.substr(2);
  ASSERT_TRUE(std::filesystem::exists(path));
  std::ofstream(path, std::ios::app | std::ios::binary) << "x";
  EXPECT_EQ(carrel({"ledger", "verify", "--tenant", "acme"}).status, 7);
  const auto report = json_of(carrel({"ask", run, "And?", "--json"}));
  EXPECT_EQ(report["stats"]["prompt_tokens_reused"].GetUint(), 0u);
  EXPECT_THAT(report["stats"]["kept_state"].GetString(), HasSubstr("was changed"));
  EXPECT_EQ(carrel({"ledger", "verify", "--tenant", "acme"}).status, 0);
}

}  // namespace
}  // namespace carrel::e2e
