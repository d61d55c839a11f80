#include "host/flow/prefix.h"

#include <set>

#include <gtest/gtest.h>

namespace carrel {
namespace {

TEST(PrefixKey, EveryPartOfItMatters) {
  const PrefixOrigin origin{"acme", "b", "m", "i"};
  ThinkJob job;
  job.chat_template = "chatml";
  job.system = "You find root causes.";
  std::set<std::string> keys = {prefix_key(origin, job)};
  EXPECT_EQ(keys.begin()->size(), 64U);
  for (std::string PrefixOrigin::*const part : {&PrefixOrigin::tenant, &PrefixOrigin::bundle_sha256,
                                                &PrefixOrigin::model_sha256, &PrefixOrigin::image_sha256}) {
    PrefixOrigin other = origin;
    other.*part = "another";
    EXPECT_TRUE(keys.insert(prefix_key(other, job)).second);
  }
  const std::vector<void (*)(ThinkJob&)> changes = {
      [](ThinkJob& other) { other.chat_template = "llama3"; },
      [](ThinkJob& other) { other.system = "You find them fast."; },
      [](ThinkJob& other) { other.threads = 7; },
      [](ThinkJob& other) { other.chunk = 64; },
      [](ThinkJob& other) { other.exact = true; },
      // Where one text ends and the next begins is part of it.
      [](ThinkJob& other) {
        other.chat_template = "chatmlYou";
        other.system = " find root causes.";
      },
  };
  for (const auto& change : changes) {
    ThinkJob other = job;
    change(other);
    EXPECT_TRUE(keys.insert(prefix_key(origin, other)).second);
  }
}

TEST(PrefixKey, WhatIsAskedDoesNotMatter) {
  const PrefixOrigin origin{"acme", "b", "m", "i"};
  ThinkJob job, other;
  other.question = "And the database?";
  other.variants = {{"a", "Answer."}};
  other.lines.resize(3);
  other.output_tokens = 99;
  EXPECT_EQ(prefix_key(origin, job), prefix_key(origin, other));
}

}  // namespace
}  // namespace carrel
