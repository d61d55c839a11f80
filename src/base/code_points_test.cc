#include "base/code_points.h"

#include <gtest/gtest.h>

#include "base/markup.h"

namespace carrel {
namespace {

TEST(CodePoints, AreThoseOfTheTextAndInvalidBytesAreReplaced) {
  EXPECT_EQ(to_code_points("aé€😀"), U"aé€😀");
  EXPECT_EQ(to_code_points("a\xff\xc3"), U"a\ufffd\ufffd");
  EXPECT_EQ(to_code_points(""), U"");
}

TEST(CodePoints, WhiteSpaceIsFolded) {
  EXPECT_EQ(fold_white_space("  a \t\r\n b\xc2\xa0\xe2\x80\x89\x1d"
                             "c "),
            "a b c");
  EXPECT_EQ(fold_white_space(" \n"), "");
  EXPECT_EQ(fold_white_space("a\xe2\x80\x8b"
                             "b"),
            "a\xe2\x80\x8b"
            "b")
      << "a zero-width space is none";
  EXPECT_EQ(fold_white_space("a\xff"), "a\xef\xbf\xbd");
}

TEST(Markup, HoldsNeitherMarkupNorHiddenCharacters) {
  EXPECT_EQ(escape_for_markup("<a href=\"x\" id='y'>&amp;"),
            "&lt;a href=&quot;x&quot; id=&#39;y&#39;&gt;&amp;amp;");
  EXPECT_EQ(escape_for_markup("a\nb\x1b\xff\xe2\x80\xae"), "a\nb\\x1b\\xff\\u202e");
}

}  // namespace
}  // namespace carrel
