#include "collect/redact/unreadable.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace carrel {
namespace {

using namespace std::string_literals;
using testing::HasSubstr;

std::string judged(const std::string& head) {
  const auto unreadable = judge_readable(head);
  return unreadable ? unreadable->what : "";
}

// ASCII with so many bytes to a character.
std::string wide(const std::string& text, std::size_t width, bool big_endian) {
  std::string out;
  for (const char c : text) {
    std::string unit(width, '\0');
    unit[big_endian ? width - 1 : 0] = c;
    out += unit;
  }
  return out;
}

TEST(Unreadable, PackedFilesAreToldByTheirMagic) {
  EXPECT_THAT(judged("\x1f\x8b\x08\0"s), HasSubstr("packed (gzip)"));
  EXPECT_THAT(judged("PK\x03\x04\x14\0"s), HasSubstr("packed (zip)"));
  EXPECT_THAT(judged("\xfd"
                     "7zXZ\0"s),
              HasSubstr("packed (xz)"));
  EXPECT_THAT(judged("\x28\xb5\x2f\xfd$"s), HasSubstr("packed (zstd)"));
  EXPECT_THAT(judged("BZh91AY"), HasSubstr("packed (bzip2)"));
  EXPECT_THAT(judged("7z\xbc\xaf\x27\x1c"), HasSubstr("packed (7z)"));
  EXPECT_THAT(judged(std::string(257, 'a') + "ustar"), HasSubstr("packed (tar)"));
}

TEST(Unreadable, WideTextIsToldWithAMarkAndWithout) {
  const std::string text = "[client]\r\nDB_PASSWORD=hunter2\r\n";
  for (const bool big : {false, true}) {
    EXPECT_THAT(judged(wide(text, 2, big)), HasSubstr("UTF-16"));
    EXPECT_THAT(judged(wide(text, 4, big)), HasSubstr("UTF-32"));
  }
  EXPECT_THAT(judged("\xff\xfe\x2d\x4e"), HasSubstr("UTF-16"));
  EXPECT_THAT(judged("\xff\xfe\0\0\x2d\x4e\0\0"s), HasSubstr("UTF-32"));
}

TEST(Unreadable, WhatIsNoTextIsTold) {
  EXPECT_THAT(judged("\x7f"
                     "ELF\x02\x01\x01\0\0\0"s),
              HasSubstr("is no text"));
  EXPECT_THAT(judged("SQLite format 3\0\x10\0\x01\x01\0@"s), HasSubstr("is no text"));
}

TEST(Unreadable, TextIsReadWhateverIsInIt) {
  for (const std::string& text :
       {""s, "a"s, "password=hunter2\n"s, "\xef\xbb\xbfkey: value\n"s, "caf\xe9 \xe4\xb8\xad\n"s,
        "\x1b[31mred\x1b[0m\tx\r\n"s, std::string(4000, '\0') + "rotated while it was written\n",
        std::string(4096, '\0'), std::string(200, 'x') + "\x01\n", "/usr/bin/app\0--config\0/etc/app.yaml\0"s,
        "BZ, BZ2 and 7z\n"s,
        "8=FIX.4.4\x01"
        "9=65\x01"
        "35=A\x01"
        "58=caf\xc3\xa9\x01"s})
    EXPECT_EQ(judged(text), "") << text;
}

}  // namespace
}  // namespace carrel
