#include "room/seal/filter.h"

#include <cerrno>
#include <initializer_list>
#include <iterator>
#include <memory>
#include <vector>

#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
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

// A call that fails with this number and is not told to the host.
struct Quiet {
  int call;
  int number;
  std::vector<scmp_arg_cmp> arguments;
};

Result<int> install(const std::vector<int>& allowed, const std::vector<Condition>& conditional,
                    const std::vector<Quiet>& quiet) {
  const Context context(seccomp_init(SCMP_ACT_NOTIFY), seccomp_release);
  if (!context) return filter_error("make", -EOPNOTSUPP);
  int done = seccomp_attr_set(context.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
  if (done == 0) done = seccomp_attr_set(context.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2);
  const auto add = [&](std::uint32_t action, int call, const std::vector<scmp_arg_cmp>& arguments) {
    if (done != 0) return;
    done = seccomp_rule_add_array(context.get(), action, call, static_cast<unsigned>(arguments.size()),
                                  arguments.data());
  };
  for (const int call : allowed) add(SCMP_ACT_ALLOW, call, {});
  for (const Condition& condition : conditional) add(SCMP_ACT_ALLOW, condition.call, condition.arguments);
  for (const Quiet& one : quiet)
    add(SCMP_ACT_ERRNO(static_cast<std::uint32_t>(one.number)), one.call, one.arguments);
  // The C library then starts its threads by clone, whose flags the filter can see.
  add(SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), {});
  if (done != 0) return filter_error("describe", done);
  done = seccomp_load(context.get());
  if (done != 0) return filter_error("load", done);
  const int listener = seccomp_notify_fd(context.get());
  if (listener < 0) return filter_error("take the listener of", listener);
  return listener;
}

// What QEMU needs beside allowed_calls, as it was seen to start and run a microvm with TCG and with KVM.
constexpr int machine_calls[] = {
    // loading itself and its libraries; its root holds nothing else
    SCMP_SYS(execve), SCMP_SYS(access), SCMP_SYS(readlink), SCMP_SYS(newfstatat), SCMP_SYS(statfs),
    SCMP_SYS(getcwd), SCMP_SYS(getdents64), SCMP_SYS(set_tid_address), SCMP_SYS(arch_prctl),
    // waiting for events
    SCMP_SYS(ppoll), SCMP_SYS(poll), SCMP_SYS(eventfd2), SCMP_SYS(signalfd4), SCMP_SYS(epoll_create1),
    SCMP_SYS(epoll_ctl), SCMP_SYS(epoll_pwait), SCMP_SYS(epoll_wait), SCMP_SYS(timerfd_create),
    SCMP_SYS(timerfd_settime), SCMP_SYS(rt_sigtimedwait), SCMP_SYS(rt_sigpending),
    // the descriptors that it was given
    SCMP_SYS(preadv), SCMP_SYS(dup), SCMP_SYS(fcntl), SCMP_SYS(fdatasync), SCMP_SYS(recvmsg),
    SCMP_SYS(sendmsg), SCMP_SYS(recvfrom), SCMP_SYS(sendto), SCMP_SYS(getsockname), SCMP_SYS(getpeername),
    SCMP_SYS(getsockopt), SCMP_SYS(setsockopt), SCMP_SYS(shutdown),
    // a filter of its own, which can only take away more
    SCMP_SYS(seccomp)};

std::vector<Condition> machine_conditions(bool kvm) {
  std::vector<Condition> all;
  for (Condition& one : conditions()) {
    if (one.call != SCMP_SYS(mmap) && one.call != SCMP_SYS(mprotect) && one.call != SCMP_SYS(newfstatat) &&
        one.call != SCMP_SYS(fcntl) && one.call != SCMP_SYS(arch_prctl)) {
      all.push_back(std::move(one));
    }
  }
  constexpr scmp_datum_t shared_anonymous = MAP_SHARED | MAP_ANONYMOUS;
  // Libraries are executable, and TCG writes code; memory that is shared and of no file stays refused.
  for (const scmp_datum_t sharing :
       {scmp_datum_t{MAP_ANONYMOUS}, scmp_datum_t{MAP_SHARED}, scmp_datum_t{0}}) {
    all.push_back({SCMP_SYS(mmap), {masked(3, shared_anonymous, sharing)}});
  }
  all.push_back({SCMP_SYS(mprotect), {}});
  all.push_back({SCMP_SYS(ioctl), {equal(1, FIONBIO)}});
  constexpr scmp_datum_t kind_of_ioctl = 0xff00, kvm_ioctl = 0xae00;  // KVMIO of linux/kvm.h
  if (kvm) all.push_back({SCMP_SYS(ioctl), {masked(1, kind_of_ioctl, kvm_ioctl)}});
  for (const scmp_datum_t option :
       {PR_SET_TIMERSLACK, PR_MCE_KILL, PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, PR_GET_SECCOMP}) {
    all.push_back({SCMP_SYS(prctl), {equal(0, option)}});
  }
  return all;
}

std::vector<Quiet> machine_quiet(bool kvm) {
  constexpr scmp_datum_t kind_of_ioctl = 0xff00, terminal_ioctl = 0x5400;
  std::vector<Quiet> all = {{SCMP_SYS(io_uring_setup), ENOSYS, {}}, {SCMP_SYS(memfd_create), ENOSYS, {}},
                            {SCMP_SYS(get_mempolicy), ENOSYS, {}},  {SCMP_SYS(set_mempolicy), ENOSYS, {}},
                            {SCMP_SYS(membarrier), ENOSYS, {}},     {SCMP_SYS(sched_setaffinity), ENOSYS, {}},
                            {SCMP_SYS(mlockall), EPERM, {}},        {SCMP_SYS(fchdir), EACCES, {}}};
  if (!kvm) all.push_back({SCMP_SYS(openat), ENOENT, {masked(2, O_ACCMODE, O_RDWR)}});
  all.push_back({SCMP_SYS(ioctl), ENOTTY, {masked(1, kind_of_ioctl, terminal_ioctl)}});
  return all;
}

}  // namespace

Result<int> install_filter() {
  return install({std::begin(allowed_calls), std::end(allowed_calls)}, conditions(), {});
}

Result<int> install_machine_filter(bool kvm) {
  std::vector<int> calls(std::begin(allowed_calls), std::end(allowed_calls));
  calls.insert(calls.end(), std::begin(machine_calls), std::end(machine_calls));
  return install(calls, machine_conditions(kvm), machine_quiet(kvm));
}

}  // namespace carrel
