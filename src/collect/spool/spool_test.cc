#include "collect/spool/spool.h"

#include <gtest/gtest.h>

namespace carrel {
namespace {

std::string contents(const Spool& spool) {
  std::string out;
  EXPECT_TRUE(spool.copy_to([&](std::string_view bytes) -> Status {
    out += bytes;
    return {};
  }));
  return out;
}

TEST(Spool, GivesBackWhatWasWrittenInWhateverPieces) {
  std::string whole;
  for (unsigned i = 0; whole.size() < 700'000; ++i) whole += std::to_string(i * 7919) + ",";
  for (const std::size_t step : {std::size_t{1000}, std::size_t{65'537}, whole.size()}) {
    for (const std::size_t size : {std::size_t{0}, std::size_t{10}, std::size_t{256 << 10},
                                   std::size_t{(256 << 10) + 1}, whole.size()}) {
      Spool spool("/tmp");
      for (std::size_t at = 0; at < size; at += step)
        ASSERT_TRUE(spool.write(std::string_view(whole).substr(at, std::min(step, size - at))));
      EXPECT_EQ(spool.size(), size);
      EXPECT_TRUE(contents(spool) == whole.substr(0, size)) << step << " " << size;
      EXPECT_EQ(spool.sha256(), sha256_of(std::string_view(whole).substr(0, size)));
    }
  }
}

TEST(Spool, RestartForgetsAll) {
  Spool spool("/tmp");
  ASSERT_TRUE(spool.write(std::string(300'000, 'a')));
  spool.restart();
  ASSERT_TRUE(spool.write("b"));
  EXPECT_EQ(contents(spool), "b");
  EXPECT_EQ(spool.sha256(), sha256_of("b"));
}

TEST(Spool, AFolderThatTakesNoFileIsAnError) {
  Spool spool("/proc");
  EXPECT_TRUE(spool.write(std::string(1000, 'a')));
  EXPECT_FALSE(spool.write(std::string(300'000, 'a')));
}

}  // namespace
}  // namespace carrel
