#include "host/walls/room_memory.h"

#include <cerrno>
#include <cstring>
#include <string>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace carrel {
namespace {

TEST(RoomMemory, CanBeFilledAndNothingElse) {
  const auto memory = make_room_memory(8192);
  ASSERT_TRUE(memory) << memory.error().what;
  EXPECT_TRUE(is_room_memory(memory->get()));
  void* const mapped = ::mmap(nullptr, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, memory->get(), 0);
  ASSERT_NE(mapped, MAP_FAILED);
  std::memcpy(mapped, "kept", 4);
  ::munmap(mapped, 8192);
  std::string back(4, ' ');
  EXPECT_EQ(::pread(memory->get(), back.data(), 4, 0), 4);
  EXPECT_EQ(back, "kept");
  EXPECT_NE(::ftruncate(memory->get(), 8193), 0);
  EXPECT_EQ(errno, EPERM);
  EXPECT_NE(::ftruncate(memory->get(), 8191), 0);
  EXPECT_EQ(::pwrite(memory->get(), "x", 1, 8192), -1);
  EXPECT_NE(::fcntl(memory->get(), F_ADD_SEALS, F_SEAL_WRITE), 0);
  struct stat state {};
  ASSERT_EQ(::fstat(memory->get(), &state), 0);
  EXPECT_EQ(state.st_size, 8192);
  EXPECT_EQ(state.st_mode & 0111, 0U);
}

TEST(RoomMemory, AnInputCanBeReadAndNothingElse) {
  const auto input = make_room_input("the state");
  ASSERT_TRUE(input) << input.error().what;
  EXPECT_FALSE(is_room_memory(input->get()));
  EXPECT_EQ(*read_all(input->get(), 100), "the state");
  EXPECT_EQ(::write(input->get(), "x", 1), -1);
  EXPECT_EQ(errno, EBADF);
  EXPECT_EQ(::mmap(nullptr, 4096, PROT_WRITE, MAP_SHARED, input->get(), 0), MAP_FAILED);
  // Nor by opening it anew, as the host alone could.
  const Fd again(::open(("/proc/self/fd/" + std::to_string(input->get())).c_str(), O_RDWR | O_CLOEXEC));
  EXPECT_EQ(::write(again.get(), "x", 1), -1);
  EXPECT_EQ(::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, again.get(), 0), MAP_FAILED);
}

TEST(RoomMemory, WhatIsNotSealedIsNone) {
  EXPECT_FALSE(is_room_memory(-1));
  const Fd plain(::memfd_create("plain", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  ASSERT_EQ(::ftruncate(plain.get(), 4096), 0);
  EXPECT_FALSE(is_room_memory(plain.get()));
  ASSERT_EQ(::fcntl(plain.get(), F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK), 0);
  EXPECT_FALSE(is_room_memory(plain.get()));
  ASSERT_EQ(::fcntl(plain.get(), F_ADD_SEALS, F_SEAL_SEAL), 0);
  EXPECT_TRUE(is_room_memory(plain.get()));
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const Fd reading(ends[0]), writing(ends[1]);
  EXPECT_FALSE(is_room_memory(writing.get()));
}

}  // namespace
}  // namespace carrel
