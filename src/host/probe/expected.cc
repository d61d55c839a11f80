#include "host/probe/expected.h"

#include <algorithm>
#include <set>

namespace carrel {
namespace {

constexpr const char* through = "through";
constexpr const char* by_another_layer = nullptr;
constexpr const char* a_fact = nullptr;

// All probes of a virtual machine, with others' expectations in place of some, and without those left out: no
// machine is lent memory of the host's.
std::vector<Expectation> of_vm(const std::vector<Expectation>& others,
                               const std::set<std::string_view>& left_out) {
  std::vector<Expectation> all;
  for (const Expectation& one : expected_probes()) {
    const auto other = std::ranges::find_if(
        others, [&](const Expectation& each) { return std::string_view(each.probe) == one.probe; });
    const bool left = left_out.contains(one.probe) || one.group == std::string_view(lent_memory);
    if (!left) all.push_back(other == others.end() ? one : *other);
  }
  return all;
}

}  // namespace

// clang-format off
const std::vector<Expectation>& expected_probes() {
  static const std::vector<Expectation> all = {
      // Seccomp denies the sockets; the network namespace would be empty.
      {"socket_inet", "network", "EPERM", "socket"},
      {"socket_inet6", "network", "EPERM", "socket"},
      {"socket_unix", "network", "EPERM", "socket"},
      {"socket_netlink", "network", "EPERM", "socket"},
      {"socket_packet", "network", "EPERM", "socket"},
      {"socket_raw_icmp", "network", "EPERM", "socket"},
      {"socket_vsock", "network", "EPERM", "socket"},
      {"socket_xdp", "network", "EPERM", "socket"},
      {"socket_mptcp", "network", "EPERM", "socket"},
      {"socket_alg", "network", "EPERM", "socket"},
      {"socket_tipc", "network", "EPERM", "socket"},
      {"socket_smc", "network", "EPERM", "socket"},
      {"socket_bluetooth", "network", "EPERM", "socket"},
      {"socketpair", "network", "EPERM", "socketpair"},
      {"tcp_connect", "network", "EPERM", "socket"},
      {"udp_send", "network", "EPERM", "socket"},
      {"dns_question", "network", "EPERM", "socket"},
      {"loopback_listen", "network", "EPERM", "socket"},
      {"unix_path_connect", "network", "EPERM", "socket"},
      {"unix_abstract_connect", "network", "EPERM", "socket"},
      {"connect_call", "network", "EPERM", "connect"},
      {"sendmsg_call", "network", "EPERM", "sendmsg"},
      {"receive_call", "network", "EPERM", "recvfrom"},
      {"io_uring", "network", "EPERM", "io_uring_setup"},
      // Landlock keeps what exists from being opened; the empty root has nothing else.
      {"create_file", "files", "EPERM", "openat"},
      {"create_nameless_file", "files", "EPERM", "openat"},
      {"read_program", "files", "EACCES", by_another_layer},
      {"read_root_folder", "files", "EACCES", by_another_layer},
      {"path_descriptor", "files", "EPERM", "openat"},
      {"read_passwd", "files", "ENOENT", by_another_layer},
      {"read_passwd_upwards", "files", "ENOENT", by_another_layer},
      {"read_proc_self", "files", "ENOENT", by_another_layer},
      {"read_mountinfo", "files", "ENOENT", by_another_layer},
      {"read_sys", "files", "ENOENT", by_another_layer},
      {"read_dev_null", "files", "ENOENT", by_another_layer},
      {"read_proc_of_init_root", "files", "ENOENT", by_another_layer},
      {"read_core_pattern", "files", "ENOENT", by_another_layer},
      {"read_kernel_symbols", "files", "ENOENT", by_another_layer},
      {"write_sysrq", "files", "EPERM", "openat"},
      {"write_release_agent", "files", "EPERM", "openat"},
      {"read_memory_device", "files", "ENOENT", by_another_layer},
      {"read_kernel_log_device", "files", "ENOENT", by_another_layer},
      {"open_kvm", "files", "ENOENT", by_another_layer},
      {"read_disk", "files", "ENOENT", by_another_layer},
      {"open_terminal", "files", "ENOENT", by_another_layer},
      {"read_outside_file", "files", "ENOENT", by_another_layer},
      {"read_outside_file_upwards", "files", "ENOENT", by_another_layer},
      {"look_at_outside_file", "files", "EPERM", "newfstatat"},
      {"reopen_input", "files", "EPERM", "openat"},
      {"write_input", "files", "EBADF", by_another_layer},
      {"truncate_input", "files", "EPERM", "ftruncate"},
      {"map_input_writable", "files", "EACCES", by_another_layer},
      {"change_mode_of_input", "files", "EPERM", "fchmod"},
      {"change_owner_of_input", "files", "EPERM", "fchown"},
      {"set_times_of_input", "files", "EPERM", "utimensat"},
      {"set_attribute_of_input", "files", "EPERM", "fsetxattr"},
      {"lock_input", "files", "EPERM", "flock"},
      {"handle_of_input", "files", "EPERM", "name_to_handle_at"},
      {"page_cache_by_mincore", "files", "EPERM", "mincore"},
      {"page_cache_by_preadv2", "files", "EPERM", "preadv2"},
      {"page_cache_by_cachestat", "files", "EPERM", "cachestat"},
      {"drop_page_cache", "files", "EPERM", "fadvise64"},
      {"open_by_handle", "files", "EPERM", "open_by_handle_at"},
      {"copy_range", "files", "EPERM", "copy_file_range"},
      {"splice", "files", "EPERM", "splice"},
      {"unlink", "files", "EPERM", "unlink"},
      {"hard_link", "files", "EPERM", "link"},
      {"make_folder", "files", "EPERM", "mkdir"},
      {"make_fifo", "files", "EPERM", "mknodat"},
      {"make_device", "files", "EPERM", "mknodat"},
      {"rename", "files", "EPERM", "rename"},
      {"make_symlink", "files", "EPERM", "symlink"},
      {"change_folder", "files", "EPERM", "chdir"},
      {"run_from_memory", "files", "EPERM", "memfd_create"},
      {"run_from_temporary_file", "files", "EPERM", "openat"},
      {"mount_tmpfs", "files", "EPERM", "mount"},
      {"mount_mqueue", "files", "EPERM", "mount"},
      {"mount_proc", "files", "EPERM", "mount"},
      {"fill_tmpfs", "files", "EPERM", "mount"},
      {"unmount", "files", "EPERM", "umount2"},
      {"remount", "files", "EPERM", "mount"},
      {"mount_attributes", "files", "EPERM", "mount_setattr"},
      {"open_tree", "files", "EPERM", "open_tree"},
      {"fsopen", "files", "EPERM", "fsopen"},
      {"move_mount", "files", "EPERM", "move_mount"},
      {"pivot_root", "files", "EPERM", "pivot_root"},
      {"chroot", "files", "EPERM", "chroot"},
      {"watch_files", "files", "EPERM", "inotify_init1"},
      {"watch_all_files", "files", "EPERM", "fanotify_init"},
      // There is no other process to see, and nothing makes another one.
      {"fork", "processes", "EPERM", "clone"},
      {"vfork", "processes", "EPERM", "clone"},
      {"clone3", "processes", "ENOSYS", by_another_layer},
      {"fork_bomb", "processes", "EPERM", "clone"},
      {"clone_with_user_namespace", "processes", "EPERM", "clone"},
      {"clone3_with_user_namespace", "processes", "ENOSYS", by_another_layer},
      {"unshare_user", "processes", "EPERM", "unshare"},
      {"unshare_mounts", "processes", "EPERM", "unshare"},
      {"set_namespace", "processes", "EPERM", "pidfd_open"},
      {"execute", "processes", "EPERM", "execve"},
      {"kill_outside", "processes", "EPERM", "kill"},
      {"signal_thread_outside", "processes", "EPERM", "tgkill"},
      {"signal_queue", "processes", "EPERM", "rt_sigqueueinfo"},
      {"descriptor_of_process", "processes", "EPERM", "pidfd_open"},
      {"trace", "processes", "EPERM", "ptrace"},
      {"read_memory_outside", "processes", "EPERM", "process_vm_readv"},
      {"write_memory_outside", "processes", "EPERM", "process_vm_writev"},
      {"steal_descriptor", "processes", "EPERM", "pidfd_open"},
      {"steal_descriptor_call", "processes", "EPERM", "pidfd_getfd"},
      {"signal_by_descriptor", "processes", "EPERM", "pidfd_send_signal"},
      {"be_traced", "processes", "EPERM", "ptrace"},
      {"compare_processes", "processes", "EPERM", "kcmp"},
      {"user_id", "processes", "EPERM", "setresuid"},
      {"groups", "processes", "EPERM", "setgroups"},
      {"capabilities", "processes", "EPERM", "capget"},
      {"dumpable", "processes", "EPERM", "prctl"},
      {"add_a_filter", "processes", "EPERM", "prctl"},
      {"raise_limit", "processes", "EPERM", "prlimit64"},
      {"priority", "processes", "EPERM", "setpriority"},
      {"change_scheduler", "processes", "EPERM", "sched_setscheduler"},
      {"real_time_scheduler", "processes", "EPERM", "sched_setscheduler"},
      {"bind_to_processor", "processes", "EPERM", "sched_setaffinity"},
      {"control_device", "processes", "EPERM", "ioctl"},
      {"type_into_terminal", "processes", "EPERM", "ioctl"},
      {"map_executable", "processes", "EPERM", "mmap"},
      {"map_writable_executable", "processes", "EPERM", "mmap"},
      {"make_data_executable", "processes", "EPERM", "mprotect"},
      {"map_shared_memory", "processes", "EPERM", "mmap"},
      // What the kernel offers beyond what a program needs that computes.
      {"shared_memory", "kernel", "EPERM", "shmget"},
      {"message_queue", "kernel", "EPERM", "msgget"},
      {"bpf", "kernel", "EPERM", "bpf"},
      {"perf_event", "kernel", "EPERM", "perf_event_open"},
      {"keyring", "kernel", "EPERM", "keyctl"},
      {"add_key", "kernel", "EPERM", "add_key"},
      {"userfaultfd", "kernel", "EPERM", "userfaultfd"},
      {"personality", "kernel", "EPERM", "personality"},
      {"host_name", "kernel", "EPERM", "sethostname"},
      {"lock_memory", "kernel", "EPERM", "mlock"},
      {"call_of_32_bits", "kernel", "", by_another_layer, through, Ending::violation},
      {"call_of_x32", "kernel", "", by_another_layer, through, Ending::violation},
      {"unknown_call", "kernel", "EPERM", "call 1023"},
      {"semaphores", "kernel", "EPERM", "semget"},
      {"posix_queue", "kernel", "EPERM", "mq_open"},
      {"load_kernel", "kernel", "EPERM", "kexec_load"},
      {"load_module", "kernel", "EPERM", "init_module"},
      {"load_module_file", "kernel", "EPERM", "finit_module"},
      {"remove_module", "kernel", "EPERM", "delete_module"},
      {"restart_machine", "kernel", "EPERM", "reboot"},
      {"set_clock", "kernel", "EPERM", "clock_settime"},
      {"tune_clock", "kernel", "EPERM", "adjtimex"},
      {"swap_on", "kernel", "EPERM", "swapon"},
      {"account", "kernel", "EPERM", "acct"},
      {"read_kernel_log", "kernel", "EPERM", "syslog"},
      {"io_ports", "kernel", "EPERM", "iopl"},
      {"local_descriptor_table", "kernel", "EPERM", "modify_ldt"},
      {"secret_memory", "kernel", "EPERM", "memfd_secret"},
      {"landlock_of_its_own", "kernel", "EPERM", "landlock_create_ruleset"},
      {"make_pipe", "kernel", "EPERM", "pipe2"},
      {"event_descriptor", "kernel", "EPERM", "eventfd2"},
      {"clock_of_processor_of_outside", "kernel", "ESRCH", by_another_layer},
      // Each ends at its cap, typed. The two that wait for the clock have a shorter one.
      {"memory_by_mapping", "limits", "ENOMEM", by_another_layer},
      {"memory_by_new", "limits", "", by_another_layer, through, Ending::memory},
      {"shared_memory_by_mapping", "limits", "EPERM", "mmap"},
      {"thread_bomb", "limits", "EAGAIN", by_another_layer},
      {"flood_of_messages", "limits", "", by_another_layer, through, Ending::output_cap},
      {"flood_of_words", "limits", "", by_another_layer, through, Ending::output_cap},
      {"endless_loop", "limits", "", by_another_layer, through, Ending::time, true},
      {"endless_sleep", "limits", "", by_another_layer, through, Ending::time, true},
      {"denied_calls", "limits", "", "socket", through, Ending::violation},
      {"many_descriptors", "limits", "EPERM", "fcntl"},
      // Descriptors: the host's messages, its own, its words, its inputs; no listener.
      {"environment", "leaks", "0 variables", by_another_layer, "1 variables"},
      {"descriptors", "leaks", "those it was given", by_another_layer, a_fact},
      {"own_name", "leaks", "room", by_another_layer, a_fact},
      {"own_process_id", "leaks", "1", by_another_layer, a_fact},
      {"own_user_id", "leaks", "1", by_another_layer, a_fact},
      // What a think room is lent: its size, its seals and the descriptors' own modes hold without seccomp, too.
      {"write_saved", lent_memory, "EBADF", by_another_layer},
      {"map_saved_writable", lent_memory, "EACCES", by_another_layer},
      {"grow_memory", lent_memory, "EPERM", "ftruncate"},
      {"shrink_memory", lent_memory, "EPERM", "ftruncate"},
      {"write_beyond_memory", lent_memory, "EFBIG", by_another_layer},
      {"seal_memory", lent_memory, "EPERM", "fcntl"},
      {"execute_memory", lent_memory, "EPERM", "mmap"},
  };
  return all;
}
// clang-format on

std::vector<Expectation> expected_in_guest(bool mapped) {
  if (mapped) return of_vm({}, {});
  // A pipe has no pages to map and to ask for.
  return of_vm({{"page_cache_by_mincore", "files", "ENODEV", by_another_layer}}, {});
}

std::vector<Expectation> expected_of_machine(bool kvm) {
  std::vector<Expectation> differs = {
      // What QEMU tries at its start and does without fails quietly.
      {"io_uring", "network", "ENOSYS", by_another_layer},
      {"run_from_memory", "files", "ENOSYS", by_another_layer},
      {"bind_to_processor", "processes", "ENOSYS", by_another_layer},
      {"control_device", "processes", "ENOTTY", by_another_layer},
      // It may look at paths, and its root has none but its own; copies of descriptors end at their limit.
      {"look_at_outside_file", "files", "ENOENT", by_another_layer},
      {"many_descriptors", "limits", "EMFILE", by_another_layer},
      // The room's disk and its input.
      {"descriptors", "leaks", "0 1 2 3 4", by_another_layer, a_fact},
  };
  if (!kvm) differs.push_back({"reopen_input", "files", "ENOENT", by_another_layer});
  return of_vm(differs, {// It loads itself and its libraries from its root, which holds nothing else.
                         "read_program", "read_root_folder", "execute",
                         // Emulation writes code.
                         "map_executable", "map_writable_executable", "make_data_executable",
                         // Sockets that it was given carry streams; it can make none.
                         "sendmsg_call", "receive_call",
                         // It waits for events, and puts on a filter of its own.
                         "event_descriptor", "add_a_filter",
                         // No terminal is what the kernel says of a file too, and what the filter says.
                         "type_into_terminal"});
}

const Expectation* find_expected(std::string_view probe) {
  const auto found =
      std::ranges::find_if(expected_probes(), [&](const Expectation& one) { return probe == one.probe; });
  return found == expected_probes().end() ? nullptr : &*found;
}

}  // namespace carrel
