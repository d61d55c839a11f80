// Evaluations over a wall without rooms: what is kept, what is taken again, what a failed case leads to.
#include "host/eval/evaluate.h"

#include <gmock/gmock.h>

#include "base/fd.h"
#include "host/eval/compare.h"
#include "host/eval/made_case.h"
#include "host/eval/score.h"
#include "host/flow/fake_wall.h"
#include "host/ledger/ledger.h"
#include "record/wire.h"

namespace carrel {
namespace {

using testing::HasSubstr;
using testing::Pair;

class Evaluating : public MadeCases {
 protected:
  Evaluating() {
    std::filesystem::create_directories(folder_ + "/rooms/read-root");
    std::ofstream(folder_ + "/rooms/read-root/program") << "a room";
    std::ofstream(folder_ + "/program") << "this program";
    EvidenceList evidence;
    evidence.format = "test";
    evidence.lines = {{{"b/a.log", 3, 3, ""}, "ERROR disk full", "error level", 1, 0.9}};
    Finding finding;
    finding.detector = "log-disk-full";
    finding.cause = "The disk is full";
    finding.weight = 0.8;
    finding.evidence = {0};
    evidence.findings = {finding};
    wall_.rooms[RoomKind::read] = [evidence](RoomSpec&) { return FakeWall::answer(evidence); };
    wall_.rooms[RoomKind::check] = [](RoomSpec& spec) {
      const auto job = decode<CheckJob>(spec.job);
      CheckResult result;
      result.citations.assign(job->citations.size(), CheckResult::Place::found);
      for (const Lookup& lookup : job->lookups)
        result.seen.push_back({lookup.file, true, true, lookup.quote});
      return FakeWall::answer(result);
    };
  }

  Result<Evaluation> run() {
    auto set = load(R"({"id": "full", "category": "storage", "root_cause_all_of": [["disk"]],
         "evidence_any_of": [{"file": "a.log", "quote": "disk full"}]},
        {"id": "dns", "category": "dns", "root_cause_all_of": [["dns"]],
         "evidence_any_of": [{"file": "a.log", "quote": "no such host"}]})",
                    ids_);
    EXPECT_TRUE(set) << set.error().what;
    auto playbook = load_playbook(CARREL_SOURCE_DIR "/playbooks/explain-logs");
    EXPECT_TRUE(playbook);
    EvalRequest request{
        *playbook, settings_, folder_ + "/rooms", folder_ + "/data", "eval-x", folder_ + "/program", *set};
    request.afresh = afresh_;
    request.answers = answers_;
    wall_.made.clear();
    return evaluate(request, wall_, {}, stop_);
  }
  std::vector<Evaluation> kept() {
    std::vector<std::string> notes;
    auto ledger = Ledger::open_existing(folder_ + "/data", "eval-x");
    EXPECT_TRUE(ledger);
    auto all = earlier_evaluations(folder_ + "/data", *ledger, 10, &notes);
    EXPECT_TRUE(notes.empty());
    return all;
  }

  std::vector<std::string> ids_ = {"full", "dns"};
  Settings settings_;
  FakeWall wall_;
  std::atomic<bool> stop_ = false;
  bool afresh_ = false;
  std::string answers_;
};

TEST_F(Evaluating, EachCaseIsARunThatIsGradedBesideTheFloor) {
  const auto evaluation = run();
  ASSERT_TRUE(evaluation) << evaluation.error().what;
  ASSERT_EQ(evaluation->results.size(), 2U);
  EXPECT_EQ(evaluation->results[0].id, "full") << "in the order of the set";
  EXPECT_TRUE(evaluation->find("full")->grade.right());
  EXPECT_FALSE(evaluation->find("dns")->grade.right());
  EXPECT_EQ(evaluation->find("full")->floors.at(0).first, "quotes");
  EXPECT_TRUE(evaluation->find("full")->floors.at(0).second.right()) << "it pasted the line";
  EXPECT_EQ(evaluation->find("full")->grounds.detector, "log-disk-full");
  EXPECT_EQ(evaluation->find("full")->recall, (std::array<bool, 4>{true, true, true, true}));
  EXPECT_EQ(evaluation->find("dns")->recall, (std::array<bool, 4>{}));
  auto ledger = Ledger::open_existing(folder_ + "/data", "eval-x");
  ASSERT_TRUE(ledger);
  EXPECT_EQ(ledger->runs(10)->size(), 2U);
}

TEST_F(Evaluating, WhatIsTheSameIsTakenFromTheLastOne) {
  const auto first = run();
  const auto second = run();
  ASSERT_TRUE(second);
  EXPECT_TRUE(wall_.made.empty());
  EXPECT_EQ(second->find("full")->kept_from, first->head.id);
  EXPECT_EQ(second->find("full")->run, first->find("full")->run);
  EXPECT_EQ(run()->find("full")->kept_from, first->head.id)
      << "where it was run, and not where it was taken from";
  afresh_ = true;
  EXPECT_EQ(run()->find("full")->kept_from, "");
}

TEST_F(Evaluating, WhatChangedIsRunAgain) {
  const auto expect_all_run = [&](const char* what) {
    const auto evaluation = run();
    ASSERT_TRUE(evaluation);
    EXPECT_EQ(evaluation->find("full")->kept_from, "") << what;
  };
  expect_all_run("the first time");
  std::ofstream(folder_ + "/rooms/read-root/program") << "another room";
  expect_all_run("another build of the rooms");
  std::ofstream(folder_ + "/program") << "another program";
  expect_all_run("another build of carrel");
  ASSERT_TRUE(settings_.set("seed", "7", Source::flag, "test"));
  expect_all_run("another setting");
  EXPECT_NE(run()->find("full")->kept_from, "");
}

TEST_F(Evaluating, AnotherBundleIsRunAgain) {
  ASSERT_TRUE(run());
  ids_ = {"dns"};  // rewritten with the same bytes
  std::ofstream(folder_ + "/full.tar.gz") << "other bytes";
  const auto again = run();
  EXPECT_EQ(again->find("full")->kept_from, "");
  EXPECT_NE(again->find("dns")->kept_from, "");
}

TEST_F(Evaluating, AnInterruptedOneGoesOnWhereItEnded) {
  const auto check = wall_.rooms[RoomKind::check];
  int reads = 0;
  const auto read = wall_.rooms[RoomKind::read];
  wall_.rooms[RoomKind::read] = [&](RoomSpec& spec) {
    if (++reads == 2) {
      stop_ = true;
      RoomOutcome outcome;
      outcome.ending = Ending::interrupted;
      return outcome;
    }
    return read(spec);
  };
  const auto first = run();
  ASSERT_FALSE(first);
  EXPECT_EQ(first.error().code, Code::interrupted);
  ASSERT_EQ(kept().size(), 1U);
  EXPECT_FALSE(kept()[0].finished);
  EXPECT_EQ(kept()[0].results.size(), 1U);
  stop_ = false;
  const auto second = run();
  ASSERT_TRUE(second);
  EXPECT_NE(second->find("full")->kept_from, "");
  EXPECT_EQ(second->find("dns")->kept_from, "");
  EXPECT_EQ(reads, 3);
  ASSERT_EQ(kept().size(), 1U) << "the interrupted one is a part of it";
  EXPECT_TRUE(kept()[0].finished);
}

TEST_F(Evaluating, ACaseThatCannotBeRunIsNoAnswerAndIsTriedAgain) {
  const auto read = wall_.rooms[RoomKind::read];
  wall_.rooms[RoomKind::read] = [](RoomSpec&) {
    return FakeWall::answer(Refused{Code::bad_input, "it is encrypted", ""}, MessageType::refused);
  };
  const auto failed = run();
  ASSERT_TRUE(failed);
  EXPECT_THAT(failed->find("full")->error, HasSubstr("it is encrypted"));
  EXPECT_EQ(failed->find("full")->exit_status, 4);
  EXPECT_FALSE(failed->find("full")->grade.cause);
  EXPECT_EQ(score(grades_of(*failed, "")).right.all, 2U);
  wall_.rooms[RoomKind::read] = read;
  EXPECT_TRUE(run()->find("full")->grade.right());
}

TEST_F(Evaluating, AnswersOfAnotherProgramAreGradedWithoutARun) {
  answers_ = folder_ + "/answers";
  std::filesystem::create_directories(answers_);
  std::ofstream(answers_ + "/full.json") << R"({"root_cause": "the disk",
      "evidence": [{"file": "b/a.log", "line": 3, "quote": "disk full"}],
      "confidence": {"score": 0.7, "grounds": {"detector": "log-disk-full", "weight": 0.61}}, "passed": false})";
  const auto evaluation = run();
  ASSERT_TRUE(evaluation);
  EXPECT_EQ(evaluation->find("full")->confidence, 0.7);
  EXPECT_EQ(evaluation->find("full")->grounds.weight, 0.61);
  EXPECT_EQ(score(grades_of(*evaluation, "")).checked.right, 0U);
  EXPECT_EQ(score(grades_of(*evaluation, "")).checked.all, 1U) << "the other has no answer";
  EXPECT_TRUE(evaluation->find("full")->grade.right());
  EXPECT_NE(evaluation->find("dns")->error, "");
  EXPECT_EQ(wall_.made, (std::vector<RoomKind>{RoomKind::check}));
  EXPECT_EQ(evaluation->head.label(), "answers");
}

TEST_F(Evaluating, WhatBecameWorseIsToldWithItsReason) {
  const auto before = run();
  wall_.rooms[RoomKind::check] = [](RoomSpec& spec) {
    const auto job = decode<CheckJob>(spec.job);
    CheckResult result;
    result.citations.assign(job->citations.size(), CheckResult::Place::found);
    result.seen.assign(job->lookups.size(), Seen{});
    return FakeWall::answer(result);
  };
  afresh_ = true;
  const auto now = run();
  const Comparison worse = compare(*before, *now);
  ASSERT_EQ(worse.worse.size(), 1U);
  EXPECT_EQ(worse.worse[0].id, "full");
  EXPECT_EQ(worse.worse[0].what, "evidence");
  EXPECT_EQ(worse.worse[0].why, "no such file: b/a.log");
  EXPECT_EQ(worse.same, 1U);
  EXPECT_EQ(compare(*now, *before).better.size(), 1U);
  const auto all = kept();
  EXPECT_EQ(choose_earlier(all, *now, "")->head.id, before->head.id);
  EXPECT_EQ(choose_earlier(all, *now, "9"), nullptr);
  EXPECT_TRUE(others(all, *now, 8).empty()) << "made with the same";
}

TEST_F(Evaluating, ACheckRoomThatAnswersTooLittleFailsTheCase) {
  wall_.rooms[RoomKind::check] = [](RoomSpec& spec) {
    const auto job = decode<CheckJob>(spec.job);
    CheckResult result;
    result.citations.assign(job->citations.size(), CheckResult::Place::found);
    return FakeWall::answer(result);
  };
  EXPECT_THAT(run()->find("full")->error, HasSubstr("answered too little"));
}

}  // namespace
}  // namespace carrel
