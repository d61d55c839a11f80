#include "host/review/reviewers.h"

#include <cstdlib>
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/fd.h"

namespace carrel {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class ReviewersTest : public testing::Test {
 protected:
  void SetUp() override {
    char made[] = "/tmp/carrel-reviewers-XXXXXX";
    ASSERT_NE(::mkdtemp(made), nullptr);
    data_ = made;
  }
  void TearDown() override { std::filesystem::remove_all(data_); }
  std::string data_;
};

TEST_F(ReviewersTest, AreKnownByTheirPasswordsAlone) {
  EXPECT_THAT(*reviewers(data_), IsEmpty());
  EXPECT_FALSE(*is_reviewer(data_, "jo", "correct horse"));
  ASSERT_TRUE(add_reviewer(data_, "jo", "correct horse"));
  ASSERT_TRUE(add_reviewer(data_, "Anna Łoś", "battery staple"));
  EXPECT_THAT(*reviewers(data_), ElementsAre("Anna Łoś", "jo"));
  EXPECT_TRUE(*is_reviewer(data_, "jo", "correct horse"));
  EXPECT_FALSE(*is_reviewer(data_, "jo", "battery staple"));
  EXPECT_FALSE(*is_reviewer(data_, "sam", "correct horse"));
  ASSERT_TRUE(add_reviewer(data_, "jo", "another one"));
  EXPECT_FALSE(*is_reviewer(data_, "jo", "correct horse"));
  EXPECT_TRUE(*is_reviewer(data_, "jo", "another one"));
  ASSERT_TRUE(remove_reviewer(data_, "jo"));
  EXPECT_FALSE(*is_reviewer(data_, "jo", "another one"));
  EXPECT_FALSE(remove_reviewer(data_, "jo"));
}

TEST_F(ReviewersTest, KeepHashesThatNobodyElseReads) {
  ASSERT_TRUE(add_reviewer(data_, "jo", "correct horse"));
  auto text = read_file(data_ + "/reviewers", 4096);
  ASSERT_TRUE(text);
  EXPECT_THAT(*text, HasSubstr("jo\t$argon2id$"));
  EXPECT_THAT(*text, Not(HasSubstr("correct")));
  struct stat info {};
  ASSERT_EQ(::stat((data_ + "/reviewers").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
}

TEST_F(ReviewersTest, RefusesNamesAndPasswordsThatAreNone) {
  for (const char* name : {"", " jo", "jo\n", "j\to", "jo\x1b[2J", "\xff"})
    EXPECT_FALSE(add_reviewer(data_, name, "correct horse")) << name;
  EXPECT_TRUE(add_reviewer(data_, std::string(64, 'j'), "correct horse"));
  EXPECT_FALSE(add_reviewer(data_, std::string(65, 'j'), "correct horse"));
  EXPECT_FALSE(add_reviewer(data_, "jo", "7 bytes"));
  EXPECT_TRUE(add_reviewer(data_, "jo", "8 bytes."));
  EXPECT_FALSE(add_reviewer(data_, "jo", std::string(most_password + 1, 'x')));
}

TEST_F(ReviewersTest, AFileThatWasCutShortLetsNobodyIn) {
  ASSERT_TRUE(add_reviewer(data_, "jo", "correct horse"));
  auto text = read_file(data_ + "/reviewers", 4096);
  ASSERT_TRUE(text);
  for (std::size_t bytes = 0; bytes < text->size(); ++bytes) {
    ASSERT_TRUE(write_file_durably(data_ + "/reviewers", text->substr(0, bytes)));
    auto names = reviewers(data_);
    // What ends at a line's end has fewer reviewers; all else is told as damaged.
    EXPECT_TRUE(!names || names->empty()) << bytes;
  }
  ASSERT_TRUE(write_file_durably(data_ + "/reviewers", "carrel reviewers 2\n"));
  EXPECT_FALSE(reviewers(data_));
  EXPECT_FALSE(add_reviewer(data_, "sam", "correct horse"));
}

}  // namespace
}  // namespace carrel
