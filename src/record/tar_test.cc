#include "record/tar.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace carrel {
namespace {

using testing::HasSubstr;

TEST(Tar, AHeaderIsOneBlockWhoseSumHolds) {
  std::string header = tar_entry({"a/b.log", 5, '0', "", 1715670341});
  ASSERT_EQ(header.size(), 512u);
  EXPECT_EQ(header.substr(124, 11), "00000000005");
  EXPECT_EQ(header.substr(136, 11), "14620606505");
  const std::string written = header.substr(148, 6);
  header.replace(148, 8, "        ");
  unsigned sum = 0;
  for (const char c : header) sum += static_cast<unsigned char>(c);
  EXPECT_EQ(std::stoul(written, nullptr, 8), sum);
}

TEST(Tar, WhatAFieldCannotHoldStandsInAPaxRecord) {
  constexpr std::uint64_t eight_gib = 8ULL << 30;
  EXPECT_EQ(tar_entry({"a", eight_gib - 1}).size(), 512u);
  EXPECT_THAT(tar_entry({"a", eight_gib}), HasSubstr("19 size=8589934592\n"));
  EXPECT_EQ(tar_entry({std::string(100, 'n'), 0}).size(), 512u);
  EXPECT_THAT(tar_entry({std::string(101, 'n'), 0}), HasSubstr("path=" + std::string(101, 'n') + "\n"));
}

TEST(Tar, PaddingFillsTheBlock) {
  EXPECT_EQ(tar_padding(0).size(), 0u);
  EXPECT_EQ(tar_padding(1).size(), 511u);
  EXPECT_EQ(tar_padding(512).size(), 0u);
}

}  // namespace
}  // namespace carrel
