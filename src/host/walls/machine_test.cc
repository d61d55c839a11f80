// Machines that are not here, made out of the files by which a machine is known.
#include "host/walls/machine.h"

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

namespace carrel {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using Cgroups = MachineFacts::Cgroups;

class Machines : public testing::Test {
 protected:
  Machines() {
    root_ = testing::TempDir() + "/carrel-machine-XXXXXX";
    EXPECT_NE(::mkdtemp(root_.data()), nullptr);
    put("/proc/swaps", "Filename\t\t\t\tType\t\tSize\tUsed\tPriority\n");
    put("/proc/sys/vm/overcommit_memory", "0\n");
    put("/proc/sys/user/max_user_namespaces", "127000\n");
  }
  ~Machines() override { std::filesystem::remove_all(root_); }

  void put(const std::string& path, const std::string& text) const {
    std::filesystem::create_directories(std::filesystem::path(root_ + path).parent_path());
    std::ofstream(root_ + path) << text;
  }
  void system(const std::string& name, const std::string& kernel) const {
    put("/etc/os-release", "NAME=\"x\"\nPRETTY_NAME=\"" + name + "\"\n");
    put("/proc/sys/kernel/osrelease", kernel + "\n");
  }
  // systemd's version 2 hierarchy, with the caller in `own`; `handed_down` is what its parent hands down.
  void version_2(const std::string& own, const std::string& parent, const std::string& handed_down) const {
    put("/proc/self/mountinfo", "31 30 0:27 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw\n");
    put("/proc/self/cgroup", "0::" + own + "\n");
    put("/sys/fs/cgroup/cgroup.controllers", "cpuset cpu io memory pids\n");
    put("/sys/fs/cgroup" + parent + "/cgroup.subtree_control", handed_down);
  }
  std::vector<std::string> notes(const MachineFacts& facts) const {
    std::vector<std::string> all;
    for (const Lack& note : machine_notes(facts)) {
      EXPECT_NE(note.consequence, "") << note.what;
      EXPECT_NE(note.remedy, "") << note.what;
      all.push_back(note.what);
    }
    return all;
  }

  std::string root_;
};

TEST_F(Machines, Debian12AsRoot) {
  system("Debian GNU/Linux 12 (bookworm)", "6.1.0-25-amd64");
  version_2("/user.slice/user-0.slice/session-1.scope", "", "cpuset cpu io memory pids\n");
  put("/proc/sys/kernel/unprivileged_userns_clone", "1\n");
  const MachineFacts facts = look_at_machine(root_, true, 2);
  EXPECT_EQ(facts.memory, Cgroups::handed_down);
  EXPECT_EQ(facts.processes, Cgroups::handed_down);
  EXPECT_THAT(describe(facts), HasSubstr("Debian GNU/Linux 12 (bookworm), kernel 6.1.0-25-amd64, as root"));
  EXPECT_THAT(notes(facts), testing::ElementsAre(HasSubstr("knows no TCP"), HasSubstr("scopes no signals")));
}

TEST_F(Machines, Debian13AsAnOrdinaryUser) {
  system("Debian GNU/Linux 13 (trixie)", "6.12.41+deb13-amd64");
  version_2("/user.slice/user-1000.slice/user@1000.service/app.slice/x.scope",
            "/user.slice/user-1000.slice/user@1000.service/app.slice", "memory pids\n");
  const MachineFacts facts = look_at_machine(root_, false, 6);
  EXPECT_EQ(facts.memory, Cgroups::handed_down);
  EXPECT_THAT(describe(facts), HasSubstr("as an ordinary user"));
  EXPECT_THAT(notes(facts), IsEmpty());
  EXPECT_THAT(cgroup_remedy(facts, "memory"), HasSubstr("systemd-run --user --scope"));
}

TEST_F(Machines, ARootlessUserWhoseManagerHandsNothingDown) {
  version_2("/user.slice/user-1000.slice/session-3.scope", "/user.slice", "");
  const MachineFacts facts = look_at_machine(root_, false, 6);
  EXPECT_EQ(facts.memory, Cgroups::not_handed_down);
  EXPECT_THAT(cgroup_remedy(facts, "memory"), HasSubstr("Delegate=cpu memory pids"));
  EXPECT_THAT(cgroup_remedy(look_at_machine(root_, true, 6), "pids"), HasSubstr("echo +pids"));
}

TEST_F(Machines, Ubuntu2404RestrictsUserNamespaces) {
  system("Ubuntu 24.04.2 LTS", "6.8.0-60-generic");
  version_2("/user.slice/x.scope", "/user.slice", "memory pids\n");
  put("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1\n");
  const MachineFacts user = look_at_machine(root_, false, 4);
  const auto lacks = switched_off(user.switches, false);
  ASSERT_EQ(lacks.size(), 1U);
  EXPECT_THAT(lacks[0].what, HasSubstr("AppArmor restricts user namespaces"));
  EXPECT_THAT(lacks[0].remedy, HasSubstr("docs/machines.md"));
  EXPECT_THAT(notes(user), testing::ElementsAre(HasSubstr("scopes no signals")));
  const MachineFacts root = look_at_machine(root_, true, 4);
  EXPECT_TRUE(switched_off(root.switches, true).empty());
  EXPECT_THAT(notes(root), testing::Contains(HasSubstr("AppArmor")));
}

TEST_F(Machines, Version1IsRootsAlone) {
  put("/proc/self/mountinfo",
      "32 30 0:28 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
      "33 30 0:29 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids\n");
  put("/proc/self/cgroup", "5:memory:/\n3:pids:/\n");
  const MachineFacts facts = look_at_machine(root_, false, 7);
  EXPECT_EQ(facts.memory, Cgroups::version_1);
  EXPECT_THAT(describe(facts), HasSubstr("memory: cgroup v1"));
  EXPECT_THAT(cgroup_remedy(facts, "memory"), HasSubstr("version 1 of cgroups is root's alone"));
  EXPECT_THAT(cgroup_remedy(look_at_machine(root_, true, 7), "memory"), HasSubstr("in a container"));
}

TEST_F(Machines, AContainerWithoutCgroups) {
  const MachineFacts facts = look_at_machine(root_, true, 7);
  EXPECT_EQ(facts.memory, Cgroups::none);
  EXPECT_THAT(cgroup_remedy(facts, "memory"), HasSubstr("cgroup_disable=memory"));
  EXPECT_THAT(cgroup_remedy(facts, "pids"), HasSubstr("mount the cgroups into it"));
  EXPECT_THAT(describe(facts), HasSubstr("an unknown system, kernel unknown"));
}

TEST_F(Machines, AMemoryControllerThatWasSwitchedOff) {
  version_2("/x.scope", "", "pids\n");
  put("/sys/fs/cgroup/cgroup.controllers", "cpu pids\n");
  EXPECT_EQ(look_at_machine(root_, true, 7).memory, Cgroups::none);
  EXPECT_EQ(look_at_machine(root_, true, 7).processes, Cgroups::handed_down);
}

TEST_F(Machines, SwapOvercommitAndFewNamespacesAreTold) {
  put("/proc/swaps", "Filename Type Size Used Priority\n/dev/dm-1 partition 999420 0 -2\n");
  put("/proc/sys/vm/overcommit_memory", "2\n");
  put("/proc/sys/user/max_user_namespaces", "5\n");
  EXPECT_THAT(notes(look_at_machine(root_, true, 7)),
              testing::ElementsAre("only 5 user namespaces may be made", "there is swap",
                                   HasSubstr("promised strictly")));
}

TEST_F(Machines, DamagedFilesAreNoFacts) {
  for (const char* const path :
       {"/proc/self/mountinfo", "/proc/self/cgroup", "/etc/os-release", "/proc/swaps"}) {
    put(path, std::string("\0 - \xff::::", 10));
  }
  EXPECT_EQ(look_at_machine(root_, false, 0).memory, Cgroups::none);
  EXPECT_FALSE(look_at_machine(root_, false, 0).swap);
}

}  // namespace
}  // namespace carrel
