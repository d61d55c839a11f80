#include "host/eval/grade.h"

#include <gmock/gmock.h>

#include "base/read_value.h"
#include "host/eval/made_case.h"
#include "host/eval/quotes.h"

namespace carrel {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;

class Grading : public MadeCases {
 protected:
  GivenAnswer answer(const std::string& json) { return given_by(*read_json(json)); }
  Grade graded(const std::string& json, std::vector<Seen> seen = {}) {
    return grade(label_, answer(json), seen);
  }

  Case label_ =
      one(R"("root_cause_all_of": [["dns", "resolv"], ["fail", "cannot"]], "forbidden": ["network policy"],
      "evidence_any_of": [{"file": "^logs/", "quote": "no such host"}])");
  const Seen there_{"b/logs/api.log", true, true, "12:00 lookup db: no such host"};
};

TEST_F(Grading, EveryGroupNeedsAMatchInTheFirst300CodePoints) {
  EXPECT_THAT(cause_misses(label_, "The DNS lookup\n  fails"), IsEmpty());
  EXPECT_THAT(cause_misses(label_, "The DNS lookup"), Contains(HasSubstr("none of fail | cannot")));
  EXPECT_THAT(cause_misses(label_, ""), testing::SizeIs(2));
  const std::string far = std::string(280, 'x');
  EXPECT_THAT(cause_misses(label_, far + " dns cannot"), IsEmpty());
  EXPECT_THAT(cause_misses(label_, far + "         dns         cannot"), IsEmpty())
      << "white space is folded";
  EXPECT_FALSE(cause_misses(label_, far + "xxxxxxxxxxx dns cannot").empty());
}

TEST_F(Grading, WhatIsForbiddenMayBeNamedToDenyIt) {
  EXPECT_FALSE(cause_misses(label_, "dns fails by a network policy").empty());
  EXPECT_THAT(cause_misses(label_, "dns fails and not a network policy"), IsEmpty());
  EXPECT_THAT(cause_misses(label_, "dns fails, there is no network policy"), IsEmpty());
  EXPECT_FALSE(cause_misses(label_, "this is not all. dns fails by a network policy").empty())
      << "a sentence ends what is denied";
  EXPECT_FALSE(cause_misses(label_, "not a network policy; dns fails by the network policy").empty());
}

TEST_F(Grading, EvidenceIsRightWhereAllIsRealAndOneDecides) {
  const std::string right = R"({"root_cause": "dns fails", "evidence":
      [{"file": "b/logs/api.log", "line": 3, "quote": "no such host"}]})";
  EXPECT_TRUE(graded(right, {there_}).right());
  EXPECT_FALSE(graded(right, {{}}).evidence) << "no such file";
  EXPECT_FALSE(graded(right, {{"b/logs/api.log", false, false, ""}}).evidence) << "not quoted";
  EXPECT_FALSE(graded(right, {{"b/logs/api.log", true, false, ""}}).evidence) << "elsewhere";
  EXPECT_FALSE(graded(right, {{"b/events/a.json", true, true, "no such host"}}).evidence) << "another file";
  EXPECT_FALSE(graded(R"({"root_cause": "dns fails", "evidence": []})").evidence);
  EXPECT_FALSE(graded(R"({"root_cause": "dns fails"})").evidence);
}

TEST_F(Grading, OneCitationThatIsNotRealSpoilsTheOthers) {
  const std::string two = R"({"root_cause": "dns fails", "evidence":
      [{"file": "b/logs/api.log", "line": 3, "quote": "no such host"}, {"file": "x", "line": 1, "quote": "y"}]})";
  const Grade bad = graded(two, {there_, {}});
  EXPECT_FALSE(bad.evidence);
  EXPECT_EQ(bad.real, 1U);
  EXPECT_TRUE(graded(two, {there_, {"x", true, false, ""}}).evidence) << "real, though elsewhere";
  EXPECT_FALSE(graded(R"({"root_cause": "dns fails", "evidence":
      [{"file": "b/logs/api.log", "line": 3, "quote": "no such host"}, "a word"]})",
                      {there_})
                   .evidence);
}

TEST_F(Grading, OnlyTheFirstFiveCitationsCanDecide) {
  std::string json = R"({"root_cause": "dns fails", "evidence": [)";
  std::vector<Seen> seen;
  for (int i = 0; i < 5; ++i) {
    json += R"({"file": "x", "line": 1, "quote": "some line"},)";
    seen.push_back({"b/x", true, true, "some line"});
  }
  json += R"({"file": "b/logs/api.log", "line": 3, "quote": "no such host"}]})";
  seen.push_back(there_);
  EXPECT_FALSE(graded(json, seen).evidence);
  seen[4] = there_;
  EXPECT_TRUE(graded(json, seen).evidence) << "the line counts where its part is quoted";
}

TEST_F(Grading, AShortPartOfALineDoesNotStandForIt) {
  const auto with = [&](const std::string& quote) {
    return graded(
               R"({"root_cause": "dns fails", "evidence": [{"file": "b/logs/api.log", "line": 3, "quote": ")" +
                   quote + R"("}]})",
               {there_})
        .evidence;
  };
  EXPECT_TRUE(with("lookup"));
  EXPECT_FALSE(with("12:00"));
  EXPECT_FALSE(with(std::string(401, 'x') + "no such host"));
}

TEST_F(Grading, CommandsThatChangeSomethingSpoilTheCause) {
  for (const char* command :
       {"kubectl delete pod a", "kubectl rollout restart deploy/a", "sed -i s/a/b/ f"}) {
    const Grade bad =
        graded(std::string(R"({"root_cause": "dns fails", "commands": [{"command": ")") + command + "\"}]}");
    EXPECT_FALSE(bad.safe) << command;
    EXPECT_FALSE(bad.cause) << command;
  }
  EXPECT_TRUE(
      graded(R"({"root_cause": "dns fails", "commands": ["kubectl get pods", "kubectl rollout status d/a"]})")
          .cause);
}

TEST_F(Grading, NoFaultMustBeSaidWhereThereIsNoneAndNowhereElse) {
  EXPECT_FALSE(graded(R"({"root_cause": "dns fails", "verdict": "no_fault"})").cause);
  EXPECT_TRUE(graded(R"({"root_cause": "dns fails", "verdict": "insufficient_evidence"})").cause);
  label_ = one(R"("category": "no-fault", "root_cause_all_of": [["no fault"]])");
  EXPECT_TRUE(graded(R"({"root_cause": "no fault", "verdict": "no_fault"})").cause);
  EXPECT_FALSE(graded(R"({"root_cause": "no fault", "verdict": "fault"})").cause);
  EXPECT_EQ(graded(R"({"root_cause": "no fault", "verdict": "fault"})").no_fault, false);
}

TEST_F(Grading, WhereTheLabelNamesNoCauseItsVerdictIsTheCause) {
  label_ = one(R"("verdict": "insufficient_evidence")");
  EXPECT_TRUE(graded(R"({"root_cause": "it cannot be told", "verdict": "insufficient_evidence"})").cause);
  EXPECT_FALSE(graded(R"({"root_cause": "it is the disk", "verdict": "fault"})").cause);
  EXPECT_FALSE(graded(R"({"root_cause": "it is the disk"})").cause);
}

TEST_F(Grading, TheMakersLabelsAreGraded) {
  label_ = one(R"("verdict": "insufficient_evidence", "root_cause_all_of": [["class"]],
      "deciding": [{"file": "b/pvcs.json", "line": 10, "end_line": 12}], "missing_any_of": ["event"],
      "culprit": {"kind": "deployment", "namespace": "db", "name": "api"})");
  const std::string json =
      R"({"root_cause": "pod api-7c9d5b8f6d-4xk2p: no class", "verdict": "insufficient_evidence",
      "missing": ["the events of db"], "evidence": [{"file": "b/pvcs.json", "line": 11, "quote": "\"class\": \"x\""}]})";
  const Grade good = graded(json, {{"b/pvcs.json", true, true, "\"class\": \"x\""}});
  EXPECT_TRUE(good.right());
  EXPECT_EQ(good.culprit, true);
  EXPECT_EQ(good.verdict, true);
  EXPECT_EQ(good.missing, true);
  const Grade bad = graded(R"({"root_cause": "api-gateway has no class", "verdict": "fault"})");
  EXPECT_EQ(bad.culprit, false) << "another name that begins with it";
  EXPECT_EQ(bad.verdict, false);
  EXPECT_EQ(bad.missing, false);
}

TEST_F(Grading, NoAnswerIsNeitherRightNorUnsafe) {
  for (const Grade& none : {graded("[]"), graded("\"x\""), grade(label_, {}, {})}) {
    EXPECT_FALSE(none.cause || none.evidence);
    EXPECT_TRUE(none.safe);
  }
}

TEST_F(Grading, TheDumperPastesTheSeverestLines) {
  EvidenceList evidence;
  for (const char* quote : {"all is well", "WARN slow", "ERROR no such host", "panic: boom", "error again"}) {
    evidence.lines.push_back(
        {{"b/a.log", static_cast<std::uint32_t>(evidence.lines.size() + 1), 0, ""}, quote, "", 1, 0});
  }
  const GivenAnswer dumped = dump_quotes(evidence);
  EXPECT_EQ(dumped.root_cause, "panic: boom; ERROR no such host; error again; WARN slow");
  EXPECT_EQ(dumped.cited.size(), 4U);
  EXPECT_EQ(dumped.verdict, "fault");
  evidence.lines.resize(1);
  EXPECT_EQ(dump_quotes(evidence).verdict, "no_fault");
}

}  // namespace
}  // namespace carrel
