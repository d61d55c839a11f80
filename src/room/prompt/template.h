// The chat template, cut where our texts go.
//
// The template is rendered once with a mark in the place of each text and split at the marks. What stands
// between them is the template's own and may hold control tokens; what goes into the places is tokenised
// apart, without them, so that no log line can speak as the system.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"

namespace carrel {

// The messages (role, content) as the model's template writes them, with the assistant's turn begun. An Error
// (bad_input) where the template is not a known one.
using Render =
    std::function<Result<std::string>(const std::vector<std::pair<std::string, std::string>>& messages)>;

struct ChatLayout {
  std::string before_system;  // empty where the template knows no system role
  std::string before_user;
  std::string
      after_user;  // ends with the assistant's turn begun, and a closed think block where there is one
  bool has_system = false;  // false: the system text goes before the user's, in the user's place
};

// Lays the chat out. `chat_template` is the template's source: how a think block looks is read from it.
Result<ChatLayout> lay_out_chat(const Render& render, const std::string& chat_template);

// What must follow the assistant's header so that a model that thinks aloud begins with its answer: a closed,
// empty think block, or the name of the final channel. Empty for other models. `header` is how the turn
// begins.
std::string without_thinking(const std::string& chat_template, const std::string& header);

}  // namespace carrel
