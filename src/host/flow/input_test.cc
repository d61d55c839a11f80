#include "host/flow/input.h"

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>
#include <unistd.h>

#include "digest/sha256.h"

namespace carrel {
namespace {

class InputTest : public testing::Test {
 protected:
  InputTest() {
    std::signal(SIGPIPE, SIG_IGN);
    std::string pattern = testing::TempDir() + "/inputXXXXXX";
    folder_ = ::mkdtemp(pattern.data());
  }
  ~InputTest() override { std::filesystem::remove_all(folder_); }
  std::string file(const std::string& name, const std::string& bytes) const {
    std::ofstream(folder_ + "/" + name, std::ios::binary) << bytes;
    return folder_ + "/" + name;
  }
  static Result<Input> open(const std::string& path) {
    static const std::atomic<bool> stop = false;
    return Input::open(
        path, [](std::uint64_t, std::uint64_t) {}, stop);
  }
  std::string folder_;
  const std::atomic<bool> never_ = false;
};

TEST_F(InputTest, AFileIsHashedAndEachStreamBeginsAtItsStart) {
  auto input = open(file("a", "bytes"));
  ASSERT_TRUE(input);
  EXPECT_EQ(input->sha256(), sha256_of("bytes"));
  EXPECT_EQ(input->bytes(), 5u);
  for (int round = 0; round < 2; ++round) {
    auto stream = input->stream(never_);
    ASSERT_TRUE(stream);
    EXPECT_EQ(*read_all(stream->descriptor.get(), 100), "bytes");
    EXPECT_TRUE(stream->close());
  }
  EXPECT_TRUE(input->unchanged());
}

TEST_F(InputTest, AFileThatChangedIsToldAndOneThatWasTouchedIsNot) {
  const std::string path = file("a", "bytes");
  auto input = open(path);
  ASSERT_TRUE(input);
  std::filesystem::permissions(path, std::filesystem::perms::owner_read);
  EXPECT_TRUE(input->unchanged());
  std::filesystem::permissions(path, std::filesystem::perms::owner_all);
  file("a", "other");
  EXPECT_FALSE(input->unchanged());
}

TEST_F(InputTest, AFolderThatChangedBetweenTwoReadingsIsTold) {
  file("a", "1");
  auto input = open(folder_);
  ASSERT_TRUE(input);
  const auto drain = [](InputStream&& stream) {
    (void)read_all(stream.descriptor.get(), 1 << 20);
    return stream.close();
  };
  EXPECT_TRUE(drain(std::move(*input->stream(never_))));
  file("a", "2");
  EXPECT_FALSE(drain(std::move(*input->stream(never_))));
}

TEST_F(InputTest, AReaderThatLeavesEarlyIsNoError) {
  for (int i = 0; i < 50; ++i) file("f" + std::to_string(i), std::string(64 << 10, 'x'));
  auto input = open(folder_);
  ASSERT_TRUE(input);
  auto stream = input->stream(never_);
  char byte = 0;
  ASSERT_EQ(::read(stream->descriptor.get(), &byte, 1), 1);
  EXPECT_TRUE(stream->close());
}

TEST_F(InputTest, StoppingOrAbandoningEndsTheWriterOfAFolder) {
  for (int i = 0; i < 50; ++i) file("f" + std::to_string(i), std::string(64 << 10, 'x'));
  auto input = open(folder_);
  ASSERT_TRUE(input);
  const std::atomic<bool> stop = true;
  auto stopped = input->stream(stop);
  const Status closed = stopped->close();
  ASSERT_FALSE(closed);
  EXPECT_EQ(closed.error().code, Code::interrupted);
  auto abandoned = input->stream(never_);
  abandoned->abandon();  // returns although nobody reads the pipe
  EXPECT_TRUE(abandoned->close());
}

TEST_F(InputTest, WhatCannotBeUsedIsRefused) {
  EXPECT_FALSE(open(folder_ + "/absent"));
  EXPECT_FALSE(open(file("empty", "")));
  EXPECT_FALSE(open("/dev/null"));
  const std::atomic<bool> stop = true;
  auto stopped = Input::open(
      file("a", "x"), [](std::uint64_t, std::uint64_t) {}, stop);
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().code, Code::interrupted);
}

}  // namespace
}  // namespace carrel
