// Each probe in a real room, with its exact outcome, and its control on the bare host, which must come
// through.
#include "tests/escape/probes.h"

#include <algorithm>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/escape/stand.h"

namespace carrel::escape {
namespace {

struct Expected {
  const char* probe;
  const char* outcome;  // what the attempt learns in a room: an errno, or a harmless text
  const char*
      denied;  // the call in the denial record; nullptr where another layer stops it before seccomp is asked
  const char* control = through;
  Ending ending = Ending::ok;
};

constexpr const char* by_another_layer = nullptr;

// clang-format off
constexpr Expected expected[] = {
    // Network: seccomp denies the sockets; the network namespace would be empty.
    {"socket_inet", "EPERM", "socket"},
    {"socket_inet6", "EPERM", "socket"},
    {"socket_unix", "EPERM", "socket"},
    {"socket_netlink", "EPERM", "socket"},
    {"socket_packet", "EPERM", "socket"},
    {"socket_raw_icmp", "EPERM", "socket"},
    {"socket_vsock", "EPERM", "socket"},
    {"socketpair", "EPERM", "socketpair"},
    {"tcp_connect", "EPERM", "socket"},
    {"udp_send", "EPERM", "socket"},
    {"connect_call", "EPERM", "connect"},
    {"sendmsg_call", "EPERM", "sendmsg"},
    {"io_uring", "EPERM", "io_uring_setup"},

    // Files: Landlock keeps what exists from being opened, the empty root has nothing else.
    {"create_file", "EPERM", "openat"},
    {"create_nameless_file", "EPERM", "openat"},
    {"read_program", "EACCES", by_another_layer},
    {"read_root_folder", "EACCES", by_another_layer},
    {"path_descriptor", "EPERM", "openat"},
    {"read_passwd", "ENOENT", by_another_layer},
    {"read_passwd_upwards", "ENOENT", by_another_layer},
    {"read_proc_self", "ENOENT", by_another_layer},
    {"read_mountinfo", "ENOENT", by_another_layer},
    {"read_sys", "ENOENT", by_another_layer},
    {"read_dev_null", "ENOENT", by_another_layer},
    {"reopen_input", "EPERM", "openat"},
    {"write_input", "EBADF", by_another_layer},
    {"truncate_input", "EPERM", "ftruncate"},
    {"map_input_writable", "EACCES", by_another_layer},
    {"change_mode_of_input", "EPERM", "fchmod"},
    {"change_owner_of_input", "EPERM", "fchown"},
    {"set_times_of_input", "EPERM", "utimensat"},
    {"set_attribute_of_input", "EPERM", "fsetxattr"},
    {"lock_input", "EPERM", "flock"},
    {"handle_of_input", "EPERM", "name_to_handle_at"},
    {"page_cache_by_mincore", "EPERM", "mincore"},
    {"page_cache_by_preadv2", "EPERM", "preadv2"},
    {"drop_page_cache", "EPERM", "fadvise64"},
    {"unlink", "EPERM", "unlink"},
    {"hard_link", "EPERM", "link"},
    {"make_folder", "EPERM", "mkdir"},
    {"make_fifo", "EPERM", "mknodat"},
    {"make_symlink", "EPERM", "symlink"},
    {"change_folder", "EPERM", "chdir"},
    {"run_from_memory", "EPERM", "memfd_create"},
    {"mount_tmpfs", "EPERM", "mount"},
    {"mount_mqueue", "EPERM", "mount"},
    {"remount", "EPERM", "mount"},
    {"mount_attributes", "EPERM", "mount_setattr"},
    {"open_tree", "EPERM", "open_tree"},
    {"fsopen", "EPERM", "fsopen"},
    {"pivot_root", "EPERM", "pivot_root"},
    {"chroot", "EPERM", "chroot"},
    {"watch_files", "EPERM", "inotify_init1"},

    // Processes and the kernel.
    {"fork", "EPERM", "clone"},
    {"vfork", "EPERM", "clone"},
    {"clone3", "ENOSYS", by_another_layer},
    {"clone_with_user_namespace", "EPERM", "clone"},
    {"unshare_user", "EPERM", "unshare"},
    {"unshare_mounts", "EPERM", "unshare"},
    {"set_namespace", "EPERM", "pidfd_open"},
    {"execute", "EPERM", "execve"},
    {"kill_outside", "EPERM", "kill"},
    {"signal_thread_outside", "EPERM", "tgkill"},
    {"signal_queue", "EPERM", "rt_sigqueueinfo"},
    {"descriptor_of_process", "EPERM", "pidfd_open"},
    {"trace", "EPERM", "ptrace"},
    {"read_memory_outside", "EPERM", "process_vm_readv"},
    {"compare_processes", "EPERM", "kcmp"},
    {"user_id", "EPERM", "setresuid"},
    {"groups", "EPERM", "setgroups"},
    {"dumpable", "EPERM", "prctl"},
    {"add_a_filter", "EPERM", "prctl"},
    {"raise_limit", "EPERM", "prlimit64"},
    {"priority", "EPERM", "setpriority"},
    {"change_scheduler", "EPERM", "sched_setscheduler"},
    {"bind_to_processor", "EPERM", "sched_setaffinity"},
    {"control_device", "EPERM", "ioctl"},
    {"map_executable", "EPERM", "mmap"},
    {"map_writable_executable", "EPERM", "mmap"},
    {"make_data_executable", "EPERM", "mprotect"},
    {"map_shared_memory", "EPERM", "mmap"},
    {"shared_memory", "EPERM", "shmget"},
    {"message_queue", "EPERM", "msgget"},
    {"bpf", "EPERM", "bpf"},
    {"perf_event", "EPERM", "perf_event_open"},
    {"keyring", "EPERM", "keyctl"},
    {"add_key", "EPERM", "add_key"},
    {"userfaultfd", "EPERM", "userfaultfd"},
    {"personality", "EPERM", "personality"},
    {"host_name", "EPERM", "sethostname"},
    {"lock_memory", "EPERM", "mlock"},
    {"call_of_32_bits", "", by_another_layer, through, Ending::violation},
    {"call_of_x32", "", by_another_layer, through, Ending::violation},
    {"unknown_call", "EPERM", "call 1023"},

    // What a room can learn. Descriptors: the host's messages, its own, its words, its input; no listener.
    {"environment", "0 variables", by_another_layer, "1 variables"},
    {"descriptors", "0 1 2 3", by_another_layer, nullptr},
    {"own_name", "room", by_another_layer, nullptr},
    {"own_process_id", "1", by_another_layer, nullptr},
    {"own_user_id", "1", by_another_layer, nullptr},
};
// clang-format on

// Controls that need a right which an ordinary user has nowhere, not even in a user namespace of its own.
// Root proves these; any other control that fails is a failure of its test.
struct Withheld {
  const char* probe;
  const char* control;
  const char* reason;
};
constexpr Withheld withheld_from_ordinary_users[] = {
    {"bpf", "EPERM", "kernel.unprivileged_bpf_disabled asks for CAP_BPF in the host's own user namespace"},
    {"groups", "EPERM", "setgroups asks for CAP_SETGID, and one's own namespace must give it up for its map"},
};

// Whether the host withholds from this user what the control needs, and the control said just that.
bool is_withheld(const std::string& probe, Who who, const std::string& control) {
  const bool ordinary = who != Who::caller || ::geteuid() != 0;
  return ordinary && std::ranges::any_of(withheld_from_ordinary_users, [&](const Withheld& one) {
           return probe == one.probe && control == one.control;
         });
}

struct Case {
  Expected expected;
  Who who;
};

std::vector<Case> cases() {
  std::vector<Case> all;
  for (const Expected& one : expected) {
    for (const Who who : everyone()) all.push_back({one, who});
  }
  return all;
}

class Probes : public testing::TestWithParam<Case> {};

TEST_P(Probes, FailsInARoomInItsOwnWay) {
  const auto& [wanted, who] = GetParam();
  const std::string control = control_of(wanted.probe, who);
  const RoomOutcome outcome =
      run_room(probe_room("attempt", fmt::format("{} {}", wanted.probe, ::getpid())), who);
  EXPECT_EQ(outcome.ending, wanted.ending) << shown(outcome);
  EXPECT_EQ(outcome.answer.body, wanted.outcome) << shown(outcome);
  EXPECT_EQ(outcome.survivors, 0U);
  if (wanted.denied == by_another_layer) {
    EXPECT_TRUE(outcome.denials.empty()) << shown(outcome);
  } else {
    ASSERT_FALSE(outcome.denials.empty()) << shown(outcome);
    EXPECT_EQ(outcome.denials[0].call, wanted.denied) << shown(outcome);
    EXPECT_GE(outcome.denials[0].count, 1U);
  }
  // Without a control of its own a fact about the room must differ from the host's.
  if (wanted.control == nullptr) {
    EXPECT_NE(control, wanted.outcome);
  } else if (!is_withheld(wanted.probe, who, control)) {
    EXPECT_EQ(control, wanted.control) << "on the bare host; so the room's outcome proves nothing";
  }
}

INSTANTIATE_TEST_SUITE_P(All, Probes, testing::ValuesIn(cases()), [](const auto& one) {
  return fmt::format("{}_{}", one.param.expected.probe, name_of(one.param.who));
});

TEST(ProbeList, EveryProbeHasItsOutcomeAndTheOtherWayRound) {
  std::size_t count = 0;
  for (const auto* list : {&network_probes(), &file_probes(), &process_probes(), &leak_probes()}) {
    for (const Probe& probe : *list) {
      ++count;
      EXPECT_TRUE(std::ranges::any_of(expected, [&](const Expected& one) {
        return std::string(one.probe) == probe.name;
      })) << probe.name;
    }
  }
  EXPECT_EQ(count, std::size(expected));
}

}  // namespace
}  // namespace carrel::escape
