// Ways to other processes, and to more rights than a room has.
#include <cerrno>
#include <csignal>

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/sched.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "room/probe/probe.h"

namespace carrel::probe {
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
  char* const arguments[] = {const_cast<char*>("probe"), const_cast<char*>(word_of(ground)), nullptr};
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

std::string change_scheduler(const Ground&) {
  const sched_param parameters{};
  return told(::sched_setscheduler(0, SCHED_BATCH, &parameters));
}

std::string bind_to_processor(const Ground&) {
  cpu_set_t processors;
  if (::sched_getaffinity(0, sizeof processors, &processors) != 0) return told(-1);
  return told(::sched_setaffinity(0, sizeof processors, &processors));
}

std::string add_a_filter(const Ground&) {
  // An unreadable program is the last thing the kernel looks at.
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return told(-1);
  return told(::syscall(SYS_seccomp, 1, 0, nullptr), EFAULT);
}

std::string user_id_again(const Ground&) {
  return told(::setresuid(::geteuid(), ::geteuid(), ::geteuid()));
}

std::string clone3_with_user_namespace(const Ground&) {
  clone_args arguments{};
  arguments.flags = CLONE_NEWUSER;
  arguments.exit_signal = SIGCHLD;
  return child_of(::syscall(SYS_clone3, &arguments, sizeof arguments));
}

// As many children as come, up to a number that no machine minds.
std::string fork_bomb(const Ground& ground) {
  constexpr int enough = 100;
  for (int i = 0; i < enough; ++i) {
    const pid_t child = ::fork();
    if (child < 0) return told(child);
    if (child == 0) ::_exit(0);
    if (!ground.in_room) ::waitpid(child, nullptr, 0);
  }
  return through;
}

std::string write_memory_of_victim(const Ground& ground) {
  static char here[8];
  const iovec local{here, sizeof here}, remote{here, sizeof here};
  return told(::process_vm_writev(ground.victim, &local, 1, &remote, 1, 0));
}

std::string steal_descriptor(const Ground& ground) {
  const long process = ::syscall(SYS_pidfd_open, ground.victim, 0);
  if (process < 0) return told(process);
  return told(::syscall(SYS_pidfd_getfd, process, 0, 0));
}
// The call itself, on a descriptor that is no process: allowed, it would say EBADF.
std::string steal_descriptor_call(const Ground& ground) {
  return told(::syscall(SYS_pidfd_getfd, ground.input, 0, 0), EBADF);
}
std::string signal_by_descriptor(const Ground& ground) {
  return told(::syscall(SYS_pidfd_send_signal, ground.input, 0, nullptr, 0), EBADF);
}

std::string set_capabilities(const Ground&) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct sets[2] = {};
  if (::syscall(SYS_capget, &header, sets) != 0) return told(-1);
  return told(::syscall(SYS_capset, &header, sets));
}

std::string real_time_scheduler(const Ground&) {
  sched_param parameters{};
  parameters.sched_priority = 1;
  return told(::sched_setscheduler(0, SCHED_FIFO, &parameters));
}

// Typing into the terminal that started the room; a file is none, which is the way through.
std::string type_into_terminal(const Ground& ground) {
  const char byte = '#';
  return told(::ioctl(ground.input, TIOCSTI, &byte), ENOTTY);
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
      {"fork_bomb", fork_bomb},
      {"clone_with_user_namespace", clone_with_user_namespace},
      {"clone3_with_user_namespace", clone3_with_user_namespace},
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
      {"write_memory_outside", write_memory_of_victim},
      {"steal_descriptor", steal_descriptor},
      {"steal_descriptor_call", steal_descriptor_call},
      {"signal_by_descriptor", signal_by_descriptor},
      {"be_traced",
       [](const Ground& g) {
         // A child of its own: whoever is traced stops at its next signal.
         return in_a_child(g, [](const Ground&) { return ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr); });
       }},
      {"compare_processes",
       [](const Ground& g) { return told(::syscall(SYS_kcmp, ::getpid(), g.victim, 1, 0, 0)); }},
      {"user_id", user_id_again},
      {"groups", [](const Ground&) { return told(::syscall(SYS_setgroups, 0, nullptr)); }},
      {"capabilities", set_capabilities},
      {"dumpable", [](const Ground&) { return told(::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)); }},
      {"add_a_filter", add_a_filter},
      {"raise_limit", raise_limit},
      {"priority", [](const Ground&) { return told(::setpriority(PRIO_PROCESS, 0, 10)); }},
      {"change_scheduler", change_scheduler},
      {"real_time_scheduler", real_time_scheduler},
      {"bind_to_processor", bind_to_processor},
      {"control_device", bytes_waiting},
      {"type_into_terminal", type_into_terminal},
      {"map_executable",
       [](const Ground&) { return map_of(4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS); }},
      {"map_writable_executable",
       [](const Ground&) {
         return map_of(4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS);
       }},
      {"make_data_executable", make_data_executable},
      {"map_shared_memory",
       [](const Ground&) { return map_of(4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS); }},
  };
  return probes;
}

}  // namespace carrel::probe
