// An engine without a model, for tests: its vocabulary and what it wants to write are scripted.
//
// Its logits at a place are high for the token that continues `script(sequence's text)`, so that it writes
// what a test wants it to, right or wrong, and the tests see what the constraint makes of it. It checks its
// callers: extending a sequence that was not opened, or over the batch's size, is an Error.
#pragma once

#include <functional>
#include <map>
#include <optional>

#include "room/engine/engine.h"

namespace carrel {

struct FakeToken {
  enum class Kind : std::uint8_t { plain, control, user_defined };
  std::string text;  // of special tokens: their name
  Kind kind = Kind::plain;
};

class FakeEngine : public Engine {
 public:
  // What the model would write next, given all that its sequence holds; it may be longer than one token.
  using Script = std::function<std::string(std::uint32_t sequence, const std::string& text)>;

  FakeEngine(std::vector<FakeToken> tokens, Script script);
  // Every byte, and the given words beside them.
  static std::vector<FakeToken> bytes_and(const std::vector<std::string>& words);

  std::size_t vocabulary() const override { return tokens_.size(); }
  const std::string& bytes(Token token) const override { return bytes_[static_cast<std::size_t>(token)]; }
  Tokens tokenise(std::string_view text, bool special) const override;
  Tokens begin() const override { return begin_; }
  const std::string& chat_template() const override { return chat_template_; }
  Result<std::string> render(const std::string& chat_template,
                             const std::vector<ChatMessage>& messages) const override;
  std::uint32_t trained_context() const override { return trained_context_; }

  Result<ContextSettings> open(const ContextSettings& wanted) override;
  void close() override { sequences_.clear(); }
  Result<Extended> extend(std::span<const Extension> extensions) override;
  std::span<const float> logits(std::size_t extension, std::size_t back) const override {
    return logits_.at({extension, back});
  }
  Status fork(std::uint32_t from, std::uint32_t to) override;
  bool truncate(std::uint32_t sequence, std::size_t length) override;
  bool forgets() const override { return can_truncate_; }
  std::size_t length(std::uint32_t sequence) const override { return sequences_.at(sequence).size(); }
  std::size_t saved_size(std::uint32_t sequence) const override;
  bool save(std::uint32_t sequence, std::span<char> into) const override;
  bool restore(std::uint32_t sequence, std::string_view saved, std::size_t length) override;
  void set_deadline(std::chrono::steady_clock::time_point) override {}

  std::string backend() const override { return "fake"; }
  std::string library() const override { return "fake"; }
  EngineMemory memory() const override { return {}; }

  // What tests set and look at.
  Tokens begin_;
  std::string chat_template_ = "fake";
  std::uint32_t trained_context_ = 4096;
  bool space_before_ = false;  // the tokenizer puts a space before every text
  bool can_truncate_ = true;
  std::size_t padding_ = 0;  // numbers in a logits row beyond the vocabulary, the highest of all
  std::optional<std::size_t> calls_until_deadline_;
  std::vector<Tokens> sequences_;
  std::vector<std::vector<std::size_t>> calls_;  // sizes of the extensions of each extend()
  std::size_t extended_ = 0;                     // tokens fed in all

 private:
  // What may follow the sequence as it is.
  std::vector<float> row_after(std::uint32_t sequence) const;

  std::vector<FakeToken> tokens_;
  std::vector<std::string> bytes_;
  Script script_;
  ContextSettings settings_;
  std::map<std::pair<std::size_t, std::size_t>, std::vector<float>>
      logits_;  // by extension and place from its end
};

}  // namespace carrel
