#include "record/agreement.h"

#include <gtest/gtest.h>

namespace carrel {
namespace {

Vote vote(Verdict verdict, std::vector<std::string> evidence, std::vector<Command> commands = {}) {
  Answer answer;
  answer.verdict = verdict;
  answer.evidence = std::move(evidence);
  answer.commands = std::move(commands);
  return {std::move(answer)};
}

TEST(Agreement, ChoosesWhatMostAgreeWith) {
  const Agreement found = agreement_of(
      {vote(Verdict::fault, {"E009"}), vote(Verdict::fault, {"E001", "E002"}, {{"a", ""}, {"b", ""}}),
       vote(Verdict::fault, {"E002", "E003"}, {{"b", ""}}), vote(Verdict::no_fault, {"E001", "E002"})});
  EXPECT_EQ(found.chosen, 1U);
  EXPECT_EQ(found.count, 2U);
  EXPECT_EQ(found.voted, 4U);
  EXPECT_EQ(found.agrees, (std::vector<bool>{false, true, true, false}));
  EXPECT_EQ(found.support.at("E001"), 2U);
  EXPECT_EQ(found.support.at("E002"), 3U);
  EXPECT_EQ(found.commands.at("a"), 1U);
  EXPECT_EQ(found.commands.at("b"), 2U);
}

TEST(Agreement, CountsAClaimOnceHoweverOftenAnAnswerSaysIt) {
  const Agreement found = agreement_of({vote(Verdict::fault, {"E001"}, {{"a", "once"}, {"a", "twice"}}),
                                        vote(Verdict::fault, {"E001"}, {{"a", ""}})});
  EXPECT_EQ(found.commands.at("a"), 2U);
}

TEST(Agreement, PrefersTheFirstOfEqualsAndNeedsSharedLines) {
  const Agreement apart = agreement_of({vote(Verdict::fault, {"E001"}), vote(Verdict::fault, {"E002"})});
  EXPECT_EQ(apart.chosen, 0U);
  EXPECT_EQ(apart.count, 1U);
  const Agreement wide = agreement_of({vote(Verdict::fault, {"E001", "E002", "E003", "E004", "E005"}),
                                       vote(Verdict::fault, {"E005", "E006", "E007", "E008", "E009"})});
  EXPECT_EQ(wide.count, 1U);
  const Agreement none =
      agreement_of({vote(Verdict::insufficient_evidence, {}), vote(Verdict::insufficient_evidence, {})});
  EXPECT_EQ(none.count, 2U);
}

TEST(Agreement, PassesOverTriesWithoutAnswer) {
  const Agreement found = agreement_of({{}, vote(Verdict::fault, {"E001"}), {}});
  EXPECT_EQ(found.chosen, 1U);
  EXPECT_EQ(found.voted, 1U);
  EXPECT_EQ(found.agrees, (std::vector<bool>{false, true, false}));
  EXPECT_EQ(agreement_of({{}}).count, 0U);
}

// A try that was stopped counts for what it says, and never stands for the others: its text has no end.
TEST(Agreement, AStoppedTryVotesAndIsNeverChosen) {
  Vote stopped = vote(Verdict::fault, {"E001"});
  stopped.whole = false;
  const Agreement found =
      agreement_of({stopped, vote(Verdict::fault, {"E002"}), vote(Verdict::fault, {"E001"}, {{"a", ""}})});
  EXPECT_EQ(found.chosen, 2U);
  EXPECT_EQ(found.count, 2U);
  EXPECT_EQ(found.voted, 3U);
  EXPECT_EQ(found.whole, 2U);
  EXPECT_EQ(found.support.at("E001"), 2U);
  EXPECT_EQ(found.commands.at("a"), 1U);
  EXPECT_EQ(agreement_of({stopped}).count, 0U);
}

TEST(Agreement, AVoteIsHeldOnceEvidenceAndVerdictHaveEnded) {
  const std::string whole =
      R"({"note":"\"verdict\":\"fault\"","evidence":["E001","E]02"],"inner":{"verdict":"x"},"verdict":"fault","cause":"x"})";
  const std::size_t end = whole.find(R"("fault","cause")") + 7;
  for (std::size_t size = 0; size <= whole.size(); ++size) {
    EXPECT_EQ(holds_vote(std::string_view(whole).substr(0, size)), size >= end) << size;
  }
  const std::string other_order = R"({"verdict":"fault","evidence":[{"id":"E001"}],)";
  EXPECT_TRUE(holds_vote(other_order));
  EXPECT_FALSE(holds_vote(std::string_view(other_order).substr(0, other_order.size() - 2)));
  EXPECT_FALSE(holds_vote(R"({"finding":"verdict","confidence":"evidence"})"));
}

}  // namespace
}  // namespace carrel
