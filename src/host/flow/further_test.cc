#include "host/flow/further.h"

#include <gtest/gtest.h>

namespace carrel {
namespace {

EvidenceLine line(std::uint32_t number) {
  EvidenceLine out;
  out.at = {"a.log", number, number, ""};
  out.quote = "line of " + std::to_string(10'000 + number);
  return out;
}

EvidenceList list(const std::vector<std::uint32_t>& numbers) {
  EvidenceList out;
  for (const std::uint32_t number : numbers) out.lines.push_back(line(number));
  return out;
}

std::vector<std::uint32_t> numbers(const EvidenceList& list) {
  std::vector<std::uint32_t> out;
  for (const EvidenceLine& one : list.lines) out.push_back(one.at.line);
  return out;
}

TEST(AfterEarlier, WhatWasShownStaysInItsPlaceAndTheNewComesBehind) {
  const EvidenceList joined = after_earlier({list({1, 2, 3, 4}), 4}, list({9, 3, 8, 1}));
  EXPECT_EQ(numbers(joined), (std::vector<std::uint32_t>{1, 2, 3, 4, 9, 8}));
}

TEST(AfterEarlier, FindingsCiteTheSameLines) {
  EvidenceList now = list({9, 3, 8});
  Finding finding;
  finding.evidence = {0, 1, 4'000'000'000U};
  now.findings = {finding};
  const EvidenceList joined = after_earlier({list({1, 2, 3, 4}), 4}, std::move(now));
  ASSERT_EQ(joined.findings.at(0).evidence.size(), 2U);
  EXPECT_EQ(joined.lines[joined.findings[0].evidence[0]].at.line, 9U);
  EXPECT_EQ(joined.lines[joined.findings[0].evidence[1]].at.line, 3U);
}

// Of lines that the prompt had no room for nothing was read yet: they come last.
TEST(AfterEarlier, WhatWasNotShownComesAfterTheNew) {
  const EvidenceList joined = after_earlier({list({1, 2, 3, 4, 5, 6}), 4}, list({1, 2, 3, 4, 6, 9}));
  EXPECT_EQ(numbers(joined), (std::vector<std::uint32_t>{1, 2, 3, 4, 6, 9, 5}));
}

// Else a prompt that was full would have no room for anything that a further question is about.
TEST(AfterEarlier, InAFullPromptTheLastGiveWayToWhatPresses) {
  const Earlier full{list({1, 2, 3, 4, 5, 6, 7, 8, 20, 21}), 8};
  EXPECT_EQ(numbers(after_earlier(full, list({9, 1, 2, 3, 4, 5}))),
            (std::vector<std::uint32_t>{1, 2, 3, 4, 5, 6, 7, 9, 8, 20, 21}));
  // At most a quarter of them, whatever presses.
  EXPECT_EQ(numbers(after_earlier(full, list({31, 32, 33, 34}))),
            (std::vector<std::uint32_t>{1, 2, 3, 4, 5, 6, 31, 32, 33, 34, 7, 8, 20, 21}));
  // What the new question ranks low is no reason.
  EXPECT_EQ(numbers(after_earlier(full, list({1, 2, 9}))),
            (std::vector<std::uint32_t>{1, 2, 3, 4, 5, 6, 7, 8, 9, 20, 21}));
}

TEST(AfterEarlier, ALongListIsCutAndThatIsTold) {
  std::vector<std::uint32_t> many(limit::evidence_lines);
  for (std::uint32_t i = 0; i < many.size(); ++i) many[i] = i + 100;
  EvidenceList now = list(many);
  Finding finding;
  finding.evidence = {0, static_cast<std::uint32_t>(many.size()) - 1};
  now.findings = {finding};
  const EvidenceList joined = after_earlier({list({1, 2, 3}), 3}, std::move(now));
  EXPECT_EQ(joined.lines.size(), limit::evidence_lines);
  EXPECT_EQ(joined.left_out.at(0).lines, 3U);
  EXPECT_EQ(joined.findings.at(0).evidence.size(), 1U);
}

}  // namespace
}  // namespace carrel
