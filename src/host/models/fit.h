// Fit: how much memory a model takes at some context, and how long a run takes, from what a short measurement
// on this machine showed.
//
// The weights are what they are; the cache grows with each token of context, the buffers of computing with
// what one batch attends to. A token takes the longer the more stand before it, so the measurement is of two
// lengths, and a line through both tells of a third. `measured` is from rooms that really ran
// (host/flow/measure.h).
#pragma once

#include <cstdint>

namespace carrel {

// One run of the measurement.
struct MeasuredRun {
  std::uint32_t context = 0;  // tokens that the room's cache had
  std::uint64_t cache_bytes = 0;
  std::uint64_t compute_bytes = 0;
  std::uint64_t peak_bytes = 0;  // of the whole room, as its wall saw it
  std::uint32_t prompt_tokens = 0;
  double prefill_s = 0;
  std::uint32_t answer_tokens = 0;  // of all tries together
  double decode_s = 0;
};

struct Measured {
  std::uint64_t mapped_bytes = 0;  // of the file, used where it is mapped; shared by all rooms of the model
  std::uint64_t weight_bytes = 0;  // weights of its own, repacked for the processor
  MeasuredRun small, large;        // of a short prompt and of a long one
};

struct FitQuestion {
  std::uint32_t context = 0;  // tokens of one run, its tries together
  std::uint32_t tries = 1;
  std::uint32_t slots = 1;          // runs at the same time, each in a room of its own
  std::uint32_t output_tokens = 0;  // a try's cap
  std::uint64_t kv_bytes_per_token = 0;
  std::uint32_t trained_context = 0;
  std::uint64_t memory = 0;  // that may be used
};

struct Fit {
  std::uint64_t weights = 0;  // bytes, mapped and own
  std::uint64_t cache = 0;
  std::uint64_t compute = 0;
  // The program itself, its vocabulary, its stacks, less what of all above is never touched: rows of a large
  // table of embeddings, buffers for more logits than are asked for.
  std::int64_t rest = 0;
  std::uint64_t one_room = 0;   // all of the above
  std::uint64_t all_rooms = 0;  // of all slots: what is mapped counts once
  bool fits = false;
  std::uint32_t largest_context = 0;  // tokens of one run that fit with so many slots; 0: none does
  std::uint32_t evidence_tokens = 0;  // of the context, beside the tries' answers
  double prefill_s = 0;               // of a full prompt
  double decode_s = 0;                // of all tries to their cap
};

Fit predict_fit(const Measured& measured, const FitQuestion& question);

}  // namespace carrel
