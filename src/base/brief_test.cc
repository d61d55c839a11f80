#include "base/brief.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace carrel {
namespace {

TEST(Brief, IsOneLineOfSingleSpaces) {
  EXPECT_EQ(brief("  a\tb\n  c ", 20), "a b c");
}

TEST(Brief, KeepsTheBeginningAndTheCauseOfAChain) {
  const std::string chain =
      "Failed to create pod sandbox: rpc error: code = Unknown desc = failed to setup network for sandbox "
      "8a41c0d5b7e2: "
      "plugin type=\"aws-cni\" failed (add): add cmd: failed to assign an IP address to container";
  const std::string cut = brief(chain, 130);
  EXPECT_LE(cut.size(), 130U);
  EXPECT_TRUE(cut.starts_with("Failed to create pod sandbox:")) << cut;
  EXPECT_TRUE(cut.ends_with("failed to assign an IP address to container")) << cut;
  EXPECT_NE(cut.find(" ... "), std::string::npos) << cut;
}

TEST(Brief, OfLittleRoomIsTheBeginning) {
  EXPECT_EQ(brief("app=shop,tier=web,release=stable", 20), "app=shop,tier=web...");
}

TEST(Brief, CutsBetweenCodePoints) {
  std::string text;
  for (int i = 0; i < 100; ++i) text += "\xe2\x82\xac";
  for (std::size_t limit = 0; limit < 200; ++limit) {
    const std::string cut = brief(text, limit);
    EXPECT_LE(cut.size(), limit);
    EXPECT_TRUE(is_utf8(cut)) << limit;
  }
}

}  // namespace
}  // namespace carrel
