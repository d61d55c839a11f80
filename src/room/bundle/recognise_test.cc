#include "room/bundle/recognise.h"

#include <string>

#include <gtest/gtest.h>

namespace carrel {
namespace {

using namespace std::string_view_literals;

// Text that begins as a format does is text.
TEST(Recognise, IsNotFooledByText) {
  for (const std::string_view text :
       {"070701 the day's first line\n"sv, "070707\n"sv, "LZIP was tried\n"sv, "BZh is bzip2's magic\n"sv,
        "PK is a prefix\n"sv, "Salted fish\n"sv, "a"sv, "\x85 latin-1 text\n"sv, "ustar\n"sv}) {
    EXPECT_EQ(recognise(text).content, Content::text) << text;
  }
}

TEST(Recognise, KnowsArchivesByTheirHeaders) {
  EXPECT_EQ(recognise("070701" + std::string(104, 'A')).content, Content::unsupported);
  EXPECT_EQ(recognise("070707" + std::string(70, '7')).content, Content::unsupported);
  EXPECT_EQ(recognise("LZIP\x01\x0c").content, Content::unsupported);
  EXPECT_EQ(recognise("BZh91AY&SY rest").content, Content::bzip2);
  EXPECT_EQ(recognise("PK\x05\x06\0\0"sv).content, Content::zip);
  EXPECT_EQ(recognise("\x28\xb5\x2f\xfd\x04").content, Content::zstd);
  EXPECT_EQ(recognise("\xfd"
                      "7zXZ\0\0"sv)
                .content,
            Content::xz);
  EXPECT_EQ(recognise(std::string(1024, '\0')).content, Content::tar);
  EXPECT_EQ(recognise(std::string(100, '\0')).content, Content::binary);
  EXPECT_EQ(recognise("").content, Content::empty);
}

}  // namespace
}  // namespace carrel
