// links: host/eval carrel-room-worker-read room/prompt
//
// corpus: what the house model learns from. Reads the labelled cases of a folder (docs/formats/case.md) as a
// run would, asks for the root cause among the detectors' findings as a run would, and writes one line of
// JSON a case: the pieces of the prompt in their order, the ids of its entries, and which of these are right
// by the rules that grade reports.
//
//   corpus DIR > examples.jsonl
//
// A piece is tokenised alone; one of the chat template (odd places) may hold special tokens, the others not.
#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "base/fd.h"
#include "base/text.h"
#include "host/eval/case.h"
#include "host/eval/grade.h"
#include "host/flow/findings_question.h"
#include "room/prompt/prompt.h"
#include "room/worker/read.h"

namespace {

using namespace carrel;

constexpr const char* kChatTemplate = "chatml";
constexpr std::int32_t kEndOfText = 256, kEndOfTemplate = 257;  // borders between pieces, behind all bytes

std::vector<std::int32_t> piece(std::string_view text, std::int32_t border) {
  std::vector<std::int32_t> tokens(text.size() + 1, border);
  std::transform(text.begin(), text.end(), tokens.begin(),
                 [](char c) { return static_cast<unsigned char>(c); });
  return tokens;
}

// A model whose tokens are bytes and borders, so that the prompt's pieces can be told apart again. Its
// context is never full: the house model's own holds the longest of these prompts (models/house/train.py sees
// to it).
PromptModel model_of_bytes() {
  PromptModel model;
  model.chat_template = kChatTemplate;
  model.render = [](const auto& messages) -> Result<std::string> {
    std::string out;
    for (const auto& [role, content] : messages)
      out += "<|im_start|>" + role + "\n" + content + "<|im_end|>\n";
    return out + "<|im_start|>assistant\n";
  };
  model.template_tokens = [](std::string_view text) { return piece(text, kEndOfTemplate); };
  model.plain_tokens = [](std::string_view text) -> Result<std::vector<std::int32_t>> {
    return piece(text, kEndOfText);
  };
  model.trained_context = 1 << 20;
  return model;
}

// [[1,"<|im_start|>system\n"],[0,"You tell..."],...]: 1 for pieces of the template.
std::string pieces_of(const Prompt& prompt) {
  std::vector<std::int32_t> tokens = prompt.prefix;
  tokens.insert(tokens.end(), prompt.questions[0].begin(), prompt.questions[0].end());
  std::string out, text;
  for (const std::int32_t token : tokens) {
    if (token < kEndOfText) {
      text += static_cast<char>(token);
      continue;
    }
    if (!text.empty()) {
      out += fmt::format("{}[{},{}]", out.empty() ? "" : ",", token == kEndOfTemplate ? 1 : 0,
                         printable_json_string(text));
    }
    text.clear();
  }
  return "[" + out + "]";
}

bool is_right(const Case& label, const EvidenceList& list, const Finding& finding) {
  // Where the label names no cause, its verdict is the cause.
  if (label.cause.empty() && label.verdict && finding.verdict != *label.verdict) return false;
  return (finding.verdict == Verdict::no_fault) == label.no_fault() &&
         cause_misses(label, finding.cause).empty() &&
         std::any_of(finding.evidence.begin(), finding.evidence.end(), [&](std::uint32_t at) {
           return decides(label, list.lines[at].at, list.lines[at].quote);
         });
}

Status write_example(const Case& label) {
  auto bundle = open_read(label.bundle);
  if (!bundle) return bundle.error();
  ReadJob read;
  read.bundle_name = label.id;
  read.question = label.question;
  const auto list = read_room(bundle->get(), read, {});
  if (!list) return list.error();
  ThinkJob job;
  job.question = label.question;
  const std::vector<std::size_t> shown = ask_for_finding(*list, &job);
  if (shown.empty()) return {};
  const auto prompt = make_prompt(job, model_of_bytes());
  if (!prompt) return prompt.error();
  std::vector<std::string> ids, right;
  for (std::size_t i = 0; i < shown.size(); ++i) {
    ids.push_back("\"" + evidence_id(i, shown.size()) + "\"");
    if (is_right(label, *list, list->findings[shown[i]])) right.push_back(ids.back());
  }
  fmt::print("{{\"id\":{},\"kind\":{},\"prompt_version\":{},\"pieces\":{},\"ids\":[{}],\"right\":[{}]}}\n",
             printable_json_string(label.id), printable_json_string(label.kind), findings_prompt_version,
             pieces_of(*prompt), fmt::join(ids, ","), fmt::join(right, ","));
  return {};
}

Status run(const std::string& folder) {
  const auto set = load_cases(folder, {});
  if (!set) return set.error();
  for (const Case& label : set->cases) {
    if (Status done = write_example(label); !done) return std::move(done.error()).in(label.id);
  }
  return {};
}

}  // namespace

int main(int count, char** words) {
  if (count != 2) {
    fmt::print(stderr, "usage: corpus DIR > examples.jsonl\n");
    return 2;
  }
  const Status done = run(words[1]);
  if (done) return 0;
  fmt::print(stderr, "corpus: {}\n", done.error().what);
  return 1;
}
