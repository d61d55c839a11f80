// What is kept of runs, whatever ends them.
#include <chrono>
#include <filesystem>
#include <random>
#include <thread>

#include <gmock/gmock.h>
#include <signal.h>
#include <unistd.h>

#include "program.h"

namespace carrel::e2e {
namespace {

using testing::HasSubstr;

using LedgerOfRuns = Scratch;

TEST_F(LedgerOfRuns, ShowPrintsTheSameReportAgain) {
  const Outcome first = carrel({"triage", example, "--json", "--tenant", "acme"});
  const std::string id = json_of(first)["run"].GetString();
  EXPECT_EQ(carrel({"show", id, "--json"}).out, first.out);
  EXPECT_THAT(carrel({"show", id.substr(0, 20)}).out, HasSubstr("Likely root cause"));
  const auto runs = json_of(carrel({"runs", "--json", "--tenant", "acme"}));
  ASSERT_EQ(runs.Size(), 1u);
  EXPECT_STREQ(runs[0]["state"].GetString(), "finished");
  const Outcome typo = carrel({"runs", "--json", "--tenant", "other"});
  EXPECT_EQ(typo.status, 2);
  EXPECT_THAT(typo.err, HasSubstr("there is no tenant other"));
  EXPECT_FALSE(std::filesystem::exists(folder_ + "/.local/share/carrel/tenants/other"));
  EXPECT_EQ(carrel({"show", "no-such-run"}).status, 2);
}

TEST_F(LedgerOfRuns, AnIdThatFitsSeveralRunsIsToldAcrossTenants) {
  for (const char* tenant : {"acme", "bolt"}) carrel({"triage", example, "--json", "--tenant", tenant});
  const Outcome across = carrel({"show", "2"});
  EXPECT_EQ(across.status, 2);
  EXPECT_THAT(across.err, HasSubstr("more than one run begins with 2: of the tenants acme, bolt"));
  EXPECT_EQ(carrel({"show", "2", "--tenant", "acme"}).status, 0);
  carrel({"triage", example, "--json", "--tenant", "acme"});
  const Outcome within = carrel({"show", "2", "--tenant", "acme"});
  EXPECT_EQ(within.status, 2);
  EXPECT_THAT(within.err, HasSubstr("more than one run begins with 2"));
}

// Runs without a tenant have one each; those of one second have names and ids in any order.
TEST_F(LedgerOfRuns, TheNewestOfAllTenantsAreListedAndTheOldestWait) {
  std::vector<std::string> oldest;
  for (int i = 0; i < 6; ++i)
    oldest.emplace_back(json_of(carrel({"triage", example, "--json", "-q"}))["run"].GetString());
  const auto runs = json_of(carrel({"runs", "--json", "-n", "4"}));
  const auto queue = json_of(carrel({"review", "--list", "--json", "-n", "4"}));
  ASSERT_EQ(runs.Size(), 4u);
  ASSERT_EQ(queue["queue"].Size(), 4u);
  for (rapidjson::SizeType i = 0; i < 4; ++i) {
    EXPECT_EQ(runs[i]["run"].GetString(), oldest[5 - i]);
    EXPECT_EQ(queue["queue"][i]["run"].GetString(), oldest[i]);
  }
  EXPECT_EQ(queue["waiting"].GetInt(), 6);
  EXPECT_THAT(carrel({"review", "--list", "-n", "4"}).out, HasSubstr("4 of 6; -n lists more\n"));
  EXPECT_THAT(carrel({"review", "--list"}).out, testing::Not(HasSubstr(" of 6;")));
}

TEST_F(LedgerOfRuns, ADamagedLedgerHidesNoOther) {
  carrel({"triage", example, "--json", "--tenant", "acme"});
  file(".local/share/carrel/tenants/bolt/ledger.db", std::string(8192, 'x'));
  const Outcome runs = carrel({"runs", "--json"});
  EXPECT_EQ(runs.status, 7);
  EXPECT_THAT(runs.err, HasSubstr("tenant bolt"));
  EXPECT_THAT(runs.err, testing::Not(HasSubstr("writing")));  // who lists writes nothing
  const auto rows = json_of(runs);
  ASSERT_EQ(rows.Size(), 1u);
  EXPECT_EQ(carrel({"show", rows[0]["run"].GetString()}).status, 0);
}

// Links that lead to themselves can be read by nobody, not even by root, whom no permission keeps out.
TEST_F(LedgerOfRuns, WhatCannotBeReadIsNotEmpty) {
  std::filesystem::create_symlink("data", folder_ + "/data");
  for (const std::string command : {"runs", "runs --json", "search word", "review --list", "reviewers list",
                                    "models list", "ledger verify", "show 2", "runs --tenant acme",
                                    "trace a.log:1", "purge --older-than 1d", "prove --tenant acme"}) {
    const Outcome outcome = run({"sh", "-c", "exec " CARREL " " + command + " --data $HOME/data"});
    EXPECT_EQ(outcome.status, 7) << command << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr("cannot look at")) << command;
    EXPECT_EQ(outcome.out, "") << command;
  }
  // One tenant that cannot be looked into hides no other.
  carrel({"triage", example, "-q", "--json", "--tenant", "acme"});
  const std::string tenants = folder_ + "/.local/share/carrel/tenants/";
  std::filesystem::create_symlink("bolt", tenants + "bolt");
  const Outcome runs = carrel({"runs", "--json"});
  EXPECT_EQ(runs.status, 7);
  EXPECT_THAT(runs.err, HasSubstr("tenant bolt: cannot look at"));
  EXPECT_EQ(json_of(runs).Size(), 1u);
}

TEST_F(LedgerOfRuns, LostOutputIsAFailure) {
  carrel({"triage", example, "--json", "--tenant", "acme"});
  for (const std::string command : {"show 2", "show 2 --json", "runs", "runs --json", "doctor", "config",
                                    "config --json", "playbook list", "playbook lint explain-logs"}) {
    const Outcome outcome = run({"sh", "-c", "exec " CARREL " " + command + " > /dev/full"});
    EXPECT_EQ(outcome.status, 7) << command;
    EXPECT_THAT(outcome.err, HasSubstr("could not be written in full")) << command;
  }
}

// Not where the reader left, which `| head` does: nothing is said then. Also where SIGPIPE is ignored from
// before.
TEST_F(LedgerOfRuns, AReaderThatLeavesEarlyIsNoFailure) {
  carrel({"triage", example, "--json", "--tenant", "acme"});
  for (const std::string command : {"show 2", "export 2 --tar", "runs --json", "--help"}) {
    for (const std::string before : {"", "trap '' PIPE; "}) {
      const Outcome outcome =
          run({"bash", "-c",
               before + "(sleep 0.2; exec " CARREL " " + command + ") | true; exit ${PIPESTATUS[0]}"});
      EXPECT_EQ(outcome.status, 141) << before << command;
      EXPECT_EQ(outcome.err, "") << before << command;
    }
  }
}

TEST_F(LedgerOfRuns, AFailedRunIsKeptWithItsReason) {
  carrel({"triage", file("bad.tar.gz", "\x1f\x8b" + std::string(50, 'x')), "--tenant", "acme"});
  const auto runs = json_of(carrel({"runs", "--json"}));
  ASSERT_EQ(runs.Size(), 1u);
  EXPECT_STREQ(runs[0]["state"].GetString(), "failed");
  EXPECT_EQ(runs[0]["exit_status"].GetInt(), 4);
  EXPECT_STRNE(runs[0]["error"].GetString(), "");
}

TEST_F(LedgerOfRuns, AKillAtAnyMomentLeavesNoRunOrAnInterruptedOne) {
  std::mt19937 random(20260102);
  std::uniform_int_distribution<int> delay(0, 250'000);
  unsigned finished = 0, killed = 0;
  for (int round = 0; round < 25; ++round) {
    const Outcome outcome = carrel_while({"triage", example, "-q", "--tenant", "acme"}, [&](pid_t pid) {
      std::this_thread::sleep_for(std::chrono::microseconds(delay(random)));
      ::kill(pid, SIGKILL);
    });
    outcome.status == 0 ? ++finished : ++killed;
  }
  EXPECT_GT(killed, 0u);
  const auto runs = json_of(carrel({"runs", "--json", "-n", "1000"}));
  unsigned whole = 0;
  for (const auto& row : runs.GetArray()) {
    const std::string state = row["state"].GetString();
    EXPECT_THAT(state, testing::AnyOf("finished", "interrupted"));
    if (state != "finished") continue;
    ++whole;
    const Outcome shown = carrel({"show", row["run"].GetString(), "--json"});
    EXPECT_EQ(shown.status, 0);
    EXPECT_FALSE(json_of(shown).HasParseError());
  }
  EXPECT_GE(whole, finished);
  EXPECT_TRUE(nothing_left_running());
}

TEST_F(LedgerOfRuns, CtrlCLeavesNothingRunning) {
  // Enough text that the run is still reading when the signal comes.
  std::string line = "2026-01-02T03:04:05Z INFO request served in 12 ms for user 4711 from 10.0.0.1\n";
  std::string text;
  while (text.size() < (64U << 20)) text += line;
  for (int i = 0; i < 6; ++i) file("big/app-" + std::to_string(i) + ".log", text);
  const Outcome outcome =
      carrel_while({"run", "explain-logs", folder_ + "/big", "--tenant", "acme"}, [](pid_t pid) {
        std::this_thread::sleep_for(std::chrono::milliseconds(400));
        ::kill(pid, SIGINT);
      });
  EXPECT_EQ(outcome.status, 130) << outcome.err;
  EXPECT_TRUE(nothing_left_running());
  const auto runs = json_of(carrel({"runs", "--json"}));
  ASSERT_EQ(runs.Size(), 1u);
  EXPECT_STREQ(runs[0]["state"].GetString(), "interrupted");
}

TEST_F(LedgerOfRuns, ConfigNamesEachSource) {
  file(".config/carrel/config.yaml", "threads: 3\n");
  const Outcome outcome = carrel({"config", "--tries", "2"}, {"CARREL_SEED=7"});
  EXPECT_EQ(outcome.status, 0);
  EXPECT_THAT(outcome.out, HasSubstr("flag --tries"));
  EXPECT_THAT(outcome.out, HasSubstr("environment CARREL_SEED"));
  EXPECT_THAT(outcome.out, HasSubstr("config.yaml:1"));
  EXPECT_THAT(outcome.out, HasSubstr("default"));
}

TEST_F(LedgerOfRuns, DoctorMakesARealRoom) {
  const Outcome outcome = carrel({"doctor"});
  EXPECT_EQ(outcome.status, 0) << outcome.out;
  EXPECT_THAT(outcome.out, HasSubstr("a read room was made"));
  EXPECT_THAT(outcome.out, HasSubstr("models can be asked"));
  const auto told = json_of(carrel({"doctor", "--json"}));
  ASSERT_GT(told["checks"].Size(), 3u);
  EXPECT_STREQ(told["checks"][0]["verdict"].GetString(), "ok");
  EXPECT_THAT(told["checks"][1]["what"].GetString(), HasSubstr("a read room was made"));
}

}  // namespace
}  // namespace carrel::e2e
