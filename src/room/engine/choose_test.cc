#include "room/engine/choose.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/sanitized.h"
#include "room/engine/fake_engine_reference.h"
#include "room/engine/plain_tokens.h"

namespace carrel {
namespace {

// Allows the tokens whose texts are named, and counts how often the whole mask was asked for.
class Named : public Constraint {
 public:
  explicit Named(std::set<std::string> texts) : texts_(std::move(texts)) {}
  bool allows(std::string_view bytes) const override { return texts_.count(std::string(bytes)) != 0; }
  bool accept(std::string_view bytes) override { return allows(bytes); }
  bool finished() const override { return false; }
  std::string forced(std::size_t) const override { return ""; }
  void mask(const TokenTrie& trie, std::vector<bool>* mask) const override {
    ++masks_;
    mask->assign(mask->size(), false);
    for (std::size_t token = 0; token < trie.vocabulary(); ++token) {
      (*mask)[token] = texts_.count(std::string(1, static_cast<char>('a' + token))) != 0;
    }
  }
  std::string shortest_close() const override { return ""; }
  std::unique_ptr<Constraint> clone() const override { return std::make_unique<Named>(*this); }
  mutable int masks_ = 0;

 private:
  std::set<std::string> texts_;
};

class Choose : public testing::Test {
 protected:
  Choose() : engine({{"a"}, {"b"}, {"c"}, {"d"}}, nullptr), trie(all_bytes(engine)) {}
  std::vector<int> counts(const Sampling& sampling, const std::vector<float>& logits,
                          const Constraint& constraint) {
    std::vector<int> drawn(4);
    Random random(5);
    for (int i = 0; i < 20'000; ++i) {
      ++drawn[static_cast<std::size_t>(*choose_drawn(logits, trie, constraint, sampling, random))];
    }
    return drawn;
  }
  FakeEngine engine;
  TokenTrie trie;
};

TEST_F(Choose, TheBestIsTakenWithoutAMaskWhereItIsAllowed) {
  const Named constraint({"b", "c"});
  EXPECT_EQ(choose_best(std::vector<float>{1, 5, 2, 3}, engine, trie, constraint), 1);
  EXPECT_EQ(constraint.masks_, 0);
}

TEST_F(Choose, TheBestAllowedIsTakenWhereTheBestIsRefused) {
  const Named constraint({"b", "c"});
  EXPECT_EQ(choose_best(std::vector<float>{1, 2, 3, 9}, engine, trie, constraint), 2);
  EXPECT_EQ(constraint.masks_, 1);
}

TEST_F(Choose, EqualsGoToTheLowestToken) {
  const Named constraint({"a", "b", "c", "d"});
  EXPECT_EQ(choose_best(std::vector<float>{0, 4, 4, 4}, engine, trie, constraint), 1);
}

TEST_F(Choose, WhatIsNoNumberIsNotChosen) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float least = -std::numeric_limits<float>::infinity();
  const Named constraint({"a", "b"});
  EXPECT_EQ(choose_best(std::vector<float>{nan, -3, 7, nan}, engine, trie, constraint), 1);
  EXPECT_EQ(choose_best(std::vector<float>{nan, nan, nan, nan}, engine, trie, constraint), std::nullopt);
  EXPECT_EQ(choose_best(std::vector<float>{nan, least, nan, nan}, engine, trie, constraint), 1);
  Random random(1);
  EXPECT_EQ(choose_drawn(std::vector<float>{nan, nan, 1, 1}, trie, constraint, {.temperature = 1}, random),
            std::nullopt);
}

TEST_F(Choose, NothingAllowedIsNothingChosen) {
  const Named constraint({});
  Random random(1);
  EXPECT_EQ(choose_best(std::vector<float>{1, 2, 3, 4}, engine, trie, constraint), std::nullopt);
  EXPECT_EQ(choose_drawn(std::vector<float>{1, 2, 3, 4}, trie, constraint, {.temperature = 1}, random),
            std::nullopt);
}

TEST_F(Choose, DrawsFollowTheProbabilitiesOfWhatIsAllowed) {
  const Named constraint({"a", "b", "d"});
  const auto log = [](double p) { return static_cast<float>(std::log(p)); };
  const std::vector<int> drawn =
      counts({.temperature = 1}, {log(0.1), log(0.3), log(0.4), log(0.2)}, constraint);
  EXPECT_EQ(drawn[2], 0);
  EXPECT_NEAR(drawn[0], 20'000 * 0.1 / 0.6, 300);
  EXPECT_NEAR(drawn[1], 20'000 * 0.3 / 0.6, 300);
  EXPECT_NEAR(drawn[3], 20'000 * 0.2 / 0.6, 300);
}

TEST_F(Choose, FiltersCutTheUnlikely) {
  const Named constraint({"a", "b", "c", "d"});
  const auto log = [](double p) { return static_cast<float>(std::log(p)); };
  const std::vector<float> logits = {log(0.1), log(0.2), log(0.3), log(0.4)};
  EXPECT_EQ(counts({.temperature = 1, .top_k = 2}, logits, constraint)[1], 0);
  const std::vector<int> top_p = counts({.temperature = 1, .top_p = 0.65}, logits, constraint);
  EXPECT_EQ(top_p[0] + top_p[1], 0);
  const std::vector<int> min_p = counts({.temperature = 1, .min_p = 0.6}, logits, constraint);
  EXPECT_EQ(min_p[0] + min_p[1], 0);
  EXPECT_GT(min_p[2], 0);
  EXPECT_GT(counts({.temperature = 0.05}, logits, constraint)[3], 19'800);
}

// Candidates are put in order as far as a draw looks, which must not change what is drawn: over many tokens,
// each filter keeps the tokens that a full sort keeps, and of them the rarest is drawn as often as it should.
TEST(ChooseOfMany, FiltersKeepWhatAFullSortKeeps) {
  constexpr std::size_t count = sanitized ? 1000 : 5000;
  std::vector<FakeToken> tokens;
  for (std::size_t i = 0; i < count; ++i) tokens.push_back({fmt::format("t{}", i)});
  const FakeEngine engine(tokens, nullptr);
  const TokenTrie trie(all_bytes(engine));
  // All but every third token is allowed.
  class Thirds : public Named {
   public:
    Thirds() : Named({}) {}
    void mask(const TokenTrie&, std::vector<bool>* mask) const override {
      for (std::size_t token = 0; token < mask->size(); ++token) (*mask)[token] = token % 3 != 0;
    }
  } constraint;
  std::vector<float> logits;
  Random random(9);
  for (std::size_t i = 0; i < count; ++i) logits.push_back(static_cast<float>(random.next() * 6));
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < count; ++i) {
    if (i % 3 != 0) order.push_back(i);
  }
  std::ranges::sort(order, [&](std::size_t a, std::size_t b) { return logits[a] > logits[b]; });
  const auto kept_by = [&](const Sampling& sampling) {
    std::size_t kept = sampling.top_k > 0 ? sampling.top_k : order.size();
    double total = 0, sum = 0;
    for (std::size_t i = 0; i < kept; ++i) total += std::exp(logits[order[i]]);
    std::size_t reach = 0;
    while (sampling.top_p < 1 && reach < kept && sum < sampling.top_p * total)
      sum += std::exp(logits[order[reach++]]);
    if (sampling.top_p < 1) kept = reach;
    while (kept > 1 && logits[order[kept - 1]] - logits[order[0]] < std::log(sampling.min_p)) --kept;
    return kept;
  };
  for (const Sampling& sampling : {Sampling{.temperature = 1}, Sampling{.temperature = 2, .top_p = 0.9},
                                   Sampling{.temperature = 1, .min_p = 0.2},
                                   Sampling{.temperature = 3, .top_p = 0.95, .min_p = 0.05, .top_k = 40},
                                   Sampling{.temperature = 1, .top_k = 1}}) {
    const std::size_t kept = kept_by(sampling);
    std::map<std::size_t, int> drawn;
    for (int i = 0; i < 4000; ++i)
      ++drawn[static_cast<std::size_t>(*choose_drawn(logits, trie, constraint, sampling, random))];
    std::set<std::size_t> keep(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(kept));
    for (const auto& [token, times] : drawn) EXPECT_TRUE(keep.contains(token)) << token;
    if (kept <= 40) {
      EXPECT_EQ(drawn.size(), kept);
    }
  }
}

}  // namespace
}  // namespace carrel
