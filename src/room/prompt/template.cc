#include "room/prompt/template.h"

#include <string_view>

namespace carrel {
namespace {

// Letters only, so that no template changes them; no template has them.
constexpr std::string_view system_mark = "CarrelPutsTheSystemTextHere";
constexpr std::string_view user_mark = "CarrelPutsTheUserTextHere";

struct ThinkBlock {
  std::string_view open, close;
};
constexpr ThinkBlock think_blocks[] = {
    {"<think>", "</think>"},                     // Qwen 3, DeepSeek R1, SmolLM 3 and many more
    {"[THINK]", "[/THINK]"},                     // Magistral
    {"<seed:think>", "</seed:think>"},           // Seed OSS
    {"<|START_THINKING|>", "<|END_THINKING|>"},  // Command A
};
// OpenAI's gpt-oss names a channel before each text; "final" is the answer's.
constexpr std::string_view channel_mark = "<|channel|>";
constexpr std::string_view final_channel_mark = "<|channel|>final<|message|>";

std::size_t count_of(std::string_view text, std::string_view mark) {
  std::size_t count = 0;
  for (std::size_t at = text.find(mark); at != std::string_view::npos; at = text.find(mark, at + mark.size()))
    ++count;
  return count;
}

std::string_view trimmed_end(std::string_view text) {
  const std::size_t last = text.find_last_not_of(" \n");
  return last == std::string_view::npos ? std::string_view() : text.substr(0, last + 1);
}

}  // namespace

std::string without_thinking(const std::string& chat_template, const std::string& header) {
  if (chat_template.find(final_channel_mark.substr(0, channel_mark.size())) != std::string::npos) {
    return std::string(header.ends_with(final_channel_mark) ? "" : final_channel_mark);
  }
  for (const ThinkBlock& block : think_blocks) {
    if (chat_template.find(block.close) == std::string::npos) continue;
    const std::string_view end = trimmed_end(header);
    if (end.ends_with(block.close)) return "";
    const std::string open = end.ends_with(block.open) ? "" : std::string(block.open) + "\n";
    return open + "\n" + std::string(block.close) + "\n\n";
  }
  return "";
}

Result<ChatLayout> lay_out_chat(const Render& render, const std::string& chat_template) {
  const std::string system(system_mark);
  const std::string user(user_mark);
  Result<std::string> rendered = render({{"system", system}, {"user", user}});
  if (!rendered) return rendered.error();
  ChatLayout layout;
  const std::size_t system_at = rendered->find(system);
  layout.has_system = count_of(*rendered, system) == 1 && system_at < rendered->find(user);
  if (!layout.has_system) {
    rendered = render({{"user", user}});
    if (!rendered) return rendered.error();
  }
  if (count_of(*rendered, user) != 1 || (!layout.has_system && count_of(*rendered, system) != 0)) {
    return Error{Code::bad_input, "the chat template does not put the user's message in one place",
                 "name another one with --template FILE"};
  }
  std::size_t from = 0;
  if (layout.has_system) {
    layout.before_system = rendered->substr(0, system_at);
    from = system_at + system.size();
  }
  const std::size_t user_at = rendered->find(user);
  layout.before_user = rendered->substr(from, user_at - from);
  layout.after_user = rendered->substr(user_at + user.size());
  layout.after_user += without_thinking(chat_template, layout.after_user);
  return layout;
}

}  // namespace carrel
