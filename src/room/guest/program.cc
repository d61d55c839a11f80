#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>

#include <fcntl.h>
#include <linux/securebits.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "confine/process.h"
#include "room/guest/relay.h"

namespace carrel {
namespace {

constexpr unsigned room_id = 1;                // its user and group, as in a room of namespaces
constexpr char room_name[] = "room";           // its host name, as there
constexpr std::uint32_t last_capability = 40;  // CAP_CHECKPOINT_RESTORE, the last of the guest's kernel

struct Pipe {
  Fd read, write;
};

Result<Pipe> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return errno_error("cannot make a pipe");
  return Pipe{Fd(ends[0]), Fd(ends[1])};
}

// In the child: the same layers as in a room of namespaces, as far as a guest that holds nothing else needs
// them. The program puts the last two on by itself.
bool confine(const GuestTask& task, const std::string& root) {
  if (::sethostname(room_name, sizeof room_name - 1) != 0) return false;
  // Giving up the user id 0 would take the capabilities along that the next steps need.
  if (::prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0) != 0) return false;
  if (::chroot(root.c_str()) != 0 || ::chdir("/") != 0) return false;
  if (::syscall(SYS_setgroups, 0, nullptr) != 0) return false;
  if (::syscall(SYS_setresgid, room_id, room_id, room_id) != 0) return false;
  if (::syscall(SYS_setresuid, room_id, room_id, room_id) != 0) return false;
  if (!drop_capabilities(last_capability) || !forbid_new_privileges()) return false;
  if (::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 || ::setsid() < 0) return false;
  ::umask(077);
  for (const GuestLimit& limit : task.limits) {
    const Limit one{static_cast<decltype(RLIMIT_AS)>(limit.resource), limit.value};
    if (!set_limits(&one, 1)) return false;
  }
  return true;
}

// What went wrong is the program's last word.
[[noreturn]] void give_up(const char* what) {
  ::dprintf(STDERR_FILENO, "the guest cannot %s the program: %s\n", what, ::strerrordesc_np(errno));
  ::_exit(125);
}

[[noreturn]] void become_program(const GuestTask& task, const std::string& root,
                                 const std::vector<int>& descriptors) {
  const int count = static_cast<int>(descriptors.size());
  std::vector<int> copies;
  for (const int descriptor : descriptors) copies.push_back(::fcntl(descriptor, F_DUPFD_CLOEXEC, count));
  for (int i = 0; i < count; ++i) {
    if (::dup2(copies[static_cast<std::size_t>(i)], i) < 0) ::_exit(125);
  }
  if (::close_range(static_cast<unsigned>(count), ~0U, 0) != 0 || !confine(task, root)) give_up("confine");
  ::signal(SIGPIPE, SIG_DFL);
  std::vector<char*> words = {const_cast<char*>(task.program.c_str())};
  for (const std::string& argument : task.arguments) words.push_back(const_cast<char*>(argument.c_str()));
  words.push_back(nullptr);
  char* const no_environment[] = {nullptr};
  ::execve(words[0], words.data(), no_environment);
  give_up("start");
}

}  // namespace

Result<RunningProgram> start_program(const GuestTask& task, const std::string& root,
                                     const std::vector<Fd>& inputs) {
  auto job = make_pipe(), messages = make_pipe(), words = make_pipe();
  for (const auto* made : {&job, &messages, &words}) {
    if (!*made) return made->error();
  }
  std::vector<int> descriptors = {job->read.get(), messages->write.get(), words->write.get()};
  for (const Fd& input : inputs) descriptors.push_back(input.get());
  // Its own process ids and host name, as in a room of namespaces: it sees no other process of the guest.
  const auto child = static_cast<pid_t>(
      ::syscall(SYS_clone, CLONE_NEWPID | CLONE_NEWUTS | SIGCHLD, nullptr, nullptr, nullptr, nullptr));
  if (child < 0) return errno_error("the guest cannot start its program");
  if (child == 0) become_program(task, root, descriptors);
  RunningProgram program{child, Fd(static_cast<int>(::syscall(SYS_pidfd_open, child, 0))),
                         std::move(job->write), std::move(messages->read), std::move(words->read)};
  if (!program.pidfd.valid()) return errno_error("the guest cannot watch its program");
  ::fcntl(program.job.get(), F_SETFL, O_WRONLY | O_NONBLOCK);
  return program;
}

}  // namespace carrel
