// The loop that writes the answers: all tries of a run together, as sequences that share the prompt's
// beginning, and that of their questions as far as they begin alike.
//
// What is fed to the model when is a function of the arguments alone (never of the clock, but that a deadline
// ends it), so the same job on the same machine gives the same answers. A step extends every live try by what
// it has waiting: its chosen token and the text that the constraint forces after it.
//
// Every answer stays closable: before a token is kept, the tokens of the shortest close are reserved from the
// cap. A try that ends early (Stop::tokens, time, repetition or settled) is closed that way, so its text is
// valid under the schema, and its stop says that it is not the model's whole answer. A try that nothing was
// decoded of has no text.
//
// With `early_stop`, tries rest once the votes of all are known (record/agreement.h) but for the one that is
// chosen, which is written on. Where it comes to no whole answer, the one that is chosen then goes on. This
// is curtailed sampling, a sequential test without error: the choice and the number that agree are those of
// all tries written to their end, but for tries that would have ended early later on.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "record/room.h"
#include "room/constrain/mask.h"
#include "room/engine/engine.h"

namespace carrel {

struct DecodeTry {
  std::string name;
  Tokens question;                         // what follows the shared beginning
  std::unique_ptr<Constraint> constraint;  // at its start
};

struct DecodeSettings {
  Sampling sampling;
  std::uint32_t output_tokens = 768;  // a try's cap, forced tokens included
  bool early_stop = false;
  std::uint32_t draft = 0;  // most tokens guessed ahead of a try that is written alone (draft.h)
  std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max();
  // Called when sequence 0 holds the shared beginning and nothing else. May be empty.
  std::function<void()> prefilled;
};

struct Decoded {
  std::vector<Try> tries;            // in the order given
  std::uint32_t settled_tokens = 0;  // written by all tries when they came to rest; 0: none was stopped
  DraftCounts drafts;
  double prefill_s = 0;
  double decode_s = 0;
  std::chrono::steady_clock::time_point first_token;  // when each try had its first
};

// Called as work goes on: "prefill" in prompt tokens, "decoding" in answer tokens of all tries, with the most
// there can be.
using DecodeProgress = std::function<void(const std::string& stage, std::uint64_t done, std::uint64_t total)>;

// `engine` is open with room for it all: ContextSettings of `batch` tokens, prefix + tries * (question +
// cap), and 1 + draft outputs. Sequence 0 may hold a beginning of the prefix already, up to a border of
// the schedule (schedule.h, saved_state.h): it is read on from there, in the batches in which it would have
// been read. A cap below the shortest answer is an Error (does_not_fit).
Result<Decoded> decode(Engine& engine, const TokenTrie& trie, const Tokens& prefix,
                       std::vector<DecodeTry> tries, std::uint32_t batch, const DecodeSettings& settings,
                       const DecodeProgress& progress);

// True where the end of `tokens` is one short piece over and over: at least four times, and 32 tokens in all.
bool ends_in_a_loop(const Tokens& tokens);

}  // namespace carrel
