#include "base/fd.h"

#include <cstdlib>
#include <filesystem>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

namespace carrel {
namespace {

// A folder of the test's own, gone with it.
class FdTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "carrel-fd-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::string path(const std::string& name) const { return folder_ + "/" + name; }

  std::string folder_;
};

bool is_open(int number) {
  return ::fcntl(number, F_GETFD) >= 0;
}

TEST_F(FdTest, IsClosedByItsOneOwner) {
  int number = -1;
  {
    Fd first(::open(folder_.c_str(), O_RDONLY | O_CLOEXEC));
    number = first.get();
    Fd second = std::move(first);
    EXPECT_FALSE(first.valid());
    EXPECT_EQ(second.get(), number);
    EXPECT_TRUE(is_open(number));
  }
  EXPECT_FALSE(is_open(number));
}

TEST_F(FdTest, ClosesWhatItHeldWhenAnotherMovesIn) {
  Fd target(::open(folder_.c_str(), O_RDONLY | O_CLOEXEC));
  const int old = target.get();
  target = Fd(::open(folder_.c_str(), O_RDONLY | O_CLOEXEC));
  EXPECT_FALSE(is_open(old));
  EXPECT_TRUE(target.valid());
  const int released = target.release();
  EXPECT_TRUE(is_open(released));
  ::close(released);
}

TEST_F(FdTest, WritesDurablyAndReadsBack) {
  ASSERT_TRUE(write_file_durably(path("a"), "first", 0640));
  ASSERT_TRUE(write_file_durably(path("a"), std::string(200'000, 'x'), 0640));
  auto bytes = read_file(path("a"), 200'000);
  ASSERT_TRUE(bytes) << bytes.error().what;
  EXPECT_EQ(bytes->size(), 200'000u);
  struct stat status = {};
  ASSERT_EQ(::stat(path("a").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0640u);
}

TEST_F(FdTest, LeavesNothingBesideTheFile) {
  ASSERT_TRUE(write_file_durably(path("a"), "x"));
  EXPECT_FALSE(write_file_durably(path("none/a"), "x"));
  ASSERT_TRUE(std::filesystem::create_directory(path("folder")));
  EXPECT_FALSE(write_file_durably(path("folder"), "x"));
  std::size_t entries = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder_)) ++entries;
  EXPECT_EQ(entries, 2u);
}

TEST_F(FdTest, RefusesMoreThanTheLimit) {
  ASSERT_TRUE(write_file_durably(path("a"), "12345"));
  EXPECT_TRUE(read_file(path("a"), 5));
  auto over = read_file(path("a"), 4);
  ASSERT_FALSE(over);
  EXPECT_EQ(over.error().code, Code::does_not_fit);
  EXPECT_NE(over.error().what.find(path("a")), std::string::npos);
}

TEST_F(FdTest, SaysWhichFileIsNotThere) {
  auto fd = open_read(path("missing"));
  ASSERT_FALSE(fd);
  EXPECT_EQ(fd.error().code, Code::bad_input);
  EXPECT_NE(fd.error().what.find("missing"), std::string::npos);
  EXPECT_NE(fd.error().what.find("No such file"), std::string::npos);
}

TEST_F(FdTest, AFullDiskIsTheMachinesErrorWithARemedy) {
  const Fd full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
  ASSERT_TRUE(full.valid());
  Status done = write_all(full.get(), "x");
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, Code::machine);
  EXPECT_NE(done.error().remedy, "");
}

TEST_F(FdTest, ReadsThroughAPipeToItsEnd) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  Fd out(ends[0]);
  {
    const Fd in(ends[1]);
    ASSERT_TRUE(write_all(in.get(), std::string(10'000, 'y')));
  }
  auto bytes = read_all(out.get(), 1 << 20);
  ASSERT_TRUE(bytes);
  EXPECT_EQ(bytes->size(), 10'000u);
}

// A link that leads to itself can be read by nobody, not even by root, whom no permission keeps out.
TEST_F(FdTest, WhatCannotBeLookedAtIsNotMissing) {
  ASSERT_TRUE(write_file_durably(path("file"), "text"));
  std::filesystem::create_symlink("loop", path("loop"));
  EXPECT_TRUE(*path_exists(path("file")));
  for (const char* missing : {"none", "none/below", "file/below"}) {
    EXPECT_FALSE(*path_exists(path(missing))) << missing;
    EXPECT_FALSE(*read_file_if_there(path(missing), 10)) << missing;
  }
  EXPECT_EQ(**read_file_if_there(path("file"), 10), "text");
  for (const char* loop : {"loop", "loop/below"}) {
    EXPECT_EQ(path_exists(path(loop)).error().code, Code::machine) << loop;
    EXPECT_EQ(read_file_if_there(path(loop), 10).error().code, Code::machine) << loop;
  }
  EXPECT_EQ(read_file_if_there(folder_, 10).error().code, Code::machine);
}

}  // namespace
}  // namespace carrel
