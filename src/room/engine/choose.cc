#include "room/engine/choose.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace carrel {
namespace {

constexpr float lowest = -std::numeric_limits<float>::infinity();

// The highest of all; the lowest infinity where none is a number. Eight lanes, for one would wait for itself
// at every step.
float highest_of(std::span<const float> logits) {
  std::array<float, 8> lanes;
  lanes.fill(lowest);
  std::size_t at = 0;
  for (; at + lanes.size() <= logits.size(); at += lanes.size()) {
    for (std::size_t lane = 0; lane < lanes.size(); ++lane)
      lanes[lane] = logits[at + lane] > lanes[lane] ? logits[at + lane] : lanes[lane];
  }
  for (; at < logits.size(); ++at) lanes[0] = logits[at] > lanes[0] ? logits[at] : lanes[0];
  return *std::max_element(lanes.begin(), lanes.end());
}

std::optional<Token> best_of_all(std::span<const float> logits) {
  const auto found = std::find(logits.begin(), logits.end(), highest_of(logits));
  if (found == logits.end()) return std::nullopt;
  return static_cast<Token>(found - logits.begin());
}

std::optional<Token> best_allowed(std::span<const float> logits, const std::vector<bool>& mask) {
  std::optional<Token> best;
  float highest = lowest;
  for (std::size_t token = 0; token < logits.size(); ++token) {
    const float logit = logits[token];
    const bool higher = logit > highest || (!best && logit == highest);  // false for what is not a number
    if (!higher || !mask[token]) continue;
    best = static_cast<Token>(token);
    highest = logit;
  }
  return best;
}

struct Candidate {
  Token token;
  float logit;
};

bool before(const Candidate& a, const Candidate& b) {
  return a.logit != b.logit ? a.logit > b.logit : a.token < b.token;
}

// The allowed tokens with the highest logits, at most `most` of them (0: all), in no order.
std::vector<Candidate> highest_allowed(std::span<const float> logits, const std::vector<bool>& mask,
                                       std::size_t most) {
  std::vector<Candidate> candidates;
  float least = lowest;  // what a candidate must reach
  const auto drop = [&] {
    std::nth_element(candidates.begin(), candidates.begin() + static_cast<std::ptrdiff_t>(most - 1),
                     candidates.end(), before);
    candidates.resize(most);
    least = candidates.back().logit;
  };
  for (std::size_t token = 0; token < logits.size(); ++token) {
    if (logits[token] < least || !mask[token] || !std::isfinite(logits[token])) continue;
    candidates.push_back({static_cast<Token>(token), logits[token]});
    if (most > 0 && candidates.size() >= 2 * most) drop();
  }
  if (most > 0 && candidates.size() > most) drop();
  return candidates;
}

// Candidates, the likeliest first, put in order as far as they are looked at: of a whole vocabulary, a draw
// needs a few.
class Ranked {
 public:
  explicit Ranked(std::vector<Candidate> candidates) : candidates_(std::move(candidates)) {
    for (const Candidate& candidate : candidates_) highest_ = std::max(highest_, candidate.logit);
  }

  std::size_t size() const { return candidates_.size(); }
  const Candidate& operator[](std::size_t at) {
    if (at >= ordered_) {
      const std::size_t next = std::min(size(), std::max<std::size_t>(64, 4 * at));
      const auto begin = candidates_.begin();
      std::partial_sort(begin + static_cast<std::ptrdiff_t>(ordered_),
                        begin + static_cast<std::ptrdiff_t>(next), candidates_.end(), before);
      ordered_ = next;
    }
    return candidates_[at];
  }
  void keep(std::size_t count) {
    if (count < size()) (*this)[count];  // in order, so that the right ones go
    candidates_.resize(std::min(count, size()));
  }
  // Of the candidate, at a temperature, not normalised: 1 of the likeliest.
  double weight(const Candidate& candidate, double temperature) const {
    return std::exp((static_cast<double>(candidate.logit) - static_cast<double>(highest_)) / temperature);
  }
  double sum(double temperature) const {
    double sum = 0;
    for (const Candidate& candidate : candidates_) sum += weight(candidate, temperature);
    return sum;
  }

 private:
  std::vector<Candidate> candidates_;
  std::size_t ordered_ = 0;
  float highest_ = lowest;
};

// Keeps the likeliest whose probabilities reach `top_p` together.
void keep_top_p(Ranked& ranked, double top_p) {
  const double needed = top_p * ranked.sum(1);
  double sum = 0;
  std::size_t kept = 0;
  while (kept < ranked.size() && sum < needed) sum += ranked.weight(ranked[kept++], 1);
  ranked.keep(std::max<std::size_t>(kept, 1));
}

// Keeps those with at least this part of the likeliest one's probability.
void keep_min_p(Ranked& ranked, double min_p) {
  std::size_t kept = 1;
  while (kept < ranked.size() && ranked.weight(ranked[kept], 1) >= min_p) ++kept;
  ranked.keep(kept);
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
  const std::optional<Token> best = best_of_all(logits);
  if (best && static_cast<std::size_t>(*best) < engine.vocabulary() &&
      constraint.allows(engine.bytes(*best))) {
    return best;
  }
  std::vector<bool> mask(std::max(logits.size(), trie.vocabulary()));
  constraint.mask(trie, &mask);
  return best_allowed(logits, mask);
}

std::optional<Token> choose_drawn(std::span<const float> logits, const TokenTrie& trie,
                                  const Constraint& constraint, const Sampling& sampling, Random& random) {
  std::vector<bool> mask(std::max(logits.size(), trie.vocabulary()));
  constraint.mask(trie, &mask);
  Ranked ranked(highest_allowed(logits, mask, sampling.top_k));
  if (ranked.size() == 0) return std::nullopt;
  if (sampling.top_p < 1) keep_top_p(ranked, sampling.top_p);
  if (sampling.min_p > 0) keep_min_p(ranked, sampling.min_p);
  const double drawn = random.next() * ranked.sum(sampling.temperature);
  double sum = 0;
  for (std::size_t at = 0; at < ranked.size(); ++at) {
    sum += ranked.weight(ranked[at], sampling.temperature);
    if (drawn < sum) return ranked[at].token;
  }
  return ranked[ranked.size() - 1].token;  // the sum rounded to less than the draw
}

}  // namespace carrel
