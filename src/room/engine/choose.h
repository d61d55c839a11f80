// Which token comes next: the model's logits under a constraint.
#pragma once

#include <optional>
#include <span>

#include "record/room.h"
#include "room/constrain/mask.h"
#include "room/engine/engine.h"

namespace carrel {

// SplitMix64, so that a seed gives the same draws everywhere. Source: Steele, Lea, Flood, "Fast splittable
// pseudorandom number generators".
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  // Uniform in [0, 1), 53 bits.
  double next();

 private:
  std::uint64_t state_;
};

// The token with the highest logit that is allowed, the lowest number among equals. The best of all is tested
// first and the mask over the whole vocabulary is only built where that one is refused. Nothing where no
// token is allowed, or all logits are not numbers.
std::optional<Token> choose_best(std::span<const float> logits, const Engine& engine, const TokenTrie& trie,
                                 const Constraint& constraint);

// A draw among the allowed tokens: top_k, top_p, min_p in that order over the probabilities at temperature 1,
// then the temperature, as llama.cpp's own chain does. No penalties: they hit the tokens that the JSON is
// made of.
std::optional<Token> choose_drawn(std::span<const float> logits, const TokenTrie& trie,
                                  const Constraint& constraint, const Sampling& sampling, Random& random);

}  // namespace carrel
