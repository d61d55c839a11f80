#include "room/evidence/log_outlier.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "room/evidence/mine.h"

namespace carrel {
namespace {

using ::testing::HasSubstr;

struct PodLog {
  std::string pod, text;
};

std::vector<Observation> odd_of(const std::vector<PodLog>& logs, const std::string& question) {
  LogMiner miner(question);
  for (const auto& [pod, text] : logs) {
    miner.begin({"logs/shop/" + pod + "/main.log", TextFile::Kind::log, "shop", pod, "main"});
    miner.add(text);
    miner.end();
  }
  std::vector<Observation> found = miner.observations();
  std::erase_if(found, [](const Observation& each) { return each.detector != "log-odd-pod"; });
  return found;
}

std::string came_up(const std::string& id, const std::string& source) {
  return "2025-09-22T05:58:28Z INFO price-service starting instance=" + id +
         "\n2025-09-22T05:58:30Z INFO tariff table ready: source=" + source +
         " rows=18234\n2025-09-22T06:00:00Z INFO quote sku=SKU-1 took=4ms\n";
}

TEST(OddPods, TheOneReplicaThatCameUpWithAnotherSettingIsTold) {
  const auto told = [](const std::vector<std::string>& sources, const std::string& question) {
    std::vector<PodLog> logs;
    for (std::size_t i = 0; i < sources.size(); ++i)
      logs.push_back({fmt::format("price-6d9c7b5f8-x7vq{}", i), came_up(fmt::format("a{}", i), sources[i])});
    return odd_of(logs, question);
  };
  const auto found = told({"store", "store", "image", "store"}, "Why do some customers see old prices?");
  ASSERT_EQ(found.size(), 1u);
  EXPECT_THAT(found[0].cause,
              HasSubstr("Pod price-6d9c7b5f8-x7vq2 says another thing than its 3 peers: tariff "
                        "table ready: source=image rows=18234 (not "));
  EXPECT_THAT(found[0].lines[0].at.file, HasSubstr("x7vq2"));
  EXPECT_EQ(found[0].lines[0].at.line, 2u);
  EXPECT_THAT(found[0].lines[1].quote, HasSubstr("source=store"));
  const auto unasked = told({"store", "store", "image", "store"}, "Why is the checkout slow?");
  ASSERT_EQ(unasked.size(), 1u);
  EXPECT_LT(unasked[0].weight, 0.4);
  EXPECT_TRUE(told({"store", "image"}, "Why do some customers see old prices?").empty());
  EXPECT_TRUE(told({"store", "image", "image", "store"}, "Why do some see old prices?").empty());
  EXPECT_TRUE(told({"a", "b", "c"}, "Why do some see old prices?").empty());
  EXPECT_TRUE(told({"store", "store", "store"}, "Why do some see old prices?").empty());
}

TEST(OddPods, WhatAPodSaysAgainAndAgainIsItsWork) {
  std::vector<PodLog> logs;
  for (int i = 0; i < 4; ++i) {
    std::string text;
    for (int line = 0; line < 9; ++line) text += fmt::format("INFO request path=/{}\n", i == 2 ? "b" : "a");
    logs.push_back({fmt::format("web-6d9c7b5f8-x7vq{}", i), text});
  }
  EXPECT_TRUE(odd_of(logs, "Why do some requests fail?").empty());
}

TEST(OddPods, OfTwoRunsOfAJobTheLaterIsToldWithWhatTheEarlierHad) {
  const auto run = [](const std::string& zone, int rows) {
    return fmt::format("2025-10-24 INFO export window 24h tz={} rows={}\n2025-10-24 INFO done\n", zone, rows);
  };
  const std::vector<PodLog> logs = {{"export-29360175-pl9mv", run("America/Chicago", 32684)},
                                    {"export-29354415-zrj4z", run("UTC", 41288)}};
  const auto found = odd_of(logs, "Since 25 October the export lacks rows. Why?");
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].culprit.name, "export-29360175-pl9mv");
  EXPECT_THAT(found[0].cause, HasSubstr("than an earlier run: export window 24h tz=America/Chicago"));
  EXPECT_TRUE(odd_of(logs, "Why does the export fail?").empty());
}

TEST(OddPods, HostileLinesAreBounded) {
  std::vector<PodLog> logs;
  for (int i = 0; i < 3; ++i) {
    std::string text;
    for (int line = 0; line < 300; ++line) {
      text += std::string(static_cast<std::size_t>(line % 7), '=') +
              fmt::format("k{}=v{} ====\"\"== =x\n", line, i % 2);
    }
    logs.push_back({fmt::format("web-6d9c7b5f8-x7vq{}", i), text});
  }
  EXPECT_LE(odd_of(logs, "Why do some requests fail?").size(), 4u);
}

}  // namespace
}  // namespace carrel
