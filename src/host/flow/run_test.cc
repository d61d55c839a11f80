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
#include "host/ledger/stored_record.h"

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
    if (calibration_) {
      calibration_->playbook = playbook->title();
      playbook->calibration = calibration_;
    }
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
  std::shared_ptr<Calibration> calibration_;  // the playbook's, where there is one

  // A think room that keeps `state`, and notes what it is lent.
  void keeps(const std::string& state) {
    wall_.rooms[RoomKind::think] = [this, state](RoomSpec& spec) {
      const auto job = decode<ThinkJob>(spec.job);
      lent_ = spec.output.valid();
      given_ = spec.inputs.size() > 1 ? *read_all(spec.inputs[1].get(), 1 << 20) : "";
      EXPECT_EQ(job->state.saved_bytes, given_.size());
      EXPECT_EQ(job->state.free_bytes > 0, lent_);
      EXPECT_EQ(job->state.key.size(), lent_ ? 64U : 0U);
      shown_.clear();
      for (const EvidenceLine& line : job->lines) shown_.push_back(line.quote);
      ThinkResult result;
      result.lines_kept = lines_kept_;
      result.tries = {
          {"variant",
           R"({"evidence":["E001"],"verdict":"fault","root_cause":"disk full","missing":[],"confidence":"high"})",
           Stop::complete, 10, 0}};
      result.prompt_tokens = 120;
      result.prefix_tokens = 100;
      result.prefix_reused = given_.empty() ? 0 : 100;
      if (lent_ && given_.empty()) {
        result.state_bytes = state.size();
        EXPECT_EQ(::pwrite(spec.output.get(), state.data(), state.size(), 0),
                  static_cast<ssize_t>(state.size()));
      }
      return FakeWall::answer(result);
    };
  }
  struct Asked {
    std::string tenant = "acme", bundle = "bundle.tar", question = {};
    bool keeps_states = true;
    std::vector<std::pair<std::string, std::string>> settings = {};
  };
  Result<Report> ask(const Asked& asked) {
    auto playbook = load_playbook(CARREL_SOURCE_DIR "/playbooks/explain-logs");
    if (!asked.question.empty()) playbook->question = asked.question;
    auto ledger = Ledger::open(folder_, asked.tenant);
    Settings settings;
    EXPECT_TRUE(settings.set("engine", "llama", Source::flag, "test"));
    EXPECT_TRUE(settings.set("model", folder_ + "/model.gguf", Source::flag, "test"));
    EXPECT_TRUE(settings.set("threads", "2", Source::flag, "test"));
    for (const auto& [name, value] : asked.settings)
      EXPECT_TRUE(settings.set(name, value, Source::flag, "test"));
    RunRequest request{*playbook, folder_ + "/" + asked.bundle, "",
                       settings,  folder_ + "/rooms",           asked.tenant};
    request.keeps_states = asked.keeps_states;
    return run_playbook(request, wall_, *ledger, {}, stop_);
  }
  RunRow last_row() {
    auto ledger = Ledger::open(folder_, "acme");
    auto rows = ledger->runs(1);
    EXPECT_EQ(rows->size(), 1u);
    return rows->at(0);
  }

  std::string folder_;
  bool lent_ = false;               // the last think room had memory to fill
  std::string given_;               // the state that it was given
  std::vector<std::string> shown_;  // quotes of its job
  std::uint32_t lines_kept_ = 2;
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

// What a try was stopped for is told, its vote counts, and its text, which has no end of the model's, is
// never the report.
TEST_F(RunTest, TriesThatWereStoppedVoteAndTheReportTellsTheSupportOfEachClaim) {
  const std::string a =
      R"({"evidence":["E001"],"verdict":"fault","root_cause":"disk full","missing":[],"confidence":"high"})";
  const std::string closed =
      R"({"evidence":["E001","E002"],"verdict":"fault","root_cause":"disk dis","missing":[],"confidence":"low"})";
  wall_.rooms[RoomKind::think] = [&](RoomSpec&) {
    ThinkResult result;
    result.lines_kept = 2;
    result.settled_tokens = 77;
    result.tries = {{"one", closed, Stop::settled, 30, 0}, {"two", a, Stop::complete, 60, 0}};
    return FakeWall::answer(result);
  };
  auto report = run(true);
  ASSERT_TRUE(report) << report.error().what;
  EXPECT_EQ(report->root_cause, "disk full");
  EXPECT_THAT(report->confidence.basis, HasSubstr("2 of 2 tries agree (E001 is cited by 2)"));
  EXPECT_THAT(report->consensus.test, HasSubstr("curtailed sampling: 1 of 2 tries were stopped"));
  EXPECT_THAT(report->consensus.test, HasSubstr("at 77 tokens"));
  EXPECT_EQ(report->tries[0].stop, "agreement settled");
  EXPECT_TRUE(report->tries[0].agrees);
  EXPECT_TRUE(report->tries[1].chosen);
  ASSERT_EQ(report->consensus.claims.size(), 2u);
  EXPECT_EQ(report->consensus.claims[1].claim, "E001");
  EXPECT_EQ(report->consensus.claims[1].tries, 2u);
  EXPECT_TRUE(report->passed());
}

// Guessing ahead is the calibration's to allow, and a replay repeats what it said.
TEST_F(RunTest, TokensAreGuessedAheadWhereTheCalibrationSaysThatItEarns) {
  const std::string answer =
      R"({"evidence":["E001"],"verdict":"fault","root_cause":"disk full","missing":[],"confidence":"high"})";
  std::uint32_t asked = 99;
  wall_.rooms[RoomKind::think] = [&](RoomSpec& spec) {
    asked = decode<ThinkJob>(spec.job)->draft;
    ThinkResult result;
    result.lines_kept = 2;
    result.tries = {{"one", answer, Stop::complete, 60, 0}};
    return FakeWall::answer(result);
  };
  auto first = run(true);
  ASSERT_TRUE(first);
  EXPECT_EQ(asked, 0U);
  calibration_ = std::make_shared<Calibration>();
  calibration_->models = {{"m", first->model_sha256, {}, {6, 100, 90, 15, 10}}};
  ASSERT_TRUE(run(true));
  EXPECT_EQ(asked, 6U);
  EXPECT_THAT(last_row().settings, HasSubstr(R"("draft":{"value":"6","source":"playbook)"));
  calibration_->models[0].drafts.kept = 40;
  ASSERT_TRUE(run(true));
  EXPECT_EQ(asked, 0U);
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
  // What is known without the model is told beside.
  ASSERT_EQ(report->alternatives.size(), 1u);
  EXPECT_EQ(report->alternatives[0].cause, evidence_.findings[0].cause);
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
  ModelCard cards[2];
  cards[0].kv_bytes_per_token = UINT64_MAX / 4;
  cards[1].largest_weight = UINT64_MAX / 4;
  for (const ModelCard& card : cards) {
    wall_.rooms[RoomKind::inspect] = [&card](RoomSpec&) { return FakeWall::answer(card); };
    auto report = run(true);
    ASSERT_FALSE(report);
    EXPECT_EQ(report.error().code, Code::bad_input);
  }
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

TEST_F(RunTest, AStateIsKeptForTheNextRunOfTheSame) {
  keeps("what the engine knew");
  auto first = ask({});
  ASSERT_TRUE(first) << first.error().what;
  EXPECT_TRUE(lent_);
  EXPECT_EQ(given_, "");
  EXPECT_EQ(first->stats.reused_tokens, 0U);
  auto second = ask({.question = "And what else?"});
  ASSERT_TRUE(second) << second.error().what;
  EXPECT_EQ(given_, "what the engine knew");
  EXPECT_EQ(second->stats.reused_tokens, 100U);
  EXPECT_EQ(second->stats.kept_state, "");
  EXPECT_THAT(to_json(*second), HasSubstr("\"prompt_tokens_reused\": 100"));
}

TEST_F(RunTest, AStaleOrForeignStateIsNeverGiven) {
  keeps("what the engine knew");
  ASSERT_TRUE(ask({}));
  std::ofstream(folder_ + "/other.tar") << "other bytes";
  const std::vector<Asked> others = {
      {.tenant = "globex"},
      {.bundle = "other.tar"},
      {.settings = {{"threads", "3"}}},
      {.settings = {{"exact", "true"}}},
      {.settings = {{"template", folder_ + "/bundle.tar"}}},
      {.settings = {{"prefix-mib", "0"}}},
      {.keeps_states = false},
  };
  for (const Asked& other : others) {
    given_ = "not asked";
    ASSERT_TRUE(ask(other));
    EXPECT_EQ(given_, "") << &other - others.data();
  }
  ASSERT_TRUE(ask({}));
  EXPECT_EQ(given_, "what the engine knew") << "and it is still there";
  std::ofstream(folder_ + "/model.gguf") << "other weights";
  ASSERT_TRUE(ask({}));
  EXPECT_EQ(given_, "");
  std::ofstream(folder_ + "/model.gguf") << "any weights";
  ASSERT_TRUE(ask({}));
  EXPECT_EQ(given_, "what the engine knew");
  std::ofstream(folder_ + "/rooms/think-root/carrel-think") << "another program";
  ASSERT_TRUE(ask({}));
  EXPECT_EQ(given_, "");
}

TEST_F(RunTest, WhatMayKeepNoStateIsLentNoMemory) {
  keeps("what the engine knew");
  for (const Asked& asked : {Asked{.keeps_states = false}, Asked{.settings = {{"prefix-mib", "0"}}}}) {
    ASSERT_TRUE(ask(asked));
    EXPECT_FALSE(lent_);
  }
  EXPECT_TRUE(Ledger::open(folder_, "acme")->prefixes()->empty());
}

TEST_F(RunTest, AStateThatWasChangedIsNotGivenAndThatIsTold) {
  keeps("what the engine knew");
  ASSERT_TRUE(ask({}));
  const std::string sha256 = Ledger::open(folder_, "acme")->prefixes()->at(0).sha256;
  std::ofstream(folder_ + "/tenants/acme/objects/" + sha256.substr(0, 2) + "/" + sha256.substr(2)) << "evil";
  auto report = ask({});
  ASSERT_TRUE(report) << report.error().what;
  EXPECT_EQ(given_, "");
  EXPECT_THAT(report->stats.kept_state, HasSubstr("was changed"));
  ASSERT_TRUE(ask({}));
  EXPECT_EQ(given_, "what the engine knew") << "its own was kept instead";
}

TEST_F(RunTest, ARoomThatLiesAboutItsStateEndsTheRun) {
  keeps("what the engine knew");
  ASSERT_TRUE(ask({.bundle = "bundle.tar"}));
  for (const int lie : {0, 1, 2, 3}) {
    wall_.rooms[RoomKind::think] = [lie](RoomSpec& spec) {
      ThinkResult result;
      if (lie == 0) result.state_bytes = decode<ThinkJob>(spec.job)->state.free_bytes + 1;
      if (lie == 1) result.prefix_reused = 1;
      if (lie == 2) result.prefix_tokens = 1;
      if (lie == 3) result.prompt_tokens = result.prefix_tokens = result.prefix_reused = 9;
      return FakeWall::answer(result);
    };
    // The last could be, where there was a state.
    for (const bool keeps_states : {true, false}) {
      if (lie == 3 && keeps_states) continue;
      auto report = ask({.keeps_states = keeps_states});
      ASSERT_FALSE(report) << lie;
      EXPECT_EQ(report.error().code, Code::room_refused);
    }
  }
}

TEST_F(RunTest, AFurtherQuestionBeginsWithWhatTheEarlierOneShowed) {
  keeps("what the engine knew");
  lines_kept_ = 1;
  auto first = ask({});
  ASSERT_TRUE(first);
  const EvidenceLine fresh{{"c.log", 1, 1, ""}, "WARN slow query", "the question's words", 1, 0.95};
  evidence_.lines = {fresh, evidence_.lines[1], evidence_.lines[0]};
  evidence_.findings[0].evidence = {2};
  auto second = ask({.question = "Since when is it slow?", .settings = {{"after", first->run}}});
  ASSERT_TRUE(second) << second.error().what;
  EXPECT_THAT(shown_, ElementsAre("ERROR disk full", "WARN slow query", "INFO fine"));
  EXPECT_EQ(second->after, first->run);
  EXPECT_THAT(to_json(*second), HasSubstr("\"after\": \"" + first->run + "\""));
  EXPECT_EQ(report_from_json(to_json(*second))->after, first->run);
  auto ledger = Ledger::open(folder_, "acme");
  const auto kept = stored_record<EvidenceList>(*ledger, ledger->runs(1)->at(0), "evidence");
  ASSERT_TRUE(kept);
  EXPECT_EQ(kept->findings.at(0).evidence, std::vector<std::uint32_t>{0});
}

TEST_F(RunTest, WhatCannotBeFollowedIsTold) {
  keeps("what the engine knew");
  auto first = ask({});
  ASSERT_TRUE(first);
  const auto follow = [&](Asked asked) {
    asked.settings = {{"after", first->run}};
    return ask(asked);
  };
  auto of_another = follow({.tenant = "globex"});
  ASSERT_FALSE(of_another);
  EXPECT_EQ(of_another.error().what, "tenant globex has no run " + first->run);
  std::ofstream(folder_ + "/other.tar") << "other bytes";
  auto changed = follow({.bundle = "other.tar"});
  ASSERT_FALSE(changed);
  EXPECT_EQ(changed.error().code, Code::bad_input);
  EXPECT_THAT(changed.error().what, HasSubstr("has changed"));
  {
    auto ledger = Ledger::open(folder_, "acme");
    PurgeWish wish;
    wish.subject = first->run;
    ASSERT_TRUE(ledger->purge(wish));
  }
  auto purged = follow({});
  ASSERT_FALSE(purged);
  EXPECT_THAT(purged.error().what, HasSubstr("was purged"));
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
