// Controls that a host withholds, for probes that then prove nothing there.
#pragma once

namespace carrel::escape {

// Controls that may fail for a reason which is the host's own. Any other control that fails is a failure of
// its test: a probe that proves nothing must not go unseen.
struct Withheld {
  const char* probe;
  const char* control;
  const char* reason;
};
// From everybody, root too: this kernel or machine has no such thing.
inline constexpr Withheld absent_somewhere[] = {
    {"socket_inet6", "EAFNOSUPPORT", "a kernel without IPv6"},
    {"socket_vsock", "EAFNOSUPPORT", "a kernel without vsock"},
    {"socket_xdp", "EAFNOSUPPORT", "a kernel without XDP sockets"},
    {"socket_mptcp", "EPROTONOSUPPORT", "a kernel without MPTCP"},
    {"socket_mptcp", "ENOPROTOOPT", "MPTCP is switched off (net.mptcp.enabled)"},
    {"socket_alg", "EAFNOSUPPORT", "a kernel without sockets for ciphers"},
    {"socket_tipc", "EAFNOSUPPORT", "a kernel without TIPC"},
    {"socket_smc", "EAFNOSUPPORT", "a kernel without SMC"},
    {"socket_bluetooth", "EAFNOSUPPORT", "a kernel without Bluetooth"},
    {"socket_bluetooth", "EPROTONOSUPPORT", "a machine without Bluetooth"},
    {"read_memory_device", "ENOENT", "a machine without /dev/mem"},
    {"read_memory_device", "EPERM", "a kernel that keeps /dev/mem from everybody"},
    {"read_kernel_log_device", "ENOENT", "a container without /dev/kmsg"},
    {"read_kernel_symbols", "ENOENT", "a kernel without kallsyms"},
    {"open_kvm", "ENOENT", "a machine without KVM"},
    {"open_kvm", "ENXIO", "a machine whose KVM does not answer"},
    {"open_terminal", "ENOENT", "a container without /dev/ptmx"},
    {"open_kvm", "EPERM", "a container without the right to devices"},
    {"read_disk", "ENOENT", "a machine without a disk of a usual name"},
    {"read_disk", "EPERM", "a container without the right to devices"},
    {"io_ports", "ENOSYS", "a kernel without iopl"},
    {"local_descriptor_table", "ENOSYS", "a kernel without modify_ldt"},
    {"write_sysrq", "ENOENT", "a kernel without sysrq"},
    {"write_sysrq", "EROFS", "a container whose /proc is read-only"},
    {"write_release_agent", "ENOENT", "a machine without cgroups"},
    {"write_release_agent", "EROFS", "a container whose cgroups are read-only"},
    {"page_cache_by_cachestat", "ENOSYS", "a kernel older than 6.5"},
    {"page_cache_by_preadv2", "EOPNOTSUPP", "a file system, such as some kernels' tmpfs, that always waits"},
    {"watch_all_files", "ENOSYS", "a kernel without fanotify"},
    {"mount_proc", "EPERM", "a container that covers parts of /proc"},
    {"load_kernel", "ENOSYS", "a kernel without kexec"},
    {"load_kernel", "EPERM", "kernel.kexec_load_disabled"},
    {"load_module", "ENOSYS", "a kernel without modules"},
    {"load_module", "EPERM", "kernel.modules_disabled"},
    {"load_module_file", "ENOSYS", "a kernel without modules"},
    {"load_module_file", "EPERM", "kernel.modules_disabled"},
    {"remove_module", "ENOSYS", "a kernel without modules"},
    {"remove_module", "EPERM", "kernel.modules_disabled"},
    {"swap_on", "ENOSYS", "a kernel without swap"},
    {"account", "ENOSYS", "a kernel without accounting"},
    {"secret_memory", "ENOSYS", "a kernel without secret memory, or it is switched off"},
    {"userfaultfd", "ENOSYS", "a kernel without userfaultfd"},
    {"read_proc_of_init_root", "EACCES", "a container whose root may not look into init"},
    {"call_of_32_bits", "nothing", "a kernel without 32-bit calls"},
};
// From an ordinary user, who has the right nowhere, not even in a user namespace of its own.
inline constexpr Withheld withheld_from_ordinary_users[] = {
    {"bpf", "EPERM", "kernel.unprivileged_bpf_disabled asks for CAP_BPF in the host's own user namespace"},
    {"groups", "EPERM", "setgroups asks for CAP_SETGID, and one's own namespace must give it up for its map"},
    {"open_by_handle", "EPERM", "CAP_DAC_READ_SEARCH on the host"},
    {"make_device", "EPERM", "CAP_MKNOD on the host"},
    {"real_time_scheduler", "EPERM", "CAP_SYS_NICE on the host"},
    {"read_proc_of_init_root", "EACCES", "the root of a process of another user"},
    {"write_sysrq", "EACCES", "a file of root's"},
    {"write_release_agent", "EACCES", "a file of root's"},
    {"read_memory_device", "EACCES", "a file of root's"},
    {"read_kernel_log_device", "EACCES", "a file of root's"},
    {"read_kernel_log_device", "EPERM", "kernel.dmesg_restrict"},
    {"open_kvm", "EACCES", "a file of root's and the group kvm"},
    {"read_disk", "EACCES", "a file of root's and the group disk"},
    {"read_kernel_log", "EPERM", "kernel.dmesg_restrict"},
    {"socket_bluetooth", "EPERM", "CAP_NET_RAW on the host"},
    {"load_kernel", "EPERM", "CAP_SYS_BOOT on the host"},
    {"load_module", "EPERM", "CAP_SYS_MODULE on the host"},
    {"load_module_file", "EPERM", "CAP_SYS_MODULE on the host"},
    {"remove_module", "EPERM", "CAP_SYS_MODULE on the host"},
    {"restart_machine", "EPERM", "CAP_SYS_BOOT on the host"},
    {"swap_on", "EPERM", "CAP_SYS_ADMIN on the host"},
    {"account", "EPERM", "CAP_SYS_PACCT on the host"},
    {"perf_event", "EACCES", "kernel.perf_event_paranoid"},
};

}  // namespace carrel::escape
