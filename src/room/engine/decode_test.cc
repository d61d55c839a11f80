#include "room/engine/decode.h"

#include <algorithm>
#include <cctype>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "record/agreement.h"
#include "record/schema.h"
#include "room/constrain/automaton.h"
#include "room/engine/fake_engine_reference.h"
#include "room/engine/plain_tokens.h"
#include "room/engine/schedule.h"

namespace carrel {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr const char* test_schema = R"({
  "type": "object", "additionalProperties": false, "required": ["evidence", "verdict", "cause"],
  "properties": {
    "evidence": {"type": "array", "minItems": 0, "maxItems": 3, "uniqueItems": true,
                 "items": {"type": "string", "x-carrel-set": "evidence"}},
    "verdict": {"type": "string", "enum": ["fault", "no_fault", "insufficient_evidence"]},
    "cause": {"type": "string", "minLength": 1, "maxLength": 300}}})";

std::shared_ptr<const Grammar> grammar(const char* text = test_schema, std::size_t evidence = 12) {
  const auto schema = parse_schema(text, nullptr);
  EXPECT_TRUE(schema) << schema.error().what;
  const auto compiled = compile(**schema, evidence, {}, {});
  EXPECT_TRUE(compiled) << compiled.error().what;
  return *compiled;
}

// A run of one or more tries over a fake engine; each try's script is what its model wants to say, answered
// or not.
struct Scene {
  explicit Scene(std::vector<std::string> answers,
                 std::vector<FakeToken> tokens = FakeEngine::bytes_and({"{\"", "\":\"", "\":[\"", "\",\"",
                                                                        "\"],\"", "evidence", "verdict",
                                                                        "cause", "fault", "E0", "no_",
                                                                        "broken", " broken"}))
      : wanted(std::move(answers)),
        engine(std::move(tokens), [this](std::uint32_t sequence, const std::string& text) {
          const std::size_t at = text.find("\nA:");
          const std::string written = at == std::string::npos ? "" : text.substr(at + 3);
          const std::string& whole = wanted[sequence];
          // Where the constraint has led elsewhere, the model goes on with what comes at the same place of
          // its script.
          return written.size() < whole.size() ? whole.substr(written.size())
                                               : whole.substr(whole.size() - 1);
        }) {}

  Result<Decoded> go(std::uint32_t batch = 64) {
    const TokenTrie trie(all_bytes(engine));
    std::vector<DecodeTry> tries;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      tries.push_back({"try " + std::to_string(i),
                       engine.tokenise("question " + std::to_string(i) + "\nA:", false), start(rules)});
    }
    EXPECT_TRUE(engine.open({.context = 4096,
                             .sequence = 4096,
                             .sequences = static_cast<std::uint32_t>(wanted.size()),
                             .batch = batch,
                             .threads = 1}));
    const Tokens prefix = engine.tokenise(shared, false);
    engine.sequences_[0].assign(prefix.begin(), prefix.begin() + static_cast<long>(there));
    return decode(engine, trie, prefix, std::move(tries), batch, settings,
                  [this](const std::string& stage, std::uint64_t done, std::uint64_t total) {
                    EXPECT_LE(done, total);
                    stages.push_back(stage);
                  });
  }

  std::string shared = "the shared evidence\n";  // one token a byte
  std::size_t there = 0;                         // of it, before anything is read
  std::vector<std::string> wanted;
  FakeEngine engine;
  std::shared_ptr<const Grammar> rules = grammar();
  DecodeSettings settings;
  std::vector<std::string> stages;
};

constexpr const char* good_answer =
    R"({"evidence":["E003","E001"],"verdict":"fault","cause":"it is broken"})";

TEST(Decode, WritesWhatTheModelWantsWhereItIsAllowed) {
  Scene run({good_answer});
  const auto decoded = run.go();
  ASSERT_TRUE(decoded) << decoded.error().what;
  ASSERT_EQ(decoded->tries.size(), 1U);
  EXPECT_EQ(decoded->tries[0].json, good_answer);
  EXPECT_EQ(decoded->tries[0].stop, Stop::complete);
  EXPECT_GT(decoded->tries[0].forced_tokens, 0U);
  EXPECT_LT(decoded->tries[0].forced_tokens, decoded->tries[0].tokens);
  EXPECT_THAT(run.stages, testing::Contains("prefill"));
  EXPECT_THAT(run.stages, testing::Contains("decoding"));
}

// What a saved state stands for is not read again, and all after it is read in the same batches.
TEST(Decode, GoesOnFromABeginningThatIsThere) {
  const std::uint32_t batch = 4;
  Scene cold({good_answer, good_answer});
  const auto all = cold.go(batch);
  ASSERT_TRUE(all) << all.error().what;
  const std::size_t length = cold.engine.tokenise(cold.shared, false).size();
  for (const std::size_t there : {std::size_t{3}, std::size_t{9}, length}) {
    Scene warm({good_answer, good_answer});
    warm.there = there;
    bool held = false;
    warm.settings.prefilled = [&] {
      held = warm.engine.tokenise(warm.shared, false) == warm.engine.sequences_[0] &&
             warm.engine.sequences_[1].empty();
    };
    const auto rest = warm.go(batch);
    ASSERT_TRUE(rest) << rest.error().what;
    EXPECT_TRUE(held);
    EXPECT_EQ(rest->tries[0].json, all->tries[0].json);
    EXPECT_EQ(rest->tries[1].json, all->tries[1].json);
    std::size_t saved = 0;  // calls that read it
    for (std::size_t done = 0; done < there; ++saved) done = next_border(done, length, batch);
    EXPECT_EQ(std::vector(cold.engine.calls_.begin() + static_cast<long>(saved), cold.engine.calls_.end()),
              warm.engine.calls_);
  }
}

TEST(Decode, KeepsAModelThatWantsProseInsideTheSchema) {
  Scene run({"Sure! Here is the root cause of it all, with no JSON whatsoever. 0123456789 0123456789 E999"});
  const auto decoded = run.go();
  ASSERT_TRUE(decoded) << decoded.error().what;
  EXPECT_THAT(decoded->tries[0].json, StartsWith("{\"evidence\":["));
  const auto constraint = start(run.rules);
  EXPECT_TRUE(constraint->accept(decoded->tries[0].json));
  EXPECT_TRUE(constraint->finished());
}

TEST(Decode, NeverWritesAnIdThatWasNotKept) {
  Scene run({R"({"evidence":["E099","E013","E012"],"verdict":"fault","cause":"x"})"});
  const auto decoded = run.go();
  ASSERT_TRUE(decoded) << decoded.error().what;
  EXPECT_THAT(decoded->tries[0].json, Not(HasSubstr("E099")));
  EXPECT_THAT(decoded->tries[0].json, Not(HasSubstr("E013")));
  EXPECT_THAT(decoded->tries[0].json, HasSubstr("E012"));
}

TEST(Decode, ReadsTheSharedBeginningOnceForAllTries) {
  Scene run({good_answer, R"({"evidence":[],"verdict":"insufficient_evidence","cause":"nothing here tells"})",
             good_answer});
  const auto decoded = run.go();
  ASSERT_TRUE(decoded) << decoded.error().what;
  EXPECT_EQ(decoded->tries[0].json, run.wanted[0]);
  EXPECT_EQ(decoded->tries[1].json, run.wanted[1]);
  EXPECT_EQ(decoded->tries[2].json, run.wanted[2]);
  const std::size_t prefix = run.engine.tokenise("the shared evidence\nquestion ", false).size();
  std::size_t sequences = 0;
  for (const Tokens& sequence : run.engine.sequences_) sequences += sequence.size();
  // What is counted in three sequences was fed once. Tokens taken back were fed, too.
  EXPECT_GE(run.engine.extended_, sequences - 2 * prefix);
  EXPECT_LT(run.engine.extended_, sequences - 2 * prefix + 60);
}

TEST(Decode, OneTryIsTheSameAloneAndBesideOthers) {
  Scene alone({good_answer});
  Scene beside({good_answer, R"({"evidence":[],"verdict":"no_fault","cause":"all is well"})"});
  const auto one = alone.go();
  const auto two = beside.go();
  ASSERT_TRUE(one && two);
  EXPECT_EQ(one->tries[0].json, two->tries[0].json);
  EXPECT_EQ(one->tries[0].tokens, two->tries[0].tokens);
}

TEST(Decode, TheSameJobMakesTheSameBatches) {
  Scene first({good_answer, "prose"});
  Scene second({good_answer, "prose"});
  ASSERT_TRUE(first.go() && second.go());
  EXPECT_EQ(first.engine.calls_, second.engine.calls_);
}

TEST(Decode, CutsWhatWaitsToTheSizeOfABatch) {
  Scene wide({good_answer, good_answer, good_answer});
  Scene narrow({good_answer, good_answer, good_answer});
  const auto one = wide.go(64);
  const auto other = narrow.go(4);  // the fake refuses a batch over its size
  ASSERT_TRUE(one) << one.error().what;
  ASSERT_TRUE(other) << other.error().what;
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(one->tries[i].json, other->tries[i].json);
}

// Trap: forced text tokenised alone is cut in other pieces than in its place.
TEST(Decode, ForcedTextIsCutAsItWouldBeInOnePiece) {
  // "fault" and what is forced after it, `","cause":"`, have a token over their border.
  Scene run({R"({"evidence":[],"verdict":"fault","cause":"broken"})"},
            FakeEngine::bytes_and({"faul", "t\",\"", "cause", "\":\"", "{\"evidence", "\":["}));
  const auto decoded = run.go();
  ASSERT_TRUE(decoded) << decoded.error().what;
  EXPECT_EQ(decoded->tries[0].json, run.wanted[0]);
  const Tokens& sequence = run.engine.sequences_[0];
  EXPECT_THAT(sequence, testing::Contains(run.engine.tokenise("t\",\"", false)[0]));
  std::string fed;
  for (Token token : sequence) fed += run.engine.bytes(token);
  EXPECT_THAT(fed, HasSubstr("\nA:{\"evidence\":["));
  EXPECT_THAT(run.wanted[0], StartsWith(fed.substr(fed.find("\nA:") + 3)));
}

// Forced text appended in a batch leaves the same tokens as writing the answer one token after the other
// would, whatever the vocabulary's pieces.
TEST(Decode, ItsTokensAreThoseOfThePlainTokenizer) {
  const std::string answers[] = {
      good_answer, R"({"evidence":[],"verdict":"no_fault","cause":"all is well"})",
      R"({"evidence":["E012"],"verdict":"insufficient_evidence","cause":"a \"b\" é"})"};
  for (unsigned seed = 1; seed <= 40; ++seed) {
    std::mt19937 random(seed);
    // Pieces of words, and JSON's marks as vocabularies have them.
    std::vector<std::string> pieces = {"{\"", "\":", "\":\"", "\":[", "\",\"", "],\""};
    while (pieces.size() < 60) {
      const std::string& answer = answers[random() % std::size(answers)];
      const std::string piece = answer.substr(random() % answer.size(), 2 + random() % 7);
      if (std::all_of(piece.begin(), piece.end(), [](char c) { return std::isalpha(c) != 0; }))
        pieces.push_back(piece);
    }
    for (const std::string& answer : answers) {
      Scene run({answer}, FakeEngine::bytes_and(pieces));
      const auto decoded = run.go();
      ASSERT_TRUE(decoded) << decoded.error().what;
      ASSERT_EQ(decoded->tries[0].json, answer);
      const Tokens plain = run.engine.tokenise(answer, false);
      EXPECT_EQ(decoded->tries[0].tokens, plain.size()) << seed;
      const Tokens& fed = run.engine.sequences_[0];
      const std::size_t before = run.engine.tokenise("the shared evidence\n", false).size() +
                                 run.engine.tokenise("question 0\nA:", false).size();
      ASSERT_LE(fed.size() - before, plain.size());  // what ends an answer is not fed any more
      EXPECT_TRUE(std::equal(fed.begin() + static_cast<std::ptrdiff_t>(before), fed.end(), plain.begin()))
          << seed;
      EXPECT_GT(decoded->tries[0].forced_tokens, 0U);
    }
  }
}

TEST(Decode, ForcedTextIsWholeWhereTokensCannotBeTakenBack) {
  Scene run({R"({"evidence":[],"verdict":"fault","cause":"broken"})"},
            FakeEngine::bytes_and({"faul", "t\",\"", "cause", "\":\"", "{\"evidence", "\":["}));
  run.engine.can_truncate_ = false;
  const auto decoded = run.go();
  ASSERT_TRUE(decoded) << decoded.error().what;
  EXPECT_EQ(decoded->tries[0].json, run.wanted[0]);
}

TEST(Decode, TokenizersThatPutASpaceBeforeEveryTextDoNoHarm) {
  Scene run({good_answer});
  run.engine.space_before_ = true;
  const auto decoded = run.go();
  ASSERT_TRUE(decoded) << decoded.error().what;
  EXPECT_EQ(decoded->tries[0].json, good_answer);
}

// Trap: a prefix is not a report.
TEST(Decode, EveryCapLeavesAValidAnswerAndSaysThatItWasCut) {
  Scene measure({good_answer});
  const auto whole = measure.go();
  ASSERT_TRUE(whole);
  std::uint32_t cut = 0, complete = 0;
  for (std::uint32_t cap = 1; cap <= whole->tries[0].tokens + 12; ++cap) {
    Scene run(
        {R"({"evidence":["E003","E001","E002"],"verdict":"insufficient_evidence","cause":"it is broken and so on"})"});
    run.settings.output_tokens = cap;
    const auto decoded = run.go();
    if (!decoded) {
      EXPECT_EQ(decoded.error().code, Code::does_not_fit);
      EXPECT_THAT(decoded.error().what, HasSubstr("the cap is " + std::to_string(cap)));
      continue;
    }
    const Try& tried = decoded->tries[0];
    EXPECT_LE(tried.tokens, cap);
    (tried.stop == Stop::complete ? complete : cut) += 1;
    if (tried.stop != Stop::complete) {
      EXPECT_EQ(tried.stop, Stop::tokens);
    }
    const auto constraint = start(run.rules);
    ASSERT_TRUE(constraint->accept(tried.json)) << cap << " " << tried.json;
    EXPECT_TRUE(constraint->finished()) << cap << " " << tried.json;
  }
  EXPECT_GT(cut, 5U);
}

TEST(Decode, ALoopEndsTheTry) {
  std::string loop;
  for (int i = 0; i < 60; ++i) loop += "no ";
  Scene run({R"({"evidence":[],"verdict":"fault","cause":")" + loop + "\"}"});
  const auto decoded = run.go();
  ASSERT_TRUE(decoded) << decoded.error().what;
  EXPECT_EQ(decoded->tries[0].stop, Stop::repetition);
  const auto constraint = start(run.rules);
  EXPECT_TRUE(constraint->accept(decoded->tries[0].json) && constraint->finished());
}

TEST(Decode, ALoopIsFourTimesTheSameAndLong) {
  const auto repeated = [](const Tokens& piece, std::size_t times) {
    Tokens all = {900, 901, 902};
    for (std::size_t i = 0; i < times; ++i) all.insert(all.end(), piece.begin(), piece.end());
    return all;
  };
  EXPECT_FALSE(ends_in_a_loop({}));
  EXPECT_FALSE(ends_in_a_loop(repeated({1}, 31)));
  EXPECT_TRUE(ends_in_a_loop(repeated({1}, 32)));
  EXPECT_FALSE(ends_in_a_loop(repeated({1, 2, 3}, 10)));
  EXPECT_TRUE(ends_in_a_loop(repeated({1, 2, 3}, 11)));
  Tokens sixteen;
  for (Token i = 0; i < 16; ++i) sixteen.push_back(i);
  EXPECT_FALSE(ends_in_a_loop(repeated(sixteen, 3)));
  EXPECT_TRUE(ends_in_a_loop(repeated(sixteen, 4)));
  Tokens longest;
  for (Token i = 0; i < 64; ++i) longest.push_back(i);
  EXPECT_FALSE(ends_in_a_loop(repeated(longest, 3)));
  EXPECT_TRUE(ends_in_a_loop(repeated(longest, 4)));
  longest.push_back(64);
  EXPECT_FALSE(ends_in_a_loop(repeated(longest, 4)));
}

TEST(Decode, TheClockEndsAllTriesWithWhatTheyHave) {
  for (std::size_t calls = 0; calls < 12; ++calls) {
    Scene run({good_answer, good_answer});
    run.engine.calls_until_deadline_ = calls;
    const auto decoded = run.go();
    ASSERT_TRUE(decoded) << decoded.error().what;
    for (const Try& tried : decoded->tries) {
      if (tried.stop == Stop::complete) continue;
      EXPECT_EQ(tried.stop, Stop::time);
      const auto constraint = start(run.rules);
      EXPECT_TRUE(constraint->accept(tried.json) && constraint->finished()) << tried.json;
    }
  }
}

// Trap: an end-of-generation token is no text, so the model cannot end before the answer does.
TEST(Decode, TheModelCannotEndEarlyNorWriteASpecialToken) {
  std::vector<FakeToken> tokens = FakeEngine::bytes_and({"fault"});
  tokens.push_back({"<|end|>", FakeToken::Kind::control});
  tokens.push_back({"<tool>", FakeToken::Kind::user_defined});
  Scene run({R"({"evidence":[],"verdict":"fault","cause":"<|end|> and <tool> are only text"})"}, tokens);
  const auto decoded = run.go();
  ASSERT_TRUE(decoded) << decoded.error().what;
  EXPECT_EQ(decoded->tries[0].json, run.wanted[0]);  // letter by letter
  const Tokens& fed = run.engine.sequences_[0];
  EXPECT_THAT(fed, Not(testing::Contains(static_cast<Token>(tokens.size() - 1))));
  EXPECT_THAT(fed, Not(testing::Contains(static_cast<Token>(tokens.size() - 2))));
}

// Trap: models pad their logits beyond the vocabulary.
TEST(Decode, PaddedLogitsAreNeverChosen) {
  Scene run({good_answer});
  run.engine.padding_ = 7;
  const auto decoded = run.go();
  ASSERT_TRUE(decoded) << decoded.error().what;
  EXPECT_EQ(decoded->tries[0].json, good_answer);
}

TEST(Decode, WritesWholeCharactersOnly) {
  Scene run(
      {"{\"evidence\":[],\"verdict\":\"fault\",\"cause\":\"gr\xc3\xbc\xc3\x9f\x65 \xe2\x82\xac "
       "\xf0\x9f\x94\xa5\"}"});
  const auto decoded = run.go();
  ASSERT_TRUE(decoded) << decoded.error().what;
  EXPECT_EQ(decoded->tries[0].json, run.wanted[0]);
}

std::string answer_of(const std::string& ids, const std::string& verdict, const std::string& cause) {
  return R"({"evidence":[)" + ids + R"(],"verdict":")" + verdict + R"(","cause":")" + cause + R"("})";
}

Agreement agreement_of_tries(const std::vector<Try>& tries) {
  std::vector<Vote> votes;
  for (const Try& each : tries) {
    votes.emplace_back();
    votes.back().whole = each.stop == Stop::complete;
    if (each.stop == Stop::complete || each.stop == Stop::settled)
      votes.back().answer = *parse_answer(each.json);
  }
  return agreement_of(votes);
}

constexpr const char* long_cause =
    "the volume of the database cannot be bound, since its class names a provisioner that nobody runs here";

TEST(DecodeEarlyStop, OnlyTheChosenTryIsWrittenOnOnceAllVotesAreKnown) {
  const std::vector<std::string> wanted = {answer_of(R"("E009")", "no_fault", long_cause),
                                           answer_of(R"("E001","E003")", "fault", long_cause),
                                           answer_of(R"("E003")", "fault", long_cause)};
  Scene all(wanted), early(wanted);
  early.settings.early_stop = true;
  const auto whole = all.go();
  const auto decoded = early.go();
  ASSERT_TRUE(whole && decoded);
  EXPECT_EQ(whole->settled_tokens, 0U);
  EXPECT_EQ(decoded->tries[1].json, wanted[1]);
  EXPECT_EQ(decoded->tries[1].stop, Stop::complete);
  EXPECT_LT(early.engine.extended_, all.engine.extended_ / 2 + 60);
  EXPECT_GT(decoded->settled_tokens, 0U);
  for (const std::size_t stopped : {0U, 2U}) {
    EXPECT_EQ(decoded->tries[stopped].stop, Stop::settled);
    EXPECT_LT(decoded->tries[stopped].tokens, whole->tries[stopped].tokens);
    const auto constraint = start(early.rules);
    EXPECT_TRUE(constraint->accept(decoded->tries[stopped].json) && constraint->finished());
  }
  EXPECT_EQ(agreement_of_tries(decoded->tries).count, 2U);
}

// The bound of the test: no error.
TEST(DecodeEarlyStop, ChoosesWhatAllTriesWrittenToTheirEndChoose) {
  std::mt19937 random(11);
  const char* const verdicts[] = {"fault", "no_fault", "insufficient_evidence"};
  std::size_t stopped = 0;
  for (int round = 0; round < 200; ++round) {
    std::vector<std::string> wanted;
    for (std::size_t tries = 2 + random() % 4; tries > 0; --tries) {
      std::string ids;
      std::vector<int> all = {1, 2, 3, 4};
      std::shuffle(all.begin(), all.end(), random);
      for (std::size_t count = random() % 4, i = 0; i < count; ++i)
        ids += (i > 0 ? ",\"E00" : "\"E00") + std::to_string(all[i]) + '"';
      wanted.push_back(
          answer_of(ids, verdicts[random() % 3], std::string(long_cause).substr(0, 1 + random() % 100)));
    }
    Scene all(wanted), early(wanted), again(wanted);
    early.settings.early_stop = again.settings.early_stop = true;
    const auto whole = all.go();
    const auto decoded = early.go();
    const auto replayed = again.go();
    ASSERT_TRUE(whole && decoded && replayed);
    const Agreement expected = agreement_of_tries(whole->tries), got = agreement_of_tries(decoded->tries);
    EXPECT_EQ(got.chosen, expected.chosen);
    EXPECT_EQ(got.agrees, expected.agrees);
    EXPECT_EQ(got.support, expected.support);
    EXPECT_EQ(decoded->tries[got.chosen].json, whole->tries[got.chosen].json);
    EXPECT_EQ(early.engine.calls_, again.engine.calls_);
    stopped += decoded->settled_tokens > 0;
  }
  EXPECT_GT(stopped, 100U);
}

TEST(DecodeEarlyStop, TheNextGoesOnWhereTheChosenComesToNoAnswer) {
  std::string loop;
  for (int i = 0; i < 60; ++i) loop += "no ";
  Scene run({answer_of(R"("E001")", "fault", loop), answer_of(R"("E001")", "fault", long_cause),
             answer_of(R"("E002")", "fault", long_cause)});
  run.settings.early_stop = true;
  const auto decoded = run.go();
  ASSERT_TRUE(decoded) << decoded.error().what;
  EXPECT_EQ(decoded->tries[0].stop, Stop::repetition);
  EXPECT_EQ(decoded->tries[1].json, run.wanted[1]);
  EXPECT_EQ(decoded->tries[1].stop, Stop::complete);
  EXPECT_EQ(decoded->tries[2].stop, Stop::settled);
}

TEST(DecodeEarlyStop, WhereTheClockEndsItNoTryPassesForAVote) {
  for (std::size_t calls = 1; calls < 60; ++calls) {
    Scene run({answer_of(R"("E001")", "fault", long_cause), answer_of(R"("E001")", "fault", long_cause)});
    run.settings.early_stop = true;
    run.engine.calls_until_deadline_ = calls;
    const auto decoded = run.go();
    ASSERT_TRUE(decoded) << decoded.error().what;
    for (const Try& tried : decoded->tries) EXPECT_EQ(tried.stop, Stop::time);
  }
}

TEST(DecodeEarlyStop, AnswersWithoutAVoteAreWrittenToTheirEnd) {
  Scene run({R"({"cause":"one thing"})", R"({"cause":"quite another thing than that"})"});
  run.rules = grammar(R"({"type":"object","additionalProperties":false,"required":["cause"],
                          "properties":{"cause":{"type":"string","minLength":1,"maxLength":80}}})");
  run.settings.early_stop = true;
  const auto decoded = run.go();
  ASSERT_TRUE(decoded) << decoded.error().what;
  EXPECT_EQ(decoded->settled_tokens, 0U);
  for (std::size_t i = 0; i < 2; ++i) EXPECT_EQ(decoded->tries[i].json, run.wanted[i]);
}

// Whatever is guessed, right or wrong, the answers are those without guesses, token for token.
TEST(DecodeDraft, WritesWhatIsWrittenWithoutGuesses) {
  const std::string log =
      "[E001] the volume of the database cannot be bound\n[E002] its class names a provisioner that nobody "
      "runs\n";
  const char* const quoted[] = {"the volume of the database cannot be bound",
                                "a provisioner that nobody runs", "the volume of the day and a provisioner",
                                "it is broken"};
  std::mt19937 random(3);
  DraftCounts all;
  for (int round = 0; round < 120; ++round) {
    std::vector<std::string> wanted;
    for (std::size_t tries = 1 + random() % 3; tries > 0; --tries) {
      const std::string cause = std::string(quoted[random() % 4]) + ", " + quoted[random() % 4];
      wanted.push_back(answer_of(random() % 2 == 0 ? R"("E001","E002")" : "", "fault", cause));
    }
    const auto go = [&](std::uint32_t draft, std::uint32_t batch) {
      Scene run(wanted);
      run.shared = log;
      run.settings.draft = draft;
      run.settings.early_stop = round % 2 == 0;
      if (round % 3 == 0)
        run.settings.sampling = {.temperature = 0.4 + round / 40.0,
                                 .seed = static_cast<std::uint64_t>(round)};
      const auto decoded = run.go(batch);
      EXPECT_TRUE(decoded) << decoded.error().what;
      EXPECT_GT(run.engine.calls_.size(), 0U);
      return *decoded;
    };
    const Decoded plain = go(0, 64);
    EXPECT_EQ(plain.drafts.checks, 0U);
    for (const auto& [draft, batch] :
         {std::pair(1U, 64U), std::pair(4U, 64U), std::pair(16U, 64U), std::pair(8U, 4U)}) {
      const Decoded drafted = go(draft, batch);
      SCOPED_TRACE(std::to_string(round) + " draft " + std::to_string(draft) + " batch " +
                   std::to_string(batch));
      ASSERT_EQ(drafted.tries.size(), plain.tries.size());
      EXPECT_EQ(drafted.settled_tokens, plain.settled_tokens);
      for (std::size_t i = 0; i < plain.tries.size(); ++i) {
        EXPECT_EQ(drafted.tries[i].json, plain.tries[i].json);
        EXPECT_EQ(drafted.tries[i].stop, plain.tries[i].stop);
        EXPECT_EQ(drafted.tries[i].tokens, plain.tries[i].tokens);
        EXPECT_EQ(drafted.tries[i].forced_tokens, plain.tries[i].forced_tokens);
      }
      EXPECT_LE(drafted.drafts.kept, drafted.drafts.guessed);
      all.checks += drafted.drafts.checks;
      all.guessed += drafted.drafts.guessed;
      all.kept += drafted.drafts.kept;
    }
  }
  EXPECT_GT(all.kept, 2 * all.checks);  // they were of use
  EXPECT_LT(all.kept, all.guessed);     // and not all were right
}

TEST(DecodeDraft, SavesSteps) {
  Scene plain({answer_of("", "fault", long_cause)}), ahead({answer_of("", "fault", long_cause)});
  plain.shared = ahead.shared = long_cause;
  ahead.settings.draft = 8;
  const auto one = plain.go(), other = ahead.go();
  ASSERT_TRUE(one && other);
  EXPECT_EQ(one->tries[0].json, other->tries[0].json);
  EXPECT_LT(ahead.engine.calls_.size(), plain.engine.calls_.size() / 2);
  EXPECT_EQ(plain.engine.calls_.size() - ahead.engine.calls_.size(), other->drafts.kept);
}

TEST(DecodeDraft, GuessesNothingWhereTokensCannotBeTakenBackOrSeveralTriesWrite) {
  Scene fixed({answer_of("", "fault", long_cause)});
  fixed.shared = long_cause;
  fixed.settings.draft = 8;
  fixed.engine.can_truncate_ = false;
  const auto one = fixed.go();
  ASSERT_TRUE(one);
  EXPECT_EQ(one->drafts.checks, 0U);
  const std::string answer = answer_of("", "fault", long_cause);
  Scene several({answer, answer});
  several.shared = long_cause;
  several.settings.draft = 8;
  const auto two = several.go();
  ASSERT_TRUE(two);
  EXPECT_EQ(two->drafts.checks, 0U);
}

TEST(Decode, DrawsAreTheSeedsAlone) {
  const auto draw = [](std::uint64_t seed) {
    Scene run({good_answer, good_answer});
    run.settings.sampling = {.temperature = 3, .top_p = 0.99, .min_p = 0, .top_k = 0, .seed = seed};
    const auto decoded = run.go();
    EXPECT_TRUE(decoded);
    return std::pair(decoded->tries[0].json, decoded->tries[1].json);
  };
  EXPECT_EQ(draw(7), draw(7));
  EXPECT_NE(draw(7), draw(8));
  EXPECT_NE(draw(7).first, draw(7).second);  // each try has its own stream
}

}  // namespace
}  // namespace carrel
