#include "host/walls/setup.h"

#include <cerrno>
#include <csignal>
#include <cstring>

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/capability.h>
#include <poll.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace carrel {
namespace {

constexpr std::uint64_t root_attributes = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;

// ---- in the child: system calls only ----

// Where the set-up's own descriptors stand, after the room's; each closes on execve.
struct SetupDescriptors {
  int go = -1, report = -1, root_tree = -1;
};

[[noreturn]] void fail(int report, SetupStep step) {
  const SetupFailure failure{step, errno};
  // The host reads a failure or the end of the pipe; a write that fails leaves it with the child's status.
  if (::write(report, &failure, sizeof failure) < 0) ::_exit(126);
  ::_exit(125);
}

// Puts the room's descriptors at 0, 1, 2, 3, ... and the set-up's after them, and closes all others. First
// copies all beyond the highest place, so that no place is overwritten while its old descriptor is still
// wanted.
SetupDescriptors arrange_descriptors(const RoomPlan& plan) {
  constexpr std::size_t most = 3 + max_inputs + 3;
  int from[most];
  int copies[most];
  int count = 0;
  from[count++] = plan.from_host;
  from[count++] = plan.to_host;
  from[count++] = plan.words;
  for (const int input : plan.inputs) from[count++] = input;
  const int room_count = count;
  from[count++] = plan.go;
  from[count++] = plan.report;
  if (plan.root_tree >= 0) from[count++] = plan.root_tree;
  for (int i = 0; i < count; ++i) {
    copies[i] = ::fcntl(from[i], F_DUPFD_CLOEXEC, count);
    if (copies[i] < 0) fail(plan.report, SetupStep::descriptors);
  }
  for (int i = 0; i < count; ++i) {
    if (::dup3(copies[i], i, i < room_count ? 0 : O_CLOEXEC) < 0)
      fail(copies[room_count + 1], SetupStep::descriptors);
  }
  const SetupDescriptors setup{room_count, room_count + 1, plan.root_tree >= 0 ? room_count + 2 : -1};
  if (::close_range(static_cast<unsigned>(count), ~0U, 0) != 0) fail(setup.report, SetupStep::descriptors);
  return setup;
}

// Waits for the host's word; a host that is gone ends the child.
void wait_for_host(int go) {
  char byte = 0;
  ssize_t n = 0;
  do n = ::read(go, &byte, 1);
  while (n < 0 && errno == EINTR);
  if (n != 1) ::_exit(124);
}

// An image may hold nothing that gives power on the host, whatever its bits say: read-only, no set-user-id,
// no devices. The mount namespace is a copy whose mounts still follow the host's: made private first, so that
// nothing done here reaches the host. The detached tree is attached over "/", becomes the root, and the old
// one goes: the host's files have no name any more.
void enter_root(const RoomPlan& plan, const SetupDescriptors& setup) {
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
    fail(setup.report, SetupStep::propagation);
  if (plan.without.own_root) return;
  int tree = setup.root_tree;
  if (tree < 0) {
    tree = ::open_tree(AT_FDCWD, plan.root.c_str(), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    if (tree < 0) fail(setup.report, SetupStep::open_root);
  }
  mount_attr attributes{};
  attributes.attr_set = root_attributes;
  if (plan.without.read_only_root) attributes.attr_set &= ~std::uint64_t{MOUNT_ATTR_RDONLY};
  attributes.propagation = MS_PRIVATE;
  if (::mount_setattr(tree, "", AT_EMPTY_PATH, &attributes, sizeof attributes) != 0) {
    fail(setup.report, SetupStep::root_attributes);
  }
  if (::move_mount(tree, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH) != 0)
    fail(setup.report, SetupStep::attach_root);
  if (::fchdir(tree) != 0 || ::syscall(SYS_pivot_root, ".", ".") != 0)
    fail(setup.report, SetupStep::pivot_root);
  // The old root now lies over the new one; "." is still the new one's.
  if (::umount2(".", MNT_DETACH) != 0 || ::chdir("/") != 0) fail(setup.report, SetupStep::detach_old_root);
}

// The raw calls: the C library's would signal threads that this copy of one thread does not have.
void drop_ids(const RoomPlan& plan, int report) {
  if (plan.drop_groups && ::syscall(SYS_setgroups, 0, nullptr) != 0) fail(report, SetupStep::groups);
  if (::syscall(SYS_setresgid, inside_id, inside_id, inside_id) != 0) fail(report, SetupStep::groups);
  if (::syscall(SYS_setresuid, inside_id, inside_id, inside_id) != 0) fail(report, SetupStep::user);
}

// For a test without that layer: what the room's user namespace gives is kept across execve, too.
void keep_capabilities(const RoomPlan& plan, int report) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct sets[2] = {};
  if (::syscall(SYS_capget, &header, sets) != 0) fail(report, SetupStep::capabilities);
  for (__user_cap_data_struct& set : sets) set.inheritable = set.permitted;
  if (::syscall(SYS_capset, &header, sets) != 0) fail(report, SetupStep::capabilities);
  for (std::uint32_t capability = 0; capability <= plan.last_capability; ++capability) {
    if (::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0) != 0)
      fail(report, SetupStep::capabilities);
  }
}

// The kernel forgets PDEATHSIG when ids change, so it is set after that. A host that died just before is seen
// by the hang-up of its end of the pipe.
void die_with_host(const SetupDescriptors& setup) {
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0) fail(setup.report, SetupStep::session);
  pollfd host{setup.go, POLLIN, 0};
  if (::poll(&host, 1, 0) < 0 || (host.revents & POLLHUP) != 0) ::_exit(124);
}

// What the host ignores or blocks would stay so across execve.
void reset_signals(int report) {
  struct sigaction standard {};
  standard.sa_handler = SIG_DFL;
  for (int number = 1; number < NSIG; ++number)
    ::sigaction(number, &standard, nullptr);  // 9, 19, 32, 33 cannot be
  sigset_t none;
  ::sigemptyset(&none);
  if (::sigprocmask(SIG_SETMASK, &none, nullptr) != 0) fail(report, SetupStep::session);
}

}  // namespace

void become_room(const RoomPlan& plan) {
  for (const int cgroup : plan.cgroups) {
    if (::write(cgroup, "0", 1) != 1) fail(plan.report, SetupStep::cgroups);
  }
  const SetupDescriptors setup = arrange_descriptors(plan);
  die_with_host(setup);  // and again when the ids have changed: one that is stopped in between reads no pipe
  enter_root(plan, setup);
  constexpr char host_name[] = "room";
  if (!plan.without.uts_namespace &&
      (::sethostname(host_name, sizeof host_name - 1) != 0 || ::setdomainname("", 0) != 0)) {
    fail(setup.report, SetupStep::host_name);
  }
  wait_for_host(setup.go);  // the ids are mapped; a namespace's capabilities do not wait for that
  drop_ids(plan, setup.report);
  die_with_host(setup);
  if (plan.without.capabilities) {
    keep_capabilities(plan, setup.report);
  } else {
    if (!drop_capabilities(plan.last_capability)) fail(setup.report, SetupStep::capabilities);
    if (!forbid_new_privileges()) fail(setup.report, SetupStep::no_new_privileges);
  }
  if (::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 || ::setsid() < 0) fail(setup.report, SetupStep::session);
  ::umask(077);
  reset_signals(setup.report);
  if (!plan.without.limits && !set_limits(plan.limits.data(), plan.limits.size()))
    fail(setup.report, SetupStep::limits);
  char* const no_environment[] = {nullptr};
  ::execve(plan.program.c_str(), plan.arguments.data(), plan.without.environment ? environ : no_environment);
  fail(setup.report, SetupStep::execute);
}

// ---- in the host ----

Result<Fd> detached_root(const std::string& root) {
  struct stat state {};
  if (::stat(root.c_str(), &state) != 0) return errno_error("the room's root " + root);
  if (!S_ISDIR(state.st_mode))
    return Error{Code::machine, "the room's root " + root + " is not a folder", ""};
  Fd tree(::open_tree(AT_FDCWD, root.c_str(), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC));
  if (tree.valid() || errno == EPERM) return tree;
  const SetupFailure failure{SetupStep::open_root, errno};
  RoomSpec spec;
  spec.root = root;
  return setup_error(failure, spec);
}

std::array<Limit, limit_count> room_limits(const Caps& caps, std::size_t inputs) {
  // The supervisor ends a room at its cap by the exact clock. The kernel's limit is a second hold and counts
  // by ticks, which on a busy machine run ahead of what the room really had, so it stands a little higher.
  const auto cpu = static_cast<rlim_t>(caps.cpu.count());
  // Beside its descriptors: the listener, Landlock's ruleset, and what a dynamic loader has open at a time.
  const rlim_t descriptors = caps.descriptors == 0 ? 3 + inputs + 29 : caps.descriptors;
  return {{{RLIMIT_AS, caps.address_space},
           {RLIMIT_DATA, caps.memory == 0 ? caps.address_space : caps.memory},
           {RLIMIT_STACK, 8ULL << 20},
           {RLIMIT_NPROC, caps.processes},
           {RLIMIT_NOFILE, descriptors},
           {RLIMIT_FSIZE, 0},
           {RLIMIT_CPU, cpu + cpu / 4 + 2},
           {RLIMIT_CORE, 0},
           {RLIMIT_MSGQUEUE, 0},
           {RLIMIT_MEMLOCK, 0},
           {RLIMIT_NICE, 0},
           {RLIMIT_RTPRIO, 0}}};
}

Error setup_error(const SetupFailure& failure, const RoomSpec& spec) {
  const std::string readable = fmt::format("make it readable for everybody: chmod -R a+rX {}", spec.root);
  const char* const ask_doctor = "run `carrel doctor`: it tells what this machine lacks";
  std::string what = "the room's set-up broke off";
  std::string remedy = ask_doctor;
  switch (failure.step) {
    case SetupStep::descriptors:
      what = "the room's descriptors cannot be put in place";
      remedy = "raise the limit on open files (ulimit -n)";
      break;
    case SetupStep::cgroups:
      what = "the room cannot enter its cgroups";
      break;
    case SetupStep::propagation:
      what = "the room's mounts cannot be made private";
      break;
    case SetupStep::open_root:
      what = fmt::format("the room's root {} cannot be taken as a mount", spec.root);
      remedy = "it must be a readable folder without mounts below it";
      break;
    case SetupStep::root_attributes:
      what = "the room's root cannot be made read-only";
      break;
    case SetupStep::attach_root:
      what = "the room's root cannot be attached";
      break;
    case SetupStep::pivot_root:
      what = "the room's root cannot be entered (pivot_root)";
      break;
    case SetupStep::detach_old_root:
      what = "the host's root cannot be taken out of the room";
      break;
    case SetupStep::host_name:
      what = "the room's host name cannot be set";
      break;
    case SetupStep::groups:
      what = "the room's groups cannot be dropped";
      break;
    case SetupStep::user:
      what = "the room's user cannot be changed";
      break;
    case SetupStep::capabilities:
      what = "the room's capabilities cannot be dropped";
      break;
    case SetupStep::no_new_privileges:
      what = "no_new_privs cannot be set";
      break;
    case SetupStep::session:
      what = "the room cannot get a session of its own";
      break;
    case SetupStep::limits:
      what = "the room's limits cannot be set";
      break;
    case SetupStep::execute:
      what = fmt::format("the room's program {} cannot be started", spec.program);
      remedy = failure.number == EACCES ? readable : "make the room's image again";
      break;
    case SetupStep::count_:
      break;
  }
  return {Code::room_refused, fmt::format("{}: {}", what, std::strerror(failure.number)), remedy};
}

}  // namespace carrel
