#include "room/engine/answer_writer.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"

namespace carrel {
namespace {

// A forced text is asked for in pieces of this size. Unit: bytes.
constexpr std::size_t forced_at_once = 512;

// How far a forced text looks back for tokens that would have been cut otherwise in one piece with it.
constexpr std::size_t back_up_tokens = 2;

// After these a tokenizer begins anew whatever follows, as JSON puts two or more of them before every string:
// the border is fixed. Elsewhere (inside a name, before a word) the token that comes next may reach over it.
bool ends_at_border(const std::string& text) {
  return std::string_view("{}[]:,\"").find(text.back()) != std::string_view::npos;
}

}  // namespace

AnswerWriter::AnswerWriter(Engine& engine, const PlainTokens& plain, std::uint32_t sequence, DecodeTry start,
                           std::uint32_t cap)
    : engine_(engine),
      plain_(plain),
      sequence_(sequence),
      name_(std::move(start.name)),
      cap_(cap),
      start_(start.constraint->clone()),
      constraint_(std::move(start.constraint)),
      waiting_(std::move(start.question)) {}

Status AnswerWriter::begin() {
  Result<std::size_t> shortest = close_tokens();
  if (!shortest) return shortest.error();
  if (*shortest > cap_) {
    return Error{
        Code::does_not_fit,
        fmt::format("the shortest answer of this schema takes {} tokens and the cap is {}", *shortest, cap_),
        "raise the output cap or shorten the schema"};
  }
  return force();
}

Status AnswerWriter::take(Token token) {
  if (Status kept = keep(0, {token}, engine_.bytes(token), false); !kept || !live()) return kept;
  if (ends_in_a_loop(answer_)) return end(Stop::repetition);
  return force();
}

Tokens AnswerWriter::last(std::size_t count) const {
  return Tokens(answer_.end() - static_cast<std::ptrdiff_t>(count), answer_.end());
}

Result<std::size_t> AnswerWriter::close_tokens() const {
  const Result<Tokens> close = plain_.of(constraint_->shortest_close());
  if (!close) return close.error();
  return close->size();
}

Status AnswerWriter::keep(std::size_t dropped, const Tokens& tokens, const std::string& text, bool forced) {
  if (!constraint_->accept(text)) {
    fail();
    return {};
  }
  // A token writes at least one byte, so bytes bound tokens; only near the cap are they counted.
  const std::size_t used = answer_.size() - dropped + tokens.size();
  if (used + constraint_->shortest_close().size() > cap_) {
    const Result<std::size_t> close = close_tokens();
    if (!close) return close.error();
    if (used + *close > cap_) {
      constraint_ = start_->clone();
      if (!text_.empty() && !constraint_->accept(text_)) {
        fail();
        return {};
      }
      return end(Stop::tokens);
    }
  }
  text_ += text;
  answer_.resize(answer_.size() - dropped);
  waiting_.resize(waiting_.size() - std::min(dropped, waiting_.size()));
  answer_.insert(answer_.end(), tokens.begin(), tokens.end());
  waiting_.insert(waiting_.end(), tokens.begin(), tokens.end());
  if (forced) forced_ += static_cast<std::uint32_t>(tokens.size() - std::min(dropped, tokens.size()));
  if (constraint_->finished()) stop_ = Stop::complete;
  return {};
}

bool AnswerWriter::take_back(std::size_t count) {
  const std::size_t fed = count - std::min(count, waiting_.size());
  return fed == 0 || engine_.truncate(sequence_, engine_.length(sequence_) - fed);
}

Status AnswerWriter::force() {
  while (live()) {
    std::string text = constraint_->forced(forced_at_once);
    if (text.empty()) return {};
    const std::unique_ptr<Constraint> after = constraint_->clone();
    const bool whole = after->accept(text) && (after->finished() || ends_at_border(text));

    // Tokenised together with the last tokens of the answer, so that the pieces are those the model knows.
    // What then is cut in another way is taken back.
    std::size_t back = std::min(back_up_tokens, answer_.size());
    std::string before = bytes_of(engine_, last(back));
    if (!before.empty() && (static_cast<unsigned char>(before[0]) & 0xc0) == 0x80) {
      back = 0;  // it begins inside a character, which no tokenizer knows
      before.clear();
    }
    const Result<Tokens> together = plain_.of(before + text);
    if (!together) return together.error();
    const Tokens tail = last(back);
    std::size_t same = 0;
    while (same < back && same < together->size() && (*together)[same] == tail[same]) ++same;
    Tokens added(together->begin() + static_cast<std::ptrdiff_t>(same), together->end());

    if (!whole) {
      const std::size_t held = engine_.bytes(added.back()).size();
      if (held >= text.size()) return {};  // one token or less: the model's own choice writes it
      text.resize(text.size() - held);
      added.pop_back();
    }
    std::size_t dropped = back - same;
    if (!take_back(dropped)) {
      Result<Tokens> alone = plain_.of(text);
      if (!alone) return alone.error();
      added = std::move(*alone);
      dropped = 0;
    }
    if (Status kept = keep(dropped, added, text, true); !kept || !whole) return kept;
  }
  return {};
}

Status AnswerWriter::end(Stop why) {
  stop_ = why;
  if (answer_.empty()) return {};
  const std::string close = constraint_->shortest_close();
  const Result<Tokens> tokens = plain_.of(close);
  if (!tokens) return tokens.error();
  if (!close.empty() && !constraint_->accept(close)) {
    fail();
    return {};
  }
  text_ += close;
  answer_.insert(answer_.end(), tokens->begin(), tokens->end());
  forced_ += static_cast<std::uint32_t>(tokens->size());
  return {};
}

Try AnswerWriter::result() && {
  Try result;
  result.variant = name_;
  result.stop = stop_.value_or(Stop::failed);
  result.tokens = static_cast<std::uint32_t>(answer_.size());
  result.forced_tokens = forced_;
  result.json =
      is_utf8(text_) ? std::move(text_) : to_utf8(text_);  // a failed try may end inside a character
  return result;
}

}  // namespace carrel
