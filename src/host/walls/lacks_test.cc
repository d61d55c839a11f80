#include "host/walls/lacks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace carrel {
namespace {

using testing::HasSubstr;

TEST(Lacks, EachSwitchIsNamedWithItsRemedy) {
  EXPECT_TRUE(switched_off({}, false).empty());
  EXPECT_TRUE(switched_off({"1", "96350", "0"}, false).empty());

  const auto debian = switched_off({"0", "96350", ""}, false);
  ASSERT_EQ(debian.size(), 1U);
  EXPECT_THAT(debian[0].remedy, HasSubstr("kernel.unprivileged_userns_clone=1"));

  const auto ubuntu = switched_off({"", "96350", "1"}, false);
  ASSERT_EQ(ubuntu.size(), 1U);
  EXPECT_THAT(ubuntu[0].what, HasSubstr("AppArmor"));

  EXPECT_EQ(switched_off({"0", "0", "1"}, false).size(), 3U) << "told together";
}

TEST(Lacks, RootIsBoundByTheCountAlone) {
  EXPECT_TRUE(switched_off({"0", "96350", "1"}, true).empty());
  EXPECT_EQ(switched_off({"0", "0", "1"}, true).size(), 1U);
}

TEST(Lacks, EachHasAConsequenceAndARemedy) {
  auto all = namespace_wall_lacks();
  for (Lack& weakness : namespace_wall_weaknesses()) all.push_back(std::move(weakness));
  for (Lack& off : switched_off({"0", "0", "1"}, false)) all.push_back(std::move(off));
  for (const Lack& lack : all) {
    EXPECT_NE(lack.what, "");
    EXPECT_NE(lack.consequence, "") << lack.what;
    EXPECT_NE(lack.remedy, "") << lack.what;
  }
}

}  // namespace
}  // namespace carrel
