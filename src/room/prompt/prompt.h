// The prompt: the evidence that fits, in rank order, and what is asked about it.
//
// All tries share one beginning, token for token: the template's start, the system text, the evidence. The
// question, each try's own instructions and the template's end follow. The parts are tokenised apart, so the
// shared beginning is the same whatever comes after it: for every try, and for a further question about the
// same evidence. docs/prompt.md shows the text.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "record/room.h"
#include "room/prompt/template.h"

namespace carrel {

// What the prompt needs of a model. The engine gives it (room/worker/think.cc); tests give their own.
struct PromptModel {
  Render render;
  std::string chat_template;
  // Tokens of a template's own text, in which the names of control tokens stand for these.
  std::function<std::vector<std::int32_t>(std::string_view)> template_tokens;
  // Tokens that write a text and do nothing else.
  std::function<Result<std::vector<std::int32_t>>(std::string_view)> plain_tokens;
  std::vector<std::int32_t> begin;    // before everything, once
  std::uint32_t trained_context = 0;  // tokens
};

struct Prompt {
  std::vector<std::int32_t> prefix;                  // what all tries share
  std::vector<std::vector<std::int32_t>> questions;  // what each variant asks, the assistant's turn begun
  std::uint32_t lines_kept = 0;                      // the first so many of the job's lines are in it
  std::uint32_t sequence = 0;                        // tokens of the longest try, its answer's cap included
  std::uint32_t context = 0;                         // tokens that all tries take together
};

// Fills the budget. An Error (does_not_fit) with the numbers where not even the first line fits beside the
// questions and the answers; a job without lines needs only the rest to fit.
Result<Prompt> make_prompt(const ThinkJob& job, const PromptModel& model);

}  // namespace carrel
