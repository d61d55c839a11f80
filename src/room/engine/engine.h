// Engine: a language model as this project uses one: a vocabulary, and sequences of tokens that are extended
// together.
//
// Two implementations: libllama (llama/llama_engine.h) and a scripted one for tests
// (fake_engine_reference.h). The loop over it is decode.h. Not thread-safe; one job at a time.
//
//   engine.open({.context = 4096, .sequences = 2, .batch = 512, .threads = 2});
//   engine.extend({{.sequence = 0, .tokens = prefix, .logits = 0}});
//   engine.fork(0, 1);
//   engine.extend({{0, question_a}, {1, question_b}});
//   engine.logits(0);  // what may follow in sequence 0, one number for each token of the vocabulary
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace carrel {

using Token = std::int32_t;
using Tokens = std::vector<Token>;

struct ChatMessage {
  std::string role;  // "system", "user"
  std::string content;
};

struct ContextSettings {
  std::uint32_t context = 0;   // tokens of all sequences together, what they share counted once
  std::uint32_t sequence = 0;  // tokens of the longest sequence
  std::uint32_t sequences = 1;
  std::uint32_t outputs = 0;  // most logits of one extend(); 0: one for each sequence
  std::uint32_t batch = 512;  // most tokens of one extend()
  std::uint32_t threads = 1;
  bool exact = false;  // results that do not depend on how work is cut into batches; slower
};

// Tokens to put at the end of a sequence.
struct Extension {
  std::uint32_t sequence = 0;
  std::span<const Token> tokens;
  std::uint32_t logits = 1;  // after each of so many of the last of them
};

enum class Extended : std::uint8_t { done, deadline };

// What an open engine has taken, bytes.
struct EngineMemory {
  std::uint64_t mapped = 0;   // weights used where the file is mapped
  std::uint64_t weights = 0;  // weights in memory of its own, repacked for the processor
  std::uint64_t cache = 0;    // keys and values of the whole context
  std::uint64_t compute = 0;  // buffers of one batch and its logits
};

class Engine {
 public:
  virtual ~Engine() = default;

  // ---- the vocabulary; there once the model is loaded ----
  // One more than the largest token. Logits may have more numbers than that; they are never to be chosen.
  virtual std::size_t vocabulary() const = 0;
  // What a token writes: empty for tokens that are not text (control, end of generation, user-defined,
  // unused).
  virtual const std::string& bytes(Token token) const = 0;
  // The tokens of a text. `special`: names of control tokens stand for the tokens. Never adds tokens of its
  // own. Without `special`, user-defined tokens may still come out: see plain_tokens.h.
  virtual Tokens tokenise(std::string_view text, bool special) const = 0;
  // The token that every prompt of this model begins with, or nothing.
  virtual Tokens begin() const = 0;
  virtual const std::string& chat_template() const = 0;  // the model file's own; may be empty
  // The messages as the template writes them, the assistant's turn begun; an Error (bad_input) where the
  // template is not one of those known.
  virtual Result<std::string> render(const std::string& chat_template,
                                     const std::vector<ChatMessage>& messages) const = 0;
  virtual std::uint32_t trained_context() const = 0;

  // ---- sequences ----
  // Makes room for them; the sizes got (which may be larger). Once, until it is closed.
  virtual Result<ContextSettings> open(const ContextSettings& wanted) = 0;
  // Forgets all sequences and gives back what open() took: the engine is as it was when it was loaded.
  virtual void close() = 0;
  // Extends sequences together, in the order given; at most `batch` tokens in all. `deadline`: nothing was
  // kept of this call, because the clock ran out first.
  virtual Result<Extended> extend(std::span<const Extension> extensions) = 0;
  // The logits after the i-th extension of the last extend(), or `back` tokens before its end; valid until
  // the next.
  virtual std::span<const float> logits(std::size_t extension, std::size_t back = 0) const = 0;
  // Makes `to` (empty until now) the same as `from`.
  virtual Status fork(std::uint32_t from, std::uint32_t to) = 0;
  // Takes back tokens until `length` are left; false, and nothing changed, where this kind of model cannot.
  // To none at all every kind can.
  virtual bool truncate(std::uint32_t sequence, std::size_t length) = 0;
  // Whether truncate() takes back any number of tokens.
  virtual bool forgets() const = 0;
  virtual std::size_t length(std::uint32_t sequence) const = 0;
  // From then on extend() gives up.
  virtual void set_deadline(std::chrono::steady_clock::time_point when) = 0;

  // ---- a sequence as bytes (saved_state.h) ----
  // How many save() writes.
  virtual std::size_t saved_size(std::uint32_t sequence) const = 0;
  // Fills `into`, of just that size; false where that failed.
  virtual bool save(std::uint32_t sequence, std::span<char> into) const = 0;
  // Makes an empty sequence what was saved of one of `length` tokens; false, and it stays empty, where the
  // bytes are no such thing. Logits are not among them.
  virtual bool restore(std::uint32_t sequence, std::string_view saved, std::size_t length) = 0;

  // ---- for the record ----
  virtual std::string backend() const = 0;
  virtual std::string library() const = 0;
  virtual EngineMemory memory() const = 0;
};

}  // namespace carrel
