#include "room/prompt/prompt.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "room/prompt/evidence_text.h"

namespace carrel {
namespace {

using Tokens = std::vector<std::int32_t>;

// Left free: engines round sizes, and a forced text may be cut into a token more than was counted.
constexpr std::uint32_t token_margin = 32;

// A question of up to so many tokens leaves the evidence the same room, so that a further one finds the same
// beginning.
constexpr std::uint64_t usual_question = 64;

// What is known beside the lines gets at most this part of the evidence's tokens.
constexpr std::uint32_t notes_share = 8;

constexpr const char* evidence_heading =
    "Evidence, the most telling lines first. Each has an id in brackets.\n";
constexpr const char* no_evidence_text = "No evidence lines were found.\n";

void append(Tokens& to, const Tokens& more) {
  to.insert(to.end(), more.begin(), more.end());
}

class Maker {
 public:
  Maker(const ThinkJob& job, const PromptModel& model) : job_(job), model_(model) {}

  Result<Prompt> make();

 private:
  struct Room {
    std::uint64_t sequence = 0;  // tokens a try may take
    std::uint64_t shared = 0;    // tokens the shared beginning may take
  };
  // `spare` tokens of each try are left free beside what it takes.
  Room room(std::uint64_t spare) const;
  Result<Tokens> opening(const ChatLayout& layout) const;
  // What each try is asked; returns how much shorter the question is than a usual one.
  Result<std::uint64_t> ask(const ChatLayout& layout);
  // The beginning with as many lines as fit into `shared` tokens; false where not even the first does.
  Result<bool> fill(const Tokens& opening, std::uint64_t shared);
  // The notes that fit into `budget`, and how many tokens they take.
  Result<std::string> choose_notes(std::uint64_t budget, std::uint64_t* used) const;
  // How many lines fit into `budget`, by the sum of their own tokens.
  Result<std::size_t> count_lines(std::uint64_t budget) const;
  std::string evidence_text(std::size_t kept, const std::string& notes) const;
  Error does_not_fit(std::uint64_t shared) const;

  const ThinkJob& job_;
  const PromptModel& model_;
  Prompt prompt_;
  std::uint64_t longest_question_ = 0;
  std::uint64_t all_questions_ = 0;
  std::uint64_t needed_ = 0;  // tokens of the beginning that fill() tried last
};

Result<Tokens> Maker::opening(const ChatLayout& layout) const {
  Tokens tokens = model_.begin;
  const auto add_template = [&](const std::string& text) {
    Tokens more = model_.template_tokens(text);
    // Some templates write the token that every prompt begins with, too: once is right.
    if (tokens == model_.begin && !tokens.empty() && !more.empty() && more.front() == tokens.front())
      tokens.clear();
    append(tokens, more);
  };
  if (layout.has_system) add_template(layout.before_system);
  const std::string system = escape_for_terminal(job_.system, true);
  if (layout.has_system) {
    Result<Tokens> text = model_.plain_tokens(system);
    if (!text) return text.error();
    append(tokens, *text);
  }
  add_template(layout.before_user);
  if (!layout.has_system && !system.empty()) {
    Result<Tokens> text = model_.plain_tokens(system + "\n\n");
    if (!text) return text.error();
    append(tokens, *text);
  }
  return tokens;
}

Result<std::uint64_t> Maker::ask(const ChatLayout& layout) {
  const Tokens end = model_.template_tokens(layout.after_user);
  Result<Tokens> question = model_.plain_tokens(
      job_.question.empty() ? "" : "\nQuestion: " + escape_for_terminal(job_.question, true) + "\n");
  if (!question) return question.error();
  for (const Variant& variant : job_.variants) {
    Result<Tokens> instructions = model_.plain_tokens("\n" + escape_for_terminal(variant.instructions, true));
    if (!instructions) return instructions.error();
    Tokens tokens = *question;
    append(tokens, *instructions);
    append(tokens, end);
    longest_question_ = std::max<std::uint64_t>(longest_question_, tokens.size());
    all_questions_ += tokens.size();
    prompt_.questions.push_back(std::move(tokens));
  }
  return usual_question - std::min<std::uint64_t>(usual_question, question->size());
}

Maker::Room Maker::room(std::uint64_t spare) const {
  const std::uint64_t tries = job_.variants.size();
  const std::uint64_t cap = job_.output_tokens + spare;
  const auto less = [](std::uint64_t from, std::uint64_t what) { return from > what ? from - what : 0; };
  Room room;
  room.sequence = model_.trained_context;
  if (job_.context > 0) {
    // Split streams have each their part of the context; in a unified one the shared beginning counts once.
    const std::uint64_t part = job_.exact ? job_.context / tries : job_.context;
    room.sequence = std::min<std::uint64_t>(room.sequence, part);
  }
  room.shared = less(room.sequence, longest_question_ + cap + token_margin);
  if (job_.context > 0 && !job_.exact) {
    room.shared = std::min(room.shared, less(job_.context, all_questions_ + tries * cap + token_margin));
  }
  return room;
}

Result<std::string> Maker::choose_notes(std::uint64_t budget, std::uint64_t* used) const {
  std::string chosen;
  *used = 0;
  for (const std::string& note : evidence_notes(job_)) {
    Result<Tokens> tokens = model_.plain_tokens(note);
    if (!tokens) return tokens.error();
    if (*used + tokens->size() > budget) continue;
    *used += tokens->size();
    chosen += note;
  }
  return chosen;
}

Result<std::size_t> Maker::count_lines(std::uint64_t budget) const {
  std::uint64_t used = 0;
  for (std::size_t i = 0; i < job_.lines.size(); ++i) {
    Result<Tokens> tokens =
        model_.plain_tokens(evidence_entry(job_.lines[i], evidence_id(i, job_.lines.size())));
    if (!tokens) return tokens.error();
    used += tokens->size();
    if (used > budget) return i;
  }
  return job_.lines.size();
}

std::string Maker::evidence_text(std::size_t kept, const std::string& notes) const {
  if (job_.lines.empty()) return no_evidence_text + notes;
  std::string text = evidence_heading;
  for (std::size_t i = 0; i < kept; ++i) text += evidence_entry(job_.lines[i], evidence_id(i, kept));
  // Not how many: another question's list may be longer, and have the same beginning.
  if (kept < job_.lines.size()) text += "Less telling lines did not fit here.\n";
  return text + notes;
}

Error Maker::does_not_fit(std::uint64_t shared) const {
  const std::uint64_t have = job_.context > 0 ? job_.context : model_.trained_context;
  return {
      Code::does_not_fit,
      fmt::format(
          "the prompt does not fit into the context of {} tokens: {} tries take {} for the question and "
          "their "
          "instructions and up to {} each for the answer, which leaves {} for the evidence, and it needs at "
          "least {}",
          have, job_.variants.size(), all_questions_, job_.output_tokens, shared, needed_),
      "raise --context, lower --output-tokens, name fewer --variants, or use a model with a longer context"};
}

Result<bool> Maker::fill(const Tokens& opening, std::uint64_t shared) {
  const std::uint64_t budget = shared > opening.size() ? shared - opening.size() : 0;
  std::uint64_t notes_size = 0;
  Result<std::string> notes = choose_notes(budget / notes_share, &notes_size);
  if (!notes) return notes.error();
  Result<std::size_t> fitting = count_lines(budget > notes_size ? budget - notes_size : 0);
  if (!fitting) return fitting.error();

  // The parts were counted one by one; joined they take about as much. What is over goes, the last line
  // first.
  const std::size_t least = job_.lines.empty() ? 0 : 1;
  std::size_t kept = std::max(*fitting, least);
  for (;;) {
    Result<Tokens> evidence = model_.plain_tokens(evidence_text(kept, *notes));
    if (!evidence) return evidence.error();
    needed_ = opening.size() + evidence->size();
    if (needed_ <= shared) {
      prompt_.prefix = opening;
      append(prompt_.prefix, *evidence);
      prompt_.lines_kept = static_cast<std::uint32_t>(kept);
      return true;
    }
    if (kept > least) {
      const std::uint64_t over = needed_ - shared;
      kept -=
          std::min<std::size_t>(kept - least, 1 + over / 64);  // an entry rarely takes more than 64 tokens
    } else if (!notes->empty()) {
      notes->clear();
    } else {
      return false;
    }
  }
}

Result<Prompt> Maker::make() {
  if (job_.variants.empty())
    return Error{Code::bad_input, "the job has no prompt variant", "name at least one"};
  Result<ChatLayout> layout = lay_out_chat(model_.render, model_.chat_template);
  if (!layout) return layout.error();
  Result<std::uint64_t> spare = ask(*layout);
  if (!spare) return spare.error();
  Result<Tokens> opening_tokens = opening(*layout);
  if (!opening_tokens) return opening_tokens.error();
  Result<bool> filled = fill(*opening_tokens, room(*spare).shared);
  if (filled && !*filled) filled = fill(*opening_tokens, room(0).shared);
  if (!filled) return filled.error();
  if (!*filled) return does_not_fit(room(0).shared);

  const std::uint64_t cap = job_.output_tokens;
  const std::uint64_t sequence = prompt_.prefix.size() + longest_question_ + cap + token_margin;
  const std::uint64_t together =
      job_.exact ? sequence * job_.variants.size()
                 : prompt_.prefix.size() + all_questions_ + cap * job_.variants.size() + token_margin;
  prompt_.sequence = static_cast<std::uint32_t>(sequence);
  prompt_.context = static_cast<std::uint32_t>(together);
  return std::move(prompt_);
}

}  // namespace

Result<Prompt> make_prompt(const ThinkJob& job, const PromptModel& model) {
  return Maker(job, model).make();
}

}  // namespace carrel
