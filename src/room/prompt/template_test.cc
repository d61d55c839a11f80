#include "room/prompt/template.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace carrel {
namespace {

using Messages = std::vector<std::pair<std::string, std::string>>;

Result<std::string> chat_ml(const Messages& messages) {
  std::string out;
  for (const auto& [role, content] : messages) out += "<|im_start|>" + role + "\n" + content + "<|im_end|>\n";
  return out + "<|im_start|>assistant\n";
}

TEST(Template, IsCutWhereTheTextsGo) {
  const auto layout = lay_out_chat(chat_ml, "im_start");
  ASSERT_TRUE(layout);
  EXPECT_TRUE(layout->has_system);
  EXPECT_EQ(layout->before_system, "<|im_start|>system\n");
  EXPECT_EQ(layout->before_user, "<|im_end|>\n<|im_start|>user\n");
  EXPECT_EQ(layout->after_user, "<|im_end|>\n<|im_start|>assistant\n");
}

TEST(Template, WithoutASystemRoleTheTextGoesToTheUser) {
  const auto render = [](const Messages& messages) -> Result<std::string> {
    std::string out;
    for (const auto& [role, content] : messages) {
      if (role == "user") out += "[INST]" + content + "[/INST]";
    }
    return out;
  };
  const auto layout = lay_out_chat(render, "[INST]");
  ASSERT_TRUE(layout);
  EXPECT_FALSE(layout->has_system);
  EXPECT_EQ(layout->before_user, "[INST]");
  EXPECT_EQ(layout->after_user, "[/INST]");
}

TEST(Template, ASystemTextInsideTheUsersTurnIsASystemText) {
  const auto render = [](const Messages& messages) -> Result<std::string> {
    std::string out = "<start_of_turn>user\n";
    for (const auto& message : messages) out += message.second + "\n\n";
    return out + "<end_of_turn>\n<start_of_turn>model\n";
  };
  const auto layout = lay_out_chat(render, "start_of_turn");
  ASSERT_TRUE(layout);
  EXPECT_TRUE(layout->has_system);
  EXPECT_EQ(layout->before_user, "\n\n");
}

TEST(Template, AnUnknownOneIsRefused) {
  const auto layout = lay_out_chat(
      [](const Messages&) -> Result<std::string> {
        return Error{Code::bad_input, "not known", "name one with --template FILE"};
      },
      "");
  ASSERT_FALSE(layout);
  EXPECT_EQ(layout.error().code, Code::bad_input);
  EXPECT_THAT(layout.error().remedy, testing::HasSubstr("--template FILE"));
}

TEST(Template, OneThatRepeatsOrDropsTheUsersTextIsRefused) {
  EXPECT_FALSE(lay_out_chat(
      [](const Messages& m) -> Result<std::string> { return m.back().second + m.back().second; }, ""));
  EXPECT_FALSE(lay_out_chat([](const Messages&) -> Result<std::string> { return std::string("hello"); }, ""));
}

// Trap: a thinking model must begin with its answer.
TEST(Template, AThinkBlockIsClosedBeforeTheAnswer) {
  const auto layout = lay_out_chat(chat_ml, "{{ '<think>' }} ... {{ '</think>' }}");
  ASSERT_TRUE(layout);
  EXPECT_EQ(layout->after_user, "<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n");
}

TEST(Template, AThinkBlockThatTheTemplateOpensIsOnlyClosed) {
  EXPECT_EQ(without_thinking("<think></think>", "assistant\n<think>\n"), "\n</think>\n\n");
  EXPECT_EQ(without_thinking("<think></think>", "assistant\n<think>\n\n</think>\n\n"), "");
  EXPECT_EQ(without_thinking("[THINK][/THINK]", "[/INST]"), "[THINK]\n\n[/THINK]\n\n");
  EXPECT_EQ(without_thinking("plain", "assistant\n"), "");
}

TEST(Template, ChannelsGoToTheFinalOne) {
  EXPECT_EQ(without_thinking("<|channel|>analysis", "<|start|>assistant"), "<|channel|>final<|message|>");
}

}  // namespace
}  // namespace carrel
