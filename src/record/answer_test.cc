#include "record/answer.h"

#include <gtest/gtest.h>

namespace carrel {
namespace {

const std::string whole =
    R"({"evidence":["E002","E001"],"verdict":"fault","root_cause":"the disk is full","commands":)"
    R"([{"command":"kubectl get pods","why":"to see"}],"missing":["events"],"confidence":"high"})";

TEST(Answer, IsReadWhole) {
  auto answer = parse_answer(whole);
  ASSERT_TRUE(answer) << answer.error().what;
  EXPECT_EQ(answer->evidence, (std::vector<std::string>{"E002", "E001"}));
  EXPECT_EQ(answer->verdict, Verdict::fault);
  EXPECT_EQ(answer->root_cause, "the disk is full");
  ASSERT_EQ(answer->commands.size(), 1u);
  EXPECT_EQ(answer->commands[0].command, "kubectl get pods");
  EXPECT_EQ(answer->missing, (std::vector<std::string>{"events"}));
  EXPECT_EQ(answer->confidence, "high");
}

TEST(Answer, EveryTruncationIsRefused) {
  for (std::size_t size = 0; size < whole.size(); ++size) {
    auto answer = parse_answer(whole.substr(0, size));
    ASSERT_FALSE(answer) << size;
    EXPECT_EQ(answer.error().code, Code::room_refused);
  }
}

TEST(Answer, MembersThatAreMissingOrOfAnotherKindStayEmpty) {
  auto answer =
      parse_answer(R"({"evidence":"E001","verdict":7,"root_cause":null,"commands":[1],"missing":[{},"a"]})");
  ASSERT_TRUE(answer);
  EXPECT_TRUE(answer->evidence.empty());
  EXPECT_EQ(answer->verdict, Verdict::insufficient_evidence);
  EXPECT_EQ(answer->root_cause, "");
  EXPECT_TRUE(answer->commands.empty());
  EXPECT_EQ(answer->missing, (std::vector<std::string>{"a"}));
}

TEST(Answer, WhatIsNoObjectIsRefused) {
  for (const char* text : {"", "[]", "3", "null", "\"fault\"", "{} {}", "{\"a\":1,}"})
    EXPECT_FALSE(parse_answer(text)) << text;
}

TEST(Answer, InvalidUtf8IsRefused) {
  EXPECT_FALSE(parse_answer("{\"root_cause\":\"\xff\xfe\"}"));
}

TEST(Answer, DeepNestingNeitherCrashesNorCosts) {
  EXPECT_FALSE(parse_answer(std::string(60'000, '[')));
  EXPECT_FALSE(parse_answer("{\"a\":" + std::string(30'000, '[') + std::string(30'000, ']')));
  EXPECT_TRUE(parse_answer("{\"a\":" + std::string(30'000, '[') + std::string(30'000, ']') + "}"));
}

TEST(Answer, VerdictsHaveNamesThatAreReadBack) {
  for (const Verdict verdict : {Verdict::fault, Verdict::no_fault, Verdict::insufficient_evidence}) {
    auto answer = parse_answer(std::string("{\"verdict\":\"") + to_string(verdict) + "\"}");
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->verdict, verdict);
  }
}

}  // namespace
}  // namespace carrel
