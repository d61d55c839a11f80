#include "host/flow/tar_stream.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

namespace carrel {
namespace {

namespace fs = std::filesystem;

class TarStream : public testing::Test {
 protected:
  TarStream() {
    std::string pattern = testing::TempDir() + "/tarXXXXXX";
    folder_ = ::mkdtemp(pattern.data());
    fs::create_directories(folder_ + "/in/sub");
  }
  ~TarStream() override { fs::remove_all(folder_); }

  void file(const std::string& name, const std::string& bytes) const {
    fs::create_directories(fs::path(folder_ + "/in/" + name).parent_path());
    std::ofstream(folder_ + "/in/" + name, std::ios::binary) << bytes;
  }
  std::string stream() const {
    std::string out;
    const Status done = write_tar(folder_ + "/in", [&](std::string_view bytes) -> Status {
      out += bytes;
      return {};
    });
    EXPECT_TRUE(done) << done.error().what;
    return out;
  }

  std::string folder_;
};

// GNU tar reads what we write, names of any length included, and gets the same bytes.
TEST_F(TarStream, AnotherProgramUnpacksIt) {
  const std::string long_name = std::string(120, 'd') + "/" + std::string(200, 'f') + ".log";
  file("a.txt", "one\n");
  file("sub/empty", "");
  file("sub/block", std::string(512, 'x'));
  file(long_name, std::string(100'000, 'y'));
  fs::create_symlink("/etc/passwd", folder_ + "/in/link");
  std::ofstream(folder_ + "/out.tar", std::ios::binary) << stream();
  fs::create_directories(folder_ + "/out");
  ASSERT_EQ(std::system(("tar -xf '" + folder_ + "/out.tar' -C '" + folder_ + "/out'").c_str()), 0);
  EXPECT_EQ(std::system(("diff -r --no-dereference '" + folder_ + "/in' '" + folder_ + "/out'").c_str()), 0);
}

TEST_F(TarStream, TheSameContentGivesTheSameBytes) {
  file("b", "2");
  file("a", "1");
  const std::string first = stream();
  fs::last_write_time(folder_ + "/in/a", fs::file_time_type::clock::now() - std::chrono::hours(1000));
  EXPECT_EQ(stream(), first);
  file("a", "3");
  EXPECT_NE(stream(), first);
}

TEST_F(TarStream, SpecialFilesAreNamedAndNotRead) {
  ASSERT_EQ(::mkfifo((folder_ + "/in/pipe").c_str(), 0600), 0);
  const std::string bytes = stream();  // opening the pipe would block for ever
  EXPECT_NE(bytes.find("pipe"), std::string::npos);
}

TEST_F(TarStream, WhatCannotBeReadIsAnErrorThatNamesIt) {
  const Status absent = write_tar(folder_ + "/absent", [](std::string_view) -> Status { return {}; });
  ASSERT_FALSE(absent);
  EXPECT_EQ(absent.error().code, Code::bad_input);
  EXPECT_THAT(absent.error().what, testing::HasSubstr("absent"));
}

TEST_F(TarStream, WhatMayNotBeReadIsToldAndLeftOut) {
  file("open.log", "one\n");
  file("closed.log", "two\n");
  file("closed/three.log", "three\n");
  ASSERT_EQ(::chmod((folder_ + "/in/closed.log").c_str(), 0), 0);
  ASSERT_EQ(::chmod((folder_ + "/in/closed").c_str(), 0), 0);
  ASSERT_EQ(::chmod(folder_.c_str(), 0755), 0);
  const bool root = ::geteuid() == 0;  // who may read all
  if (root) {
    ASSERT_EQ(::seteuid(65534), 0);
  }
  std::string bytes;
  std::vector<std::string> told;
  const auto keep = [&](std::string_view more) -> Status {
    bytes += more;
    return {};
  };
  const Status done = write_tar(folder_ + "/in", keep, [&](const std::string& name, const std::string& why) {
    told.push_back(name + ": " + why);
  });
  const Status strict = write_tar(folder_ + "/in", keep);
  const Status top = write_tar(folder_ + "/in/closed", keep, [](const std::string&, const std::string&) {});
  if (root) {
    ASSERT_EQ(::seteuid(0), 0);
  }
  EXPECT_EQ(::chmod((folder_ + "/in/closed").c_str(), 0700), 0);
  EXPECT_TRUE(done);
  EXPECT_THAT(told, testing::ElementsAre("closed/: Permission denied", "closed.log: Permission denied"));
  EXPECT_NE(bytes.find("open.log"), std::string::npos);
  EXPECT_EQ(bytes.find("closed.log"), std::string::npos);
  EXPECT_FALSE(strict);
  EXPECT_FALSE(top);
}

TEST_F(TarStream, AWriterThatFailsEndsIt) {
  file("a", std::string(5 << 20, 'x'));
  int calls = 0;
  const Status done = write_tar(folder_ + "/in", [&](std::string_view) -> Status {
    if (++calls == 2) return Error{Code::machine, "full", ""};
    return {};
  });
  EXPECT_FALSE(done);
  EXPECT_EQ(calls, 2);
}

}  // namespace
}  // namespace carrel
