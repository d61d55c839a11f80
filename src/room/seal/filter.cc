#include "room/seal/filter.h"

#include <cerrno>
#include <initializer_list>
#include <memory>
#include <vector>

#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"

namespace carrel {
namespace {

using Context = std::unique_ptr<void, void (*)(scmp_filter_ctx)>;

// Calls that act only on the process itself or on a descriptor that it already has. The first are the
// hottest.
constexpr int allowed_calls[] = {
    // threads and time
    SCMP_SYS(futex), SCMP_SYS(sched_yield), SCMP_SYS(sched_getaffinity), SCMP_SYS(set_robust_list),
    SCMP_SYS(rseq), SCMP_SYS(gettid), SCMP_SYS(getpid), SCMP_SYS(clock_gettime), SCMP_SYS(clock_getres),
    SCMP_SYS(gettimeofday), SCMP_SYS(time), SCMP_SYS(nanosleep), SCMP_SYS(clock_nanosleep),
    SCMP_SYS(restart_syscall), SCMP_SYS(getcpu), SCMP_SYS(exit), SCMP_SYS(exit_group),
    // memory: what makes or changes a mapping's protection is below, with conditions
    SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise),
    // descriptors that are open already
    SCMP_SYS(read), SCMP_SYS(readv), SCMP_SYS(pread64), SCMP_SYS(write), SCMP_SYS(writev), SCMP_SYS(lseek),
    SCMP_SYS(close), SCMP_SYS(fstat),
    // signals to itself
    SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn), SCMP_SYS(sigaltstack),
    // what the C library asks
    SCMP_SYS(getrandom), SCMP_SYS(getuid), SCMP_SYS(geteuid), SCMP_SYS(getgid), SCMP_SYS(getegid),
    SCMP_SYS(sysinfo), SCMP_SYS(uname), SCMP_SYS(getrusage)};

struct Condition {
  int call;
  std::vector<scmp_arg_cmp> arguments;  // all of them must hold
};

scmp_arg_cmp masked(unsigned argument, scmp_datum_t mask, scmp_datum_t value) {
  return {argument, SCMP_CMP_MASKED_EQ, mask, value};
}
scmp_arg_cmp equal(unsigned argument, scmp_datum_t value) {
  return {argument, SCMP_CMP_EQ, value, 0};
}

// Calls allowed with these arguments only. Several lines of one call are alternatives.
std::vector<Condition> conditions() {
  constexpr scmp_datum_t thread =
      CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM;
  constexpr scmp_datum_t new_namespaces = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC |
                                          CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWTIME;
  constexpr scmp_datum_t foreign =
      CLONE_PTRACE | CLONE_VFORK | CLONE_PARENT | CLONE_UNTRACED | CLONE_PIDFD | CLONE_IO | new_namespaces;
  constexpr scmp_datum_t shared_anonymous = MAP_SHARED | MAP_ANONYMOUS;
  constexpr scmp_datum_t not_read_only =
      O_ACCMODE | O_CREAT | O_TRUNC | O_APPEND | (O_TMPFILE & ~O_DIRECTORY) | O_PATH;
  const auto self = static_cast<scmp_datum_t>(::getpid());
  return {
      {SCMP_SYS(clone), {masked(0, thread | foreign, thread)}},
      // No executable memory; private memory, or a file's pages: shared anonymous memory escapes RLIMIT_DATA.
      {SCMP_SYS(mmap), {masked(2, PROT_EXEC, 0), masked(3, shared_anonymous, MAP_ANONYMOUS)}},
      {SCMP_SYS(mmap), {masked(2, PROT_EXEC, 0), masked(3, shared_anonymous, MAP_SHARED)}},
      {SCMP_SYS(mmap), {masked(2, PROT_EXEC, 0), masked(3, shared_anonymous, 0)}},
      {SCMP_SYS(mprotect), {masked(2, PROT_EXEC, 0)}},
      // Landlock decides which paths; this keeps them read-only where Landlock does not look (O_PATH).
      {SCMP_SYS(openat), {masked(2, not_read_only, 0)}},
      {SCMP_SYS(newfstatat), {masked(3, AT_EMPTY_PATH, AT_EMPTY_PATH)}},  // the C library's fstat()
      {SCMP_SYS(fcntl), {equal(1, F_GETFD)}},
      {SCMP_SYS(fcntl), {equal(1, F_SETFD)}},
      {SCMP_SYS(fcntl), {equal(1, F_GETFL)}},
      // All advice but POSIX_FADV_DONTNEED and NOREUSE, which act on the host's page cache.
      {SCMP_SYS(fadvise64), {{3, SCMP_CMP_LE, POSIX_FADV_WILLNEED, 0}}},
      {SCMP_SYS(prlimit64), {equal(0, 0), equal(2, 0)}},  // reading its own limits
      {SCMP_SYS(prctl), {equal(0, PR_SET_NAME)}},
      // Asking for the AMX tiles (ARCH_REQ_XCOMP_PERM, 18), which request_amx() has got already: ggml asks
      // again for every tensor, and does without AMX where that fails.
      {SCMP_SYS(arch_prctl), {equal(0, 0x1023), equal(1, 18)}},
      {SCMP_SYS(tgkill), {equal(0, self)}},  // raise(), abort()
  };
}

Error filter_error(const char* step, int result) {
  errno = -result;
  Error error = errno_error(std::string("cannot ") + step + " the room's system call filter");
  error.remedy =
      "use a kernel of 5.5 or later with CONFIG_SECCOMP_FILTER; `carrel doctor` tells what is missing";
  return error;
}

}  // namespace

Result<int> install_filter() {
  const Context context(seccomp_init(SCMP_ACT_NOTIFY), seccomp_release);
  if (!context) return filter_error("make", -EOPNOTSUPP);
  int done = seccomp_attr_set(context.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
  if (done == 0) done = seccomp_attr_set(context.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2);
  for (const int call : allowed_calls) {
    if (done == 0) done = seccomp_rule_add(context.get(), SCMP_ACT_ALLOW, call, 0);
  }
  for (const Condition& condition : conditions()) {
    if (done != 0) break;
    done =
        seccomp_rule_add_array(context.get(), SCMP_ACT_ALLOW, condition.call,
                               static_cast<unsigned>(condition.arguments.size()), condition.arguments.data());
  }
  // The C library then starts its threads by clone, whose flags the filter can see.
  if (done == 0) done = seccomp_rule_add(context.get(), SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
  if (done != 0) return filter_error("describe", done);
  done = seccomp_load(context.get());
  if (done != 0) return filter_error("load", done);
  const int listener = seccomp_notify_fd(context.get());
  if (listener < 0) return filter_error("take the listener of", listener);
  return listener;
}

}  // namespace carrel
