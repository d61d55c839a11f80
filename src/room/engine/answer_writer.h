// One try as it is written: its text, its tokens, and what the model must be fed next.
#pragma once

#include <optional>
#include <string>

#include "room/engine/decode.h"
#include "room/engine/plain_tokens.h"

namespace carrel {

class AnswerWriter {
 public:
  AnswerWriter(Engine& engine, const PlainTokens& plain, std::uint32_t sequence, DecodeTry start,
               std::uint32_t cap);

  // Checks that an answer fits the cap at all and puts the text that every answer begins with after the
  // question.
  Status begin();
  // Takes the model's choice, then the text forced after it. May end the try.
  Status take(Token token);
  // Ends the try early, closing its text.
  Status end(Stop why);
  // Ends the try with its text as it is.
  void fail() { stop_ = Stop::failed; }

  bool live() const { return !stop_.has_value(); }
  std::uint32_t sequence() const { return sequence_; }
  std::optional<Stop> stop() const { return stop_; }
  const std::string& text() const { return text_; }
  const Constraint& constraint() const { return *constraint_; }
  const Tokens& waiting() const { return waiting_; }
  // The first of them were fed.
  void fed(std::size_t count) {
    waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(count));
  }
  void fed() { waiting_.clear(); }
  const Tokens& answer() const { return answer_; }
  std::uint32_t tokens() const { return static_cast<std::uint32_t>(answer_.size()); }
  Try result() &&;

 private:
  // Keeps the tokens, in the place of the last `dropped` ones, and the text they add, where the shortest
  // close still fits after them; otherwise closes.
  Status keep(std::size_t dropped, const Tokens& tokens, const std::string& text, bool forced);
  // Appends what the constraint forces: all of it, or all but its last token where a choice may reach over
  // its end.
  Status force();
  // Makes the engine forget the last tokens, as far as it has seen them; false where it cannot.
  bool take_back(std::size_t count);
  Tokens last(std::size_t count) const;
  Result<std::size_t> close_tokens() const;

  Engine& engine_;
  const PlainTokens& plain_;
  const std::uint32_t sequence_;
  const std::string name_;
  const std::uint32_t cap_;
  const std::unique_ptr<Constraint> start_;
  std::unique_ptr<Constraint> constraint_;
  Tokens waiting_;  // to be fed: the question at first, then the newest tokens of the answer
  Tokens answer_;
  std::string text_;
  std::uint32_t forced_ = 0;
  std::optional<Stop> stop_;
};

}  // namespace carrel
