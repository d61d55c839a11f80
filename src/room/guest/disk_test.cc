// The disk of a room, as a guest finds it: whole, cut short anywhere, and with names that would leave the
// root.
#include "room/guest/disk.h"

#include <cstdlib>
#include <filesystem>

#include <gmock/gmock.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "record/codec.h"

namespace carrel {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

std::string disk_of(const GuestTask& task, const std::string& contents) {
  const std::string body = *encode(task);
  std::string bytes(guest_disk_magic);
  for (int shift = 0; shift < 64; shift += 8) bytes += static_cast<char>(body.size() >> shift & 0xff);
  return bytes + body + contents;
}

Fd as_disk(const std::string& bytes) {
  Fd disk(::memfd_create("disk", MFD_CLOEXEC));
  EXPECT_TRUE(write_all(disk.get(), bytes));
  ::lseek(disk.get(), 0, SEEK_SET);
  return disk;
}

class GuestDisk : public testing::Test {
 protected:
  GuestDisk() {
    std::string pattern = testing::TempDir() + "/carrel-guest-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
    task_.program = "/carrel-read";
    task_.arguments = {"read"};
    task_.files = {{"carrel-read", GuestFile::Kind::file, true, 7, ""},
                   {"lib", GuestFile::Kind::link, false, 0, "usr/lib"},
                   {"usr", GuestFile::Kind::folder, false, 0, ""},
                   {"usr/lib", GuestFile::Kind::folder, false, 0, ""},
                   {"usr/lib/empty", GuestFile::Kind::file, false, 0, ""},
                   {"usr/lib/x.so", GuestFile::Kind::file, false, 4, ""}};
  }
  ~GuestDisk() override { fs::remove_all(folder_); }
  std::string root() const { return folder_ + "/root"; }

  GuestTask task_;
  std::string folder_;
};

TEST_F(GuestDisk, HasTheTaskAndTheRoot) {
  const Fd disk = as_disk(disk_of(task_, "programbody"));
  const auto task = read_guest_task(disk.get());
  ASSERT_TRUE(task) << task.error().what;
  EXPECT_EQ(task->program, "/carrel-read");
  const mode_t mask = ::umask(077);
  const Status unpacked = unpack_root(disk.get(), *task, root());
  ::umask(mask);
  ASSERT_TRUE(unpacked) << unpacked.error().what;
  EXPECT_EQ(*read_file(root() + "/carrel-read", 100), "program");
  EXPECT_EQ(*read_file(root() + "/lib/x.so", 100), "body") << "by way of the link";
  EXPECT_EQ(fs::file_size(root() + "/usr/lib/empty"), 0U);
  EXPECT_EQ(fs::status(root() + "/carrel-read").permissions(), fs::perms(0755));
  EXPECT_EQ(fs::status(root() + "/usr/lib/x.so").permissions(), fs::perms(0644));
}

TEST_F(GuestDisk, CutShortAnywhereIsAnError) {
  const std::string whole = disk_of(task_, "programbody");
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const Fd disk = as_disk(whole.substr(0, size));
    const auto task = read_guest_task(disk.get());
    if (!task) continue;
    EXPECT_FALSE(unpack_root(disk.get(), *task, root())) << size;
    fs::remove_all(root());
  }
}

TEST_F(GuestDisk, AnotherVersionIsRefused) {
  std::string bytes = disk_of(task_, "programbody");
  bytes[guest_disk_magic.size() - 2] ^= 1;
  const Fd disk = as_disk(bytes);
  const auto task = read_guest_task(disk.get());
  ASSERT_FALSE(task);
  EXPECT_THAT(task.error().what, HasSubstr("not one of this version"));
}

TEST_F(GuestDisk, ATaskOfAnySizeTakesNoMemory) {
  std::string bytes = disk_of(task_, "");
  bytes[guest_disk_magic.size() + 5] = 1;  // a terabyte
  const Fd disk = as_disk(bytes);
  const auto task = read_guest_task(disk.get());
  ASSERT_FALSE(task);
  EXPECT_THAT(task.error().what, HasSubstr("too large"));
}

TEST_F(GuestDisk, NamesThatLeaveTheRootAreRefused) {
  for (const char* const name : {"/etc/passwd", "../x", "..", "usr/../../x", "usr/..", ""}) {
    task_.files = {{name, GuestFile::Kind::file, false, 0, ""}};
    const Fd disk = as_disk(disk_of(task_, ""));
    const auto task = read_guest_task(disk.get());
    ASSERT_TRUE(task);
    const Status unpacked = unpack_root(disk.get(), *task, root());
    ASSERT_FALSE(unpacked) << name;
    EXPECT_THAT(unpacked.error().what, HasSubstr("outside of the root"));
    fs::remove_all(root());
  }
}

}  // namespace
}  // namespace carrel
