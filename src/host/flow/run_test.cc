// The flow over a wall without rooms: what each answer, ending and lie of a room leads to.
#include "host/flow/run.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "host/flow/fake_wall.h"
#include "host/flow/findings_question.h"

namespace carrel {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class RunTest : public testing::Test {
 protected:
  RunTest() {
    std::string pattern = testing::TempDir() + "/runXXXXXX";
    folder_ = ::mkdtemp(pattern.data());
    std::filesystem::create_directories(folder_ + "/rooms/read-root");
    std::filesystem::create_directories(folder_ + "/rooms/think-root");
    std::ofstream(folder_ + "/bundle.tar") << "any bytes";
    std::ofstream(folder_ + "/model.gguf") << "any weights";
    evidence_.format = "test";
    evidence_.lines = {{{"a.log", 3, 3, ""}, "ERROR disk full", "error level", 1, 0.9},
                       {{"b.log", 9, 9, ""}, "INFO fine", "last line", 1, 0.1}};
    Finding finding;
    finding.detector = "log-disk-full";
    finding.cause = "The disk is full";
    finding.weight = 0.8;
    finding.evidence = {0};
    evidence_.findings = {finding};
    wall_.rooms[RoomKind::read] = [this](RoomSpec&) { return FakeWall::answer(evidence_); };
    wall_.rooms[RoomKind::check] = [](RoomSpec& spec) {
      const auto job = decode<CheckJob>(spec.job);
      CheckResult result;
      result.citations.assign(job->citations.size(), CheckResult::Place::found);
      result.searched = job->searched;
      result.names = job->names;
      return FakeWall::answer(result);
    };
    wall_.rooms[RoomKind::inspect] = [](RoomSpec&) {
      ModelCard card;
      card.name = "fake";
      card.trained_context = 4096;
      return FakeWall::answer(card);
    };
  }
  ~RunTest() override { std::filesystem::remove_all(folder_); }

  void answers(std::vector<std::string> tries) {
    wall_.rooms[RoomKind::think] = [tries](RoomSpec&) {
      ThinkResult result;
      result.lines_kept = 2;
      for (const std::string& json : tries) {
        result.tries.push_back({"variant", json, json.empty() ? Stop::tokens : Stop::complete, 10, 0});
      }
      return FakeWall::answer(result);
    };
  }

  Result<Report> run(bool model = false) {
    auto playbook = load_playbook(CARREL_SOURCE_DIR "/playbooks/explain-logs");
    EXPECT_TRUE(playbook);
    auto ledger = Ledger::open(folder_, "acme");
    EXPECT_TRUE(ledger);
    Settings settings;
    if (model) {
      EXPECT_TRUE(settings.set("engine", "llama", Source::flag, "test"));
      EXPECT_TRUE(settings.set("model", folder_ + "/model.gguf", Source::flag, "test"));
    }
    const RunRequest request{*playbook, folder_ + "/bundle.tar", "", settings, folder_ + "/rooms", "acme"};
    return run_playbook(request, wall_, *ledger, {}, stop_);
  }
  RunRow last_row() {
    auto ledger = Ledger::open(folder_, "acme");
    auto rows = ledger->runs(1);
    EXPECT_EQ(rows->size(), 1u);
    return rows->at(0);
  }

  std::string folder_;
  EvidenceList evidence_;
  FakeWall wall_;
  std::atomic<bool> stop_ = false;
};

TEST_F(RunTest, WithoutAModelTheBestFindingIsTheReport) {
  auto report = run();
  ASSERT_TRUE(report) << report.error().what;
  EXPECT_THAT(wall_.made, ElementsAre(RoomKind::read, RoomKind::check));
  EXPECT_EQ(report->root_cause, "The disk is full");
  EXPECT_TRUE(report->passed());
  EXPECT_EQ(last_row().state, RunState::finished);
  EXPECT_EQ(last_row().objects.size(), 3u);  // evidence, rooms, report
}

TEST_F(RunTest, AQuoteThatIsNotThereFailsTheReport) {
  wall_.rooms[RoomKind::check] = [](RoomSpec&) {
    CheckResult result;
    result.citations = {CheckResult::Place::quote_differs};
    return FakeWall::answer(result);
  };
  auto report = run();
  ASSERT_TRUE(report);
  EXPECT_FALSE(report->passed());
  EXPECT_EQ(last_row().exit_status, 3);
}

TEST_F(RunTest, ACheckRoomThatAnswersTooLittleFailsTheReport) {
  wall_.rooms[RoomKind::check] = [](RoomSpec&) { return FakeWall::answer(CheckResult{}); };
  auto report = run();
  ASSERT_TRUE(report);
  EXPECT_FALSE(report->passed());
}

TEST_F(RunTest, AFindingThatCitesBeyondTheListCitesNothing) {
  evidence_.findings[0].evidence = {0, 4'000'000'000U};
  auto report = run();
  ASSERT_TRUE(report);
  EXPECT_EQ(report->evidence.size(), 1u);
}

TEST_F(RunTest, TheTryThatMostAgreeWithIsChosen) {
  const std::string a =
      R"({"evidence":["E002"],"verdict":"no_fault","root_cause":"all is fine","missing":[],"confidence":"high"})";
  const std::string b =
      R"({"evidence":["E001"],"verdict":"fault","root_cause":"disk full","missing":[],"confidence":"high"})";
  answers({a, b, b});
  auto report = run(true);
  ASSERT_TRUE(report) << report.error().what;
  EXPECT_THAT(wall_.made, ElementsAre(RoomKind::inspect, RoomKind::read, RoomKind::think, RoomKind::check));
  EXPECT_EQ(report->root_cause, "disk full");
  EXPECT_EQ(report->evidence[0].quote, "ERROR disk full");
  EXPECT_THAT(report->confidence.basis, HasSubstr("2 of 3 tries agree"));
  EXPECT_EQ(report->confidence.level, "medium");
  EXPECT_TRUE(report->passed());
}

TEST_F(RunTest, AnAnswerOutsideTheSchemaFailsAndIsNotRepaired) {
  answers(
      {R"({"evidence":["E009"],"verdict":"fault","root_cause":"disk full","missing":[],"confidence":"high"})"});
  auto report = run(true);
  ASSERT_TRUE(report);
  EXPECT_TRUE(report->evidence.empty());
  EXPECT_FALSE(report->passed());
}

TEST_F(RunTest, NoWholeAnswerIsToldAsSuch) {
  answers({"", ""});
  auto report = run(true);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->verdict, Verdict::insufficient_evidence);
  EXPECT_FALSE(report->passed());
}

// A try that was ended at a cap or for going round in circles is closed to valid JSON; it is no answer.
TEST_F(RunTest, ATryThatWasEndedEarlyIsKeptAndToldAndNoAnswer) {
  const std::string closed =
      R"({"evidence":["E001"],"verdict":"fault","root_cause":"disk disk disk","missing":[],"confidence":"high"})";
  const std::pair<Stop, std::string> stops[] = {{Stop::tokens, "variant: token cap"},
                                                {Stop::time, "variant: time cap"},
                                                {Stop::repetition, "variant: repetition"},
                                                {Stop::failed, "variant: failed"}};
  for (const auto& [stop, told] : stops) {
    wall_.rooms[RoomKind::think] = [&, stop = stop](RoomSpec&) {
      ThinkResult result;
      result.lines_kept = 2;
      result.tries.push_back({"variant", closed, stop, 40, 0});
      return FakeWall::answer(result);
    };
    auto report = run(true);
    ASSERT_TRUE(report) << report.error().what;
    EXPECT_EQ(report->verdict, Verdict::insufficient_evidence) << told;
    EXPECT_THAT(report->root_cause, Not(HasSubstr("disk")));
    ASSERT_EQ(report->missing.size(), 1u);
    EXPECT_THAT(report->missing[0], HasSubstr(told));
    ASSERT_EQ(report->tries.size(), 1u);
    EXPECT_FALSE(report->tries[0].chosen);
    EXPECT_FALSE(report->passed());
    std::vector<std::string> kept;
    for (const auto& [name, sha256] : last_row().objects) kept.push_back(name);
    EXPECT_THAT(kept, testing::Contains("tries"));
  }
}

TEST_F(RunTest, EveryEndingOfARoomHasItsCode) {
  const std::pair<Ending, Code> endings[] = {
      {Ending::setup_error, Code::room_refused}, {Ending::violation, Code::room_refused},
      {Ending::memory, Code::does_not_fit},      {Ending::time, Code::does_not_fit},
      {Ending::output_cap, Code::room_refused},  {Ending::killed, Code::room_refused},
      {Ending::interrupted, Code::interrupted}};
  for (const auto& [ending, code] : endings) {
    wall_.rooms[RoomKind::read] = [ending = ending](RoomSpec&) {
      RoomOutcome outcome;
      outcome.ending = ending;
      outcome.last_words = "\x1b[2J";
      return outcome;
    };
    auto report = run();
    ASSERT_FALSE(report);
    EXPECT_EQ(report.error().code, code) << to_string(ending);
    EXPECT_EQ(report.error().what.find('\x1b'), std::string::npos);
    EXPECT_EQ(last_row().state, ending == Ending::interrupted ? RunState::interrupted : RunState::failed);
    ASSERT_EQ(last_row().objects.size(), 1u) << "what the room did is kept";
    EXPECT_EQ(last_row().objects[0].first, "rooms");
  }
}

TEST_F(RunTest, WhatARoomRefusesKeepsItsCodeAndRemedy) {
  wall_.rooms[RoomKind::read] = [](RoomSpec&) {
    return FakeWall::answer(Refused{Code::bad_input, "it is encrypted", "decrypt it"}, MessageType::refused);
  };
  auto report = run();
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, Code::bad_input);
  EXPECT_EQ(report.error().remedy, "decrypt it");
  EXPECT_EQ(last_row().error, "it is encrypted");
}

TEST_F(RunTest, ARoomCannotSayThatTheUserInterruptedOrForgeLines) {
  wall_.rooms[RoomKind::read] = [](RoomSpec&) {
    return FakeWall::answer(Refused{Code::interrupted, "a\ncarrel: all is well", ""}, MessageType::refused);
  };
  auto report = run();
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, Code::room_refused);
  EXPECT_EQ(report.error().what.find('\n'), std::string::npos);
}

TEST_F(RunTest, AModelThatClaimsImpossibleSizesIsRefused) {
  wall_.rooms[RoomKind::inspect] = [](RoomSpec&) {
    ModelCard card;
    card.kv_bytes_per_token = UINT64_MAX / 4;
    return FakeWall::answer(card);
  };
  auto report = run(true);
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, Code::bad_input);
}

class OwnModelTest : public RunTest {
 protected:
  OwnModelTest() {
    inspected_as(findings_prompt_version);
    Finding other;
    other.detector = "log-fine";
    other.cause = "All is well";
    other.evidence = {1};
    evidence_.findings.push_back(other);
  }
  void inspected_as(std::uint32_t version) {
    wall_.rooms[RoomKind::inspect] = [version](RoomSpec&) {
      ModelCard card;
      card.trained_context = 1536;
      card.prompt_version = version;
      return FakeWall::answer(card);
    };
  }
};

TEST_F(OwnModelTest, IsAskedForAFindingAndItsReportIsThatFinding) {
  ThinkJob asked;
  wall_.rooms[RoomKind::think] = [&](RoomSpec& spec) {
    asked = *decode<ThinkJob>(spec.job);
    ThinkResult result;
    result.lines_kept = 2;
    result.tries = {{"findings", R"({"finding":"E002","confidence":"high"})", Stop::complete, 5, 0}};
    return FakeWall::answer(result);
  };
  auto report = run(true);
  ASSERT_TRUE(report) << report.error().what;
  EXPECT_EQ(asked.lines.size(), 2u);
  EXPECT_EQ(report->root_cause, "All is well");
  ASSERT_EQ(report->evidence.size(), 1u);
  EXPECT_EQ(report->evidence[0].quote, "INFO fine");
  EXPECT_TRUE(report->passed());
}

TEST_F(OwnModelTest, IsNotAskedWhereNothingWasFound) {
  evidence_.findings.clear();
  auto report = run(true);
  ASSERT_TRUE(report) << report.error().what;
  EXPECT_THAT(wall_.made, ElementsAre(RoomKind::inspect, RoomKind::read, RoomKind::check));
  EXPECT_EQ(report->verdict, Verdict::insufficient_evidence);
}

TEST_F(OwnModelTest, OfAnotherPromptIsRefusedBeforeItIsAsked) {
  inspected_as(findings_prompt_version + 1);
  auto report = run(true);
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, Code::bad_input);
  EXPECT_THAT(report.error().what, HasSubstr("Carrel's prompt"));
  EXPECT_THAT(wall_.made, ElementsAre(RoomKind::inspect));
}

TEST_F(RunTest, ARecommendationOutOfRangeIsLeftOutAndTold) {
  answers(
      {R"({"evidence":["E001"],"verdict":"fault","root_cause":"disk full","missing":[],"confidence":"low"})"});
  wall_.rooms[RoomKind::inspect] = [](RoomSpec&) {
    ModelCard card;
    card.trained_context = 4096;
    card.top_k = 5'000'000;
    return FakeWall::answer(card);
  };
  auto report = run(true);
  ASSERT_TRUE(report) << report.error().what;
  ASSERT_FALSE(report->stats.left_out.empty());
  EXPECT_THAT(report->stats.left_out[0].reason, HasSubstr("top-k"));
}

TEST_F(RunTest, AnAbsenceIsToldWithTheLineThatStandsOnIt) {
  evidence_.findings[0].searched = {{"secret", "shop", 2}};
  answers(
      {R"({"evidence":["E001"],"verdict":"fault","root_cause":"disk full","missing":[],"confidence":"low"})"});
  auto report = run(true);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->searched, evidence_.findings[0].searched);
}

TEST_F(RunTest, BytesThatAreNoRecordEndTheRun) {
  wall_.rooms[RoomKind::read] = [](RoomSpec&) {
    RoomOutcome outcome;
    outcome.ending = Ending::ok;
    outcome.answer = {MessageType::result, std::string(100, '\xff')};
    return outcome;
  };
  auto report = run();
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, Code::room_refused);
}

TEST_F(RunTest, StoppingEndsItBeforeTheNextRoom) {
  stop_ = true;
  auto report = run();
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, Code::interrupted);
  EXPECT_TRUE(wall_.made.empty());
}

}  // namespace
}  // namespace carrel
