#include "host/walls/cgroup.h"

#include <filesystem>
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"

namespace carrel {
namespace {

// A machine with version 1 controllers, one mount of which shows a part of its hierarchy only.
constexpr const char* mounts_v1 =
    "22 27 0:21 / /proc rw,relatime - proc proc rw\n"
    "30 25 0:26 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755\n"
    "31 30 0:27 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"
    "32 30 0:28 /part /sys/fs/cgroup/memory rw,nosuid shared:9 - cgroup cgroup rw,memory\n"
    "33 30 0:29 / /sys/fs/cgroup/cpu,pids rw - cgroup cgroup rw,cpu,pids\n";

TEST(CgroupParents, Version1IsTheOwnCgroup) {
  const char* const own = "5:memory:/part/of/it\n3:cpu,pids:/\n0::/unified\n";
  const auto memory = cgroup_parents("memory", mounts_v1, own);
  ASSERT_EQ(memory.size(), 1U);
  EXPECT_EQ(memory[0].folder, "/sys/fs/cgroup/memory/of/it");
  EXPECT_EQ(memory[0].version, 1);
  const auto processes = cgroup_parents("pids", mounts_v1, own);
  ASSERT_EQ(processes.size(), 1U);
  EXPECT_EQ(processes[0].folder, "/sys/fs/cgroup/cpu,pids");
}

TEST(CgroupParents, NoneWhereTheMountDoesNotShowTheOwnCgroup) {
  EXPECT_TRUE(cgroup_parents("memory", mounts_v1, "5:memory:/elsewhere\n").empty());
}

TEST(CgroupParents, Version2IsTheOwnCgroupAndItsAncestors) {
  const char* const mounts = "31 30 0:27 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n";
  const auto parents = cgroup_parents("memory", mounts, "0::/user.slice/app.slice/run.scope\n");
  ASSERT_EQ(parents.size(), 4U);
  EXPECT_EQ(parents[0].folder, "/sys/fs/cgroup/user.slice/app.slice/run.scope");
  EXPECT_EQ(parents[1].folder, "/sys/fs/cgroup/user.slice/app.slice");
  EXPECT_EQ(parents[3].folder, "/sys/fs/cgroup");
  EXPECT_EQ(parents[3].version, 2);
}

TEST(CgroupParents, NoneOutOfDamagedTexts) {
  for (const char* const text : {"", "\n", "5:memory", "a - b", " - cgroup2", "0::"}) {
    EXPECT_TRUE(cgroup_parents("memory", text, text).empty()) << text;
    EXPECT_TRUE(cgroup_parents("memory", mounts_v1, text).empty()) << text;
  }
}

TEST(Cgroup, TellsWhatItHolds) {
  const Cgroup cgroup({64ULL << 20, 8});
  ASSERT_EQ(cgroup.layers().size(), 2U);
  const bool memory = cgroup.layers()[0].find("memory cgroup v") == 0;
  const bool processes = cgroup.layers()[1].find("pids cgroup v") == 0;
  EXPECT_EQ(cgroup.holds_memory(), memory);
  EXPECT_EQ(cgroup.holds_processes(), processes);
  EXPECT_FALSE(cgroup.out_of_memory());
  EXPECT_EQ(cgroup.process_count().value_or(0), 0U);
}

// The number of a host that was killed may be another process's by now.
TEST(Cgroup, TakesAwayThoseOfHostsThatAreGone) {
  namespace fs = std::filesystem;
  if (Cgroup({0, 8}).layers()[1].find("pids cgroup v1") != 0) GTEST_SKIP() << "no cgroups of version 1 here";
  const auto mounts = read_file("/proc/self/mountinfo", 4 << 20);
  const auto membership = read_file("/proc/self/cgroup", 1 << 20);
  ASSERT_TRUE(mounts && membership);
  struct stat space {};
  ASSERT_EQ(::stat("/proc/self/ns/pid", &space), 0);
  const std::string host = fmt::format(
      "{}/carrel-{}-{}-", cgroup_parents("pids", *mounts, *membership)[0].folder, space.st_ino, ::getppid());
  const std::string gone = host + "1-0", unknown = host + "0-0";
  fs::create_directory(gone);
  fs::create_directory(unknown);
  // The first room of a process does it, so one that has made none yet.
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        (void)Cgroup({0, 8});
        ::_exit(0);
      },
      testing::ExitedWithCode(0), "");
  EXPECT_FALSE(fs::exists(gone));
  EXPECT_TRUE(fs::remove(unknown));
}

}  // namespace
}  // namespace carrel
