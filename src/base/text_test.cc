#include "base/text.h"

#include <cstdint>

#include <gtest/gtest.h>

namespace carrel {
namespace {

// Any number as UTF-8 would write it, whether or not it may.
std::string bytes_of(std::uint32_t point) {
  const auto byte = [](std::uint32_t value) { return static_cast<char>(value); };
  if (point < 0x80) return {byte(point)};
  if (point < 0x800) return {byte(0xc0 | point >> 6), byte(0x80 | (point & 0x3f))};
  if (point < 0x10000) {
    return {byte(0xe0 | point >> 12), byte(0x80 | (point >> 6 & 0x3f)), byte(0x80 | (point & 0x3f))};
  }
  return {byte(0xf0 | point >> 18), byte(0x80 | (point >> 12 & 0x3f)), byte(0x80 | (point >> 6 & 0x3f)),
          byte(0x80 | (point & 0x3f))};
}

TEST(Utf8, EveryCodePointIsTakenAndNoSurrogate) {
  for (std::uint32_t point = 0; point < 0x120000; ++point) {
    const std::string bytes = bytes_of(point);
    const bool valid = point < 0x110000 && (point < 0xd800 || point > 0xdfff);
    ASSERT_EQ(utf8_length(bytes), valid ? bytes.size() : 0) << std::hex << point;
  }
}

TEST(Utf8, OverlongFormsAndStrayBytesAreNone) {
  for (const char* bytes : {"\xc0\x80", "\xc1\xbf", "\xe0\x80\x80", "\xe0\x9f\xbf", "\xf0\x80\x80\x80",
                            "\xf0\x8f\xbf\xbf", "\x80", "\xbf", "\xfe", "\xff", "\xf5\x80\x80\x80"}) {
    EXPECT_FALSE(is_utf8(bytes)) << bytes;
    EXPECT_EQ(utf8_length(bytes), 0u);
  }
}

TEST(Utf8, ASequenceCutShortIsNone) {
  for (const std::string whole : {"\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80"}) {
    EXPECT_TRUE(is_utf8(whole));
    for (std::size_t size = 1; size < whole.size(); ++size) EXPECT_FALSE(is_utf8(whole.substr(0, size)));
  }
}

TEST(Utf8, IsMadeFromAnyBytes) {
  EXPECT_EQ(to_utf8("caf\xc3\xa9"), "caf\xc3\xa9");
  EXPECT_EQ(to_utf8("caf\xe9!"), "caf\xef\xbf\xbd!");
  EXPECT_EQ(to_utf8("\xe2\x82"), "\xef\xbf\xbd\xef\xbf\xbd");
}

TEST(Utf8, IsCutBetweenCodePoints) {
  const std::string text =
      "a\xe2\x82\xac"
      "b";  // a, euro sign, b
  EXPECT_EQ(cut_utf8(text, 0), "");
  EXPECT_EQ(cut_utf8(text, 1), "a");
  EXPECT_EQ(cut_utf8(text, 2), "a");
  EXPECT_EQ(cut_utf8(text, 3), "a");
  EXPECT_EQ(cut_utf8(text, 4), "a\xe2\x82\xac");
  EXPECT_EQ(cut_utf8(text, 5), text);
  EXPECT_EQ(cut_utf8(text, 500), text);
}

TEST(EscapeForTerminal, ShowsWhatWouldActOnATerminal) {
  EXPECT_EQ(escape_for_terminal("\x1b[2Jgone"), "\\x1b[2Jgone");
  EXPECT_EQ(escape_for_terminal("a\rb\x07\x7f"), "a\\x0db\\x07\\x7f");
  EXPECT_EQ(escape_for_terminal("\xc2\x9b"
                                "31m"),
            "\\u009b31m");  // C1 control sequence introducer
  EXPECT_EQ(escape_for_terminal(std::string_view("\0", 1)), "\\x00");
}

TEST(EscapeForTerminal, ShowsWhatHidesOrReorders) {
  EXPECT_EQ(escape_for_terminal(bytes_of(0x202e) + "txt"), "\\u202etxt");
  EXPECT_EQ(escape_for_terminal(bytes_of(0x2066)), "\\u2066");
  EXPECT_EQ(escape_for_terminal(bytes_of(0x200b)), "\\u200b");
  EXPECT_EQ(escape_for_terminal(bytes_of(0x2028)), "\\u2028");
  EXPECT_EQ(escape_for_terminal(bytes_of(0xfeff)), "\\ufeff");
  EXPECT_EQ(escape_for_terminal(bytes_of(0xe0041)), "\\ue0041");
}

TEST(EscapeForTerminal, LeavesOrdinaryTextAndShowsInvalidBytes) {
  EXPECT_EQ(escape_for_terminal("na\xc3\xafve \xf0\x9f\x98\x80"), "na\xc3\xafve \xf0\x9f\x98\x80");
  EXPECT_EQ(escape_for_terminal("caf\xe9"), "caf\\xe9");
}

TEST(EscapeForTerminal, KeepsLinesOnlyWhereAsked) {
  EXPECT_EQ(escape_for_terminal("a\n\tb", true), "a\n\tb");
  EXPECT_EQ(escape_for_terminal("a\n\tb"), "a\\x0a b");
}

TEST(Case, FoldsAsciiAlone) {
  EXPECT_EQ(to_lower("OOMKilled \xc3\x89"), "oomkilled \xc3\x89");
  EXPECT_TRUE(contains_folded("Back-Off restarting", "back-off"));
  EXPECT_TRUE(contains_folded("x", ""));
  EXPECT_FALSE(contains_folded("back", "back-off"));
}

TEST(Trim, TakesBlanksFromBothEnds) {
  EXPECT_EQ(trim(" \t a b\r\n"), "a b");
  EXPECT_EQ(trim(" \n"), "");
}

TEST(Text, UnfinishedSequencesWaitForTheNextChunk) {
  EXPECT_EQ(unfinished_utf8(""), 0u);
  EXPECT_EQ(unfinished_utf8("abc"), 0u);
  EXPECT_EQ(unfinished_utf8("a\xe2"), 1u);
  EXPECT_EQ(unfinished_utf8("a\xe2\x82"), 2u);
  EXPECT_EQ(unfinished_utf8("a\xf0\x9f\x98"), 3u);
}

}  // namespace
}  // namespace carrel
