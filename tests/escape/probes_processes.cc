#include <cstdint>
#include <cstring>

#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/keyctl.h>
#include <linux/perf_event.h>
#include <linux/sched.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/escape/probes.h"

namespace carrel::escape {
namespace {

// The child ends at once; what counts is that there was one.
std::string child_of(long process) {
  if (process == 0) ::_exit(0);
  return told(process);
}

std::string clone3_child(const Ground&) {
  clone_args arguments{};
  arguments.exit_signal = SIGCHLD;
  return child_of(::syscall(SYS_clone3, &arguments, sizeof arguments));
}

std::string clone_with_user_namespace(const Ground&) {
  return child_of(::syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, nullptr, nullptr, nullptr, nullptr));
}

std::string execute(const Ground& ground) {
  char* const arguments[] = {const_cast<char*>("probe"), const_cast<char*>("say-through"), nullptr};
  char* const none[] = {nullptr};
  return told(::execve(ground.program.c_str(), arguments, none));
}

std::string read_memory_of_victim(const Ground& ground) {
  static char here[8];
  char there[8] = {};
  const iovec local{there, sizeof there}, remote{here, sizeof here};
  return told(::process_vm_readv(ground.victim, &local, 1, &remote, 1, 0));
}

std::string set_namespace(const Ground&) {
  const long self = ::syscall(SYS_pidfd_open, ::getpid(), 0);
  if (self < 0) return told(self);
  return told(::setns(static_cast<int>(self), CLONE_NEWUTS));
}

std::string raise_limit(const Ground&) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return told(-1);
  limit.rlim_cur = limit.rlim_max;
  return told(::setrlimit(RLIMIT_NOFILE, &limit));
}

std::string map_of(std::size_t size, int protection, int flags) {
  return told(::mmap(nullptr, size, protection, flags, -1, 0) == MAP_FAILED ? -1 : 0);
}

std::string make_data_executable(const Ground&) {
  void* const memory = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return told(-1);
  return told(::mprotect(memory, 4096, PROT_READ | PROT_EXEC));
}

std::string bpf_map(const Ground&) {
  bpf_attr attributes{};
  attributes.map_type = BPF_MAP_TYPE_ARRAY;
  attributes.key_size = attributes.value_size = 4;
  attributes.max_entries = 1;
  return told(::syscall(SYS_bpf, BPF_MAP_CREATE, &attributes, sizeof attributes));
}

std::string perf_event(const Ground&) {
  perf_event_attr attributes{};
  attributes.size = sizeof attributes;
  attributes.type = PERF_TYPE_SOFTWARE;
  attributes.config = PERF_COUNT_SW_TASK_CLOCK;
  attributes.exclude_kernel = attributes.exclude_hv = 1;
  return told(::syscall(SYS_perf_event_open, &attributes, 0, -1, -1, 0));
}

std::string change_scheduler(const Ground&) {
  const sched_param parameters{};
  return told(::sched_setscheduler(0, SCHED_BATCH, &parameters));
}

std::string bind_to_processor(const Ground&) {
  cpu_set_t processors;
  if (::sched_getaffinity(0, sizeof processors, &processors) != 0) return told(-1);
  return told(::sched_setaffinity(0, sizeof processors, &processors));
}

// The kernel's 32-bit entry: call 20 is getpid there. That it returns at all is the way through.
std::string call_of_32_bits(const Ground&) {
  long result = 20;
  asm volatile("int $0x80" : "+a"(result) : : "memory", "r8", "r9", "r10", "r11");
  return through;
}

// Call numbers of the x32 ABI; a kernel without it returns ENOSYS, which is a return too.
std::string call_of_x32(const Ground&) {
  ::syscall(0x40000000 | SYS_getpid);
  return through;
}

std::string unknown_call(const Ground&) {
  const long result = ::syscall(1023);
  return result < 0 && errno == ENOSYS ? through : told(result);
}

std::string add_a_filter(const Ground&) {
  // An unreadable program is the last thing the kernel looks at.
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return told(-1);
  const long result = ::syscall(SYS_seccomp, 1, 0, nullptr);
  return result < 0 && errno == EFAULT ? through : told(result);
}

std::string user_id_again(const Ground&) {
  return told(::setresuid(::geteuid(), ::geteuid(), ::geteuid()));
}

std::string bytes_waiting(const Ground& ground) {
  int count = 0;
  return told(::ioctl(ground.input, FIONREAD, &count));
}

}  // namespace

const std::vector<Probe>& process_probes() {
  static const std::vector<Probe> probes = {
      {"fork", [](const Ground&) { return child_of(::fork()); }},
      {"vfork",
       [](const Ground&) {
         return child_of(::syscall(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, nullptr));
       }},
      {"clone3", clone3_child},
      {"clone_with_user_namespace", clone_with_user_namespace},
      {"unshare_user", [](const Ground&) { return told(::unshare(CLONE_NEWUSER)); }},
      {"unshare_mounts", [](const Ground&) { return told(::unshare(CLONE_NEWNS)); }, true},
      {"set_namespace", set_namespace, true},
      {"execute", execute},
      {"kill_outside", [](const Ground& g) { return told(::kill(g.victim, 0)); }},
      {"signal_thread_outside",
       [](const Ground& g) { return told(::syscall(SYS_tgkill, g.victim, g.victim, 0)); }},
      {"signal_queue", [](const Ground& g) { return told(::sigqueue(g.victim, 0, {})); }},
      {"descriptor_of_process", [](const Ground& g) { return told(::syscall(SYS_pidfd_open, g.victim, 0)); }},
      {"trace", [](const Ground& g) { return told(::ptrace(PTRACE_SEIZE, g.victim, nullptr, nullptr)); }},
      {"read_memory_outside", read_memory_of_victim},
      {"compare_processes",
       [](const Ground& g) { return told(::syscall(SYS_kcmp, ::getpid(), g.victim, 1, 0, 0)); }},
      {"user_id", user_id_again},
      {"groups", [](const Ground&) { return told(::syscall(SYS_setgroups, 0, nullptr)); }},
      {"dumpable", [](const Ground&) { return told(::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)); }},
      {"add_a_filter", add_a_filter},
      {"raise_limit", raise_limit},
      {"priority", [](const Ground&) { return told(::setpriority(PRIO_PROCESS, 0, 10)); }},
      {"change_scheduler", change_scheduler},
      {"bind_to_processor", bind_to_processor},
      {"control_device", bytes_waiting},
      {"map_executable",
       [](const Ground&) { return map_of(4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS); }},
      {"map_writable_executable",
       [](const Ground&) {
         return map_of(4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS);
       }},
      {"make_data_executable", make_data_executable},
      {"map_shared_memory",
       [](const Ground&) { return map_of(4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS); }},
      {"shared_memory", [](const Ground&) { return told(::shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600)); },
       true},
      {"message_queue", [](const Ground&) { return told(::msgget(IPC_PRIVATE, IPC_CREAT | 0600)); }, true},
      {"bpf", bpf_map},
      {"perf_event", perf_event},
      {"keyring",
       [](const Ground&) {
         return told(::syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 1));
       }},
      {"add_key",
       [](const Ground&) {
         return told(::syscall(SYS_add_key, "user", "carrel", "x", 1, KEY_SPEC_PROCESS_KEYRING));
       }},
      {"userfaultfd",
       [](const Ground&) { return told(::syscall(SYS_userfaultfd, 1 /* UFFD_USER_MODE_ONLY */)); }},
      {"personality", [](const Ground&) { return told(::personality(ADDR_NO_RANDOMIZE)); }},
      {"host_name", [](const Ground&) { return told(::sethostname("x", 1)); }, true},
      {"lock_memory",
       [](const Ground&) {
         static char page[4096];
         return told(::mlock(page, sizeof page));
       }},
      {"call_of_32_bits", call_of_32_bits},
      {"call_of_x32", call_of_x32},
      {"unknown_call", unknown_call},
  };
  return probes;
}

}  // namespace carrel::escape
