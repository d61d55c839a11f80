// The hostile program: `probe PART` in a room plays a part (behaviours.h); `probe bare NAME FOLDER` is the
// control of a probe on the bare host and prints what came of it.
#include <csignal>
#include <cstdio>
#include <cstring>
#include <string>

#include <fcntl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/escape/behaviours.h"
#include "tests/escape/probes.h"

namespace carrel::escape {
namespace {

void write_text(const char* path, const std::string& text) {
  const int file = ::open(path, O_WRONLY);
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

int run_control(const Probe& probe, const char* program, const std::string& folder) {
  // The victim first: in the control's own namespaces it would not be an outside process any more.
  const pid_t self = ::getpid();
  const pid_t victim = ::fork();
  if (victim == 0) {
    // Some attempts replace the control's program, which then ends without a word to its victim.
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    while (::getppid() == self) ::sleep(1);
    ::_exit(0);
  }
  Ground ground;
  ground.program = program;
  ground.passwd = "/etc/passwd";
  ground.folder = folder;
  ground.victim = victim;
  ground.input = ::open((folder + "/input").c_str(), O_RDWR | O_CREAT, 0600);
  if (::ftruncate(ground.input, 8192) != 0) return 1;
  std::string outcome = "no namespaces of its own";
  if (!probe.control_in_namespaces || enter_own_namespaces()) outcome = probe.attempt(ground);
  std::puts(outcome.c_str());
  std::fflush(stdout);
  ::kill(victim, SIGKILL);
  ::waitpid(victim, nullptr, 0);
  return 0;
}

}  // namespace
}  // namespace carrel::escape

int main(int count, char** arguments) {
  using namespace carrel::escape;
  if (count == 2 && std::strcmp(arguments[1], "say-through") == 0) return std::puts(through) < 0;
  if (count == 4 && std::strcmp(arguments[1], "bare") == 0) {
    const Probe* const probe = find_probe(arguments[2]);
    return probe == nullptr ? 1 : run_control(*probe, arguments[0], arguments[3]);
  }
  if (count != 2) return 1;
  return behave(arguments[1]);
}
