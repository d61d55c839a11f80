#include "room/engine/choose.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace carrel {
namespace {

std::optional<Token> highest(std::span<const float> logits, const std::vector<bool>* mask) {
  std::optional<Token> best;
  float highest = -std::numeric_limits<float>::infinity();
  for (std::size_t token = 0; token < logits.size(); ++token) {
    if (mask != nullptr && !(*mask)[token]) continue;
    const float logit = logits[token];
    if (logit > highest || (!best && logit == highest)) {  // false for what is not a number
      best = static_cast<Token>(token);
      highest = logit;
    }
  }
  return best;
}

struct Candidate {
  Token token;
  double logit;
  double probability;
};

void normalise(std::vector<Candidate>& candidates, double temperature) {
  double top = candidates[0].logit;
  for (const Candidate& candidate : candidates) top = std::max(top, candidate.logit);
  double sum = 0;
  for (Candidate& candidate : candidates) {
    candidate.probability = std::exp((candidate.logit - top) / temperature);
    sum += candidate.probability;
  }
  for (Candidate& candidate : candidates) candidate.probability /= sum;
}

// Keeps the likeliest whose probabilities reach `top_p` together.
void keep_top_p(std::vector<Candidate>& candidates, double top_p) {
  double sum = 0;
  std::size_t kept = 0;
  while (kept < candidates.size() && sum < top_p) sum += candidates[kept++].probability;
  candidates.resize(std::max<std::size_t>(kept, 1));
}

}  // namespace

double Random::next() {
  std::uint64_t z = (state_ += 0x9e3779b97f4a7c15);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return static_cast<double>((z ^ (z >> 31)) >> 11) * 0x1.0p-53;
}

std::optional<Token> choose_best(std::span<const float> logits, const Engine& engine, const TokenTrie& trie,
                                 const Constraint& constraint) {
  const std::optional<Token> best = highest(logits, nullptr);
  if (best && static_cast<std::size_t>(*best) < engine.vocabulary() &&
      constraint.allows(engine.bytes(*best))) {
    return best;
  }
  std::vector<bool> mask(std::max(logits.size(), trie.vocabulary()));
  constraint.mask(trie, &mask);
  return highest(logits, &mask);
}

std::optional<Token> choose_drawn(std::span<const float> logits, const TokenTrie& trie,
                                  const Constraint& constraint, const Sampling& sampling, Random& random) {
  std::vector<bool> mask(std::max(logits.size(), trie.vocabulary()));
  constraint.mask(trie, &mask);
  std::vector<Candidate> candidates;
  for (std::size_t token = 0; token < logits.size(); ++token) {
    if (mask[token] && std::isfinite(logits[token])) {
      candidates.push_back({static_cast<Token>(token), logits[token], 0});
    }
  }
  if (candidates.empty()) return std::nullopt;
  std::sort(candidates.begin(), candidates.end(), [](const Candidate& a, const Candidate& b) {
    return a.logit != b.logit ? a.logit > b.logit : a.token < b.token;
  });
  if (sampling.top_k > 0 && candidates.size() > sampling.top_k) candidates.resize(sampling.top_k);
  normalise(candidates, 1);
  if (sampling.top_p < 1) keep_top_p(candidates, sampling.top_p);
  if (sampling.min_p > 0) {
    const double least = sampling.min_p * candidates[0].probability;
    std::erase_if(candidates, [&](const Candidate& candidate) { return candidate.probability < least; });
  }
  normalise(candidates, sampling.temperature);
  const double drawn = random.next();
  double sum = 0;
  for (const Candidate& candidate : candidates) {
    sum += candidate.probability;
    if (drawn < sum) return candidate.token;
  }
  return candidates.back().token;  // the sum rounded to less than the draw
}

}  // namespace carrel
