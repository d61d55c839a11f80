#include "room/probe/probe.h"

#include <cerrno>
#include <csignal>
#include <cstring>

#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace carrel::probe {
namespace {

void write_text(const char* path, const std::string& text) {
  const int file = ::open(path, O_WRONLY | O_CLOEXEC);
  static_cast<void>(::write(file, text.data(), text.size()) < 0);
  ::close(file);
}

// Namespaces in which an ordinary user has every capability.
bool enter_own_namespaces() {
  const std::string user = std::to_string(::geteuid()), group = std::to_string(::getegid());
  if (::unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET) != 0) return false;
  write_text("/proc/self/setgroups", "deny");
  write_text("/proc/self/gid_map", "0 " + group + " 1");
  write_text("/proc/self/uid_map", "0 " + user + " 1");
  return true;
}

// A process outside the control's own namespaces, which ends with the control.
pid_t start_victim() {
  const pid_t self = ::getpid();
  const pid_t victim = ::fork();
  if (victim != 0) return victim;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  while (::getppid() == self) ::sleep(1);
  ::_exit(0);
}

}  // namespace

std::vector<const Probe*> all_probes() {
  std::vector<const Probe*> all;
  for (const auto* list : {&network_probes(), &file_probes(), &process_probes(), &kernel_probes(),
                           &limit_probes(), &leak_probes(), &memory_probes()}) {
    for (const Probe& probe : *list) all.push_back(&probe);
  }
  return all;
}

const Probe* find_probe(std::string_view name) {
  for (const Probe* probe : all_probes()) {
    if (name == probe->name) return probe;
  }
  return nullptr;
}

std::string told(long result) {
  return result >= 0 ? through : ::strerrorname_np(errno);
}

std::string told(long result, int expected) {
  return result < 0 && errno == expected ? through : told(result);
}

std::string open_at(const std::string& path, int flags) {
  const int file = ::openat(AT_FDCWD, path.c_str(), flags | O_CLOEXEC, 0644);
  if (file < 0) return told(file);
  ::close(file);
  return through;
}

std::string in_a_child(const Ground& ground, long (*call)(const Ground&)) {
  if (ground.in_room) return told(call(ground));
  const pid_t child = ::fork();
  if (child == 0) {
    const long result = call(ground);
    ::_exit(result >= 0 ? 0 : errno);
  }
  int status = 0;
  if (child < 0 || ::waitpid(child, &status, 0) < 0 || !WIFEXITED(status)) return told(-1);
  errno = WEXITSTATUS(status);
  return told(errno == 0 ? 0 : -1);
}

const char* word_of(const Ground& ground) {
  return ground.in_room ? "answer-through" : "say-through";
}

std::string control_outcome(const Probe& probe, const std::string& program, const std::string& folder) {
  const pid_t victim = start_victim();
  if (victim < 0) return told(victim);
  Ground ground;
  ground.in_room = false;
  ground.program = program;
  ground.passwd = "/etc/passwd";
  ground.folder = folder;
  ground.outside_file = folder + "/outside";
  ground.victim = victim;
  ground.input = ::open((folder + "/input").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  ground.saved = ground.input;
  ground.output = ::memfd_create("probe", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  ::close(::open(ground.outside_file.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
  std::string outcome;
  if (::ftruncate(ground.input, 8192) != 0 || ::ftruncate(ground.output, 8192) != 0) {
    outcome = told(-1);
  } else if (probe.control_in_namespaces && !enter_own_namespaces()) {
    outcome = "no namespaces of its own";
  } else {
    outcome = probe.attempt(ground);
  }
  ::kill(victim, SIGKILL);
  ::waitpid(victim, nullptr, 0);
  return outcome;
}

}  // namespace carrel::probe
