#include "host/walls/namespace_wall.h"

#include <csignal>
#include <ctime>

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/sched.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/walls/cgroup.h"
#include "host/walls/configuration.h"
#include "host/walls/identity.h"
#include "host/walls/lacks.h"
#include "host/walls/posture.h"
#include "host/walls/room_memory.h"
#include "host/walls/setup.h"
#include "host/walls/supervisor.h"
#include "host/walls/turns.h"

namespace carrel {
namespace {

struct Pipe {
  Fd read, write;
};

Result<Pipe> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return errno_error("cannot make a pipe");
  return Pipe{Fd(ends[0]), Fd(ends[1])};
}

// Writing to a room that is gone must be an error of write(), not the host's end. SIGPIPE goes to the thread
// that writes, so it is blocked in this one, and what came meanwhile is taken before it is unblocked.
class SigpipeBlocked {
 public:
  SigpipeBlocked() {
    ::sigemptyset(&pipe_);
    ::sigaddset(&pipe_, SIGPIPE);
    sigset_t pending;
    ::sigpending(&pending);
    was_pending_ = ::sigismember(&pending, SIGPIPE) == 1;
    ::pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  ~SigpipeBlocked() {
    const timespec now{};
    while (!was_pending_ && ::sigtimedwait(&pipe_, nullptr, &now) == SIGPIPE) {
    }
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  SigpipeBlocked(const SigpipeBlocked&) = delete;
  SigpipeBlocked& operator=(const SigpipeBlocked&) = delete;

 private:
  sigset_t pipe_{}, before_{};
  bool was_pending_ = false;
};

// What the cgroup counts beside the room's own memory: pages of its inputs that nobody has read before, its
// output, its program, page tables and pipes. The kernel takes such pages back before it kills, so they need
// room and no more.
std::uint64_t cgroup_memory(const RoomSpec& spec) {
  if (spec.caps.memory == 0) return 0;
  std::uint64_t bytes = spec.caps.memory + (64ULL << 20);
  const auto add = [&](const Fd& file) {
    struct stat state {};
    if (::fstat(file.get(), &state) == 0 && S_ISREG(state.st_mode))
      bytes += static_cast<std::uint64_t>(state.st_size);
  };
  for (const Fd& input : spec.inputs) add(input);
  add(spec.output);
  return bytes;
}

std::uint32_t last_capability() {
  static const std::uint32_t last = [] {
    const auto text = read_file("/proc/sys/kernel/cap_last_cap", 64);
    return text ? static_cast<std::uint32_t>(std::strtoul(text->c_str(), nullptr, 10)) : 0U;
  }();
  return last;
}

struct Child {
  pid_t process = -1;
  Fd pidfd;
};

Result<Child> start(const RoomPlan& plan, Cgroup& cgroup) {
  int pidfd = -1;
  clone_args arguments{};
  arguments.flags = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS |
                    CLONE_NEWCGROUP | CLONE_PIDFD;
  if (plan.without.network_namespace) arguments.flags &= ~std::uint64_t{CLONE_NEWNET};
  if (plan.without.pid_namespace) arguments.flags &= ~std::uint64_t{CLONE_NEWPID};
  if (plan.without.uts_namespace) arguments.flags &= ~std::uint64_t{CLONE_NEWUTS};
  arguments.pidfd = reinterpret_cast<std::uint64_t>(&pidfd);
  long process = -1;
  if (cgroup.clone_into() >= 0) {
    clone_args into = arguments;
    into.flags |= CLONE_INTO_CGROUP;
    into.cgroup = static_cast<std::uint64_t>(cgroup.clone_into());
    process = ::syscall(SYS_clone3, &into, sizeof into);
    // Its folder could be made, and yet the kernel may ask for rights over a common ancestor.
    if (process < 0) cgroup.refuse_clone_into();
  }
  if (process < 0) process = ::syscall(SYS_clone3, &arguments, sizeof arguments);
  if (process < 0) return errno_error("the room's namespaces cannot be made", Code::room_refused);
  if (process == 0) become_room(plan);
  return Child{static_cast<pid_t>(process), Fd(pidfd)};
}

// The layers in ROOM's order; what each is made of is told in setup.cc and by the room's own seal.
std::vector<std::string> layers(const Cgroup& cgroup, const Identity& identity) {
  std::vector<std::string> made = {"user namespace",    "mount namespace", "pid namespace",
                                   "network namespace", "ipc namespace",   "uts namespace",
                                   "cgroup namespace"};
  for (std::string& layer : cgroup.layers()) made.push_back(std::move(layer));
  made.push_back(identity.drop_groups ? "a user id of its own" : "the caller's user id");
  for (const char* const layer : {"read-only root", "no capabilities", "no new privileges", "limits"}) {
    made.emplace_back(layer);
  }
  made.push_back(fmt::format("landlock abi {}", landlock_abi_of_kernel()));
  made.emplace_back("seccomp with listener");
  return made;
}

void say(int go) {
  const char byte = 1;
  // A child that is gone is seen by its pidfd.
  if (::write(go, &byte, 1) < 0) return;
}

RoomOutcome make_and_watch(RoomSpec& spec, const Watch& watch, const LayersLeftOut& without);

}  // namespace

// A room may read its inputs and do nothing else with them: a folder would be a way to other files, a
// descriptor open for writing a way out. What it may write to is memory of one size and nothing else.
Status check_spec(const RoomSpec& spec) {
  const auto refuse = [](std::string what) { return Error{Code::room_refused, std::move(what), ""}; };
  if (spec.caps.address_space == 0) return refuse("the room names no limit on its address space");
  if (spec.root.empty() || spec.root[0] != '/') return refuse("the room's root must be an absolute path");
  if (spec.program.empty() || spec.program[0] != '/')
    return refuse("the room's program must be a path in its root");
  if (spec.inputs.size() + (spec.output.valid() ? 1 : 0) > max_inputs)
    return refuse(fmt::format("a room takes at most {} inputs", max_inputs));
  if (spec.output.valid() && !is_room_memory(spec.output.get()))
    return refuse("the output of the room is not memory of a sealed size");
  for (std::size_t i = 0; i < spec.inputs.size(); ++i) {
    struct stat state {};
    if (::fstat(spec.inputs[i].get(), &state) != 0)
      return errno_error(fmt::format("input {} of the room", i));
    if (!S_ISREG(state.st_mode) && !S_ISFIFO(state.st_mode)) {
      return refuse(fmt::format("input {} of the room is neither a file nor a pipe", i));
    }
    const int flags = ::fcntl(spec.inputs[i].get(), F_GETFL);
    if (flags < 0 || (flags & O_ACCMODE) != O_RDONLY || (flags & O_PATH) != 0) {
      return refuse(fmt::format("input {} of the room is not open for reading alone", i));
    }
  }
  return {};
}

RoomOutcome NamespaceWall::run(RoomSpec spec, const std::function<void(const Progress&)>& progress,
                               const std::atomic<bool>& stop) {
  return make_room(std::move(spec), nullptr, without_, progress, stop);
}

RoomOutcome make_room(RoomSpec spec, Machine* machine, const LayersLeftOut& without,
                      const std::function<void(const Progress&)>& progress, const std::atomic<bool>& stop) {
  const Turn only{&spec.job, &progress, &stop};
  return make_and_watch(spec, {machine, nullptr, only}, without);
}

RoomOutcome keep_room(RoomSpec spec, Turns& turns) {
  pollfd wake{turns.descriptor(), POLLIN, 0};
  std::optional<Turn> first;
  while (!(first = turns.next())) {
    if (turns.closed()) return {};
    ::poll(&wake, 1, -1);
  }
  return make_and_watch(spec, {nullptr, &turns, *first}, {});
}

namespace {

RoomOutcome make_and_watch(RoomSpec& spec, const Watch& watch, const LayersLeftOut& without) {
  Machine* const machine = watch.machine;
  const auto started = Supervisor::Clock::now();
  const SigpipeBlocked no_sigpipe;
  // The vm wall has checked its room, and gives its machine sockets beside.
  if (Status usable = machine == nullptr ? check_spec(spec) : Status(); !usable)
    return not_made(usable.error());

  Result<bool> own_id = rooms_get_own_id();
  if (!own_id) return not_made(own_id.error());
  if (without.own_id) own_id = false;

  // What the child needs, all of it before the copy is made.
  auto root = detached_root(spec.root);
  auto job = make_pipe(), messages = make_pipe(), words = make_pipe(), report = make_pipe(), go = make_pipe();
  if (!root) return not_made(root.error());
  for (const auto* made : {&job, &messages, &words, &report, &go}) {
    if (!*made) return not_made(made->error());
  }
  RoomPlan plan;
  plan.from_host = job->read.get();
  plan.to_host = messages->write.get();
  plan.words = words->write.get();
  for (const Fd& input : spec.inputs) plan.inputs.push_back(input.get());
  if (spec.output.valid()) plan.inputs.push_back(spec.output.get());
  plan.go = go->read.get();
  plan.report = report->write.get();
  plan.root_tree = root->get();
  plan.root = spec.root;
  plan.drop_groups = *own_id;
  plan.program = without.own_root ? spec.root + spec.program : spec.program;
  plan.without = without;
  plan.arguments.push_back(spec.program.data());
  for (std::string& argument : spec.arguments) plan.arguments.push_back(argument.data());
  plan.arguments.push_back(nullptr);
  plan.limits = room_limits(spec.caps, spec.files());
  plan.last_capability = last_capability();

  Cgroup cgroup({cgroup_memory(spec), spec.caps.processes});
  plan.cgroups = cgroup.enter();

  auto child = start(plan, cgroup);
  if (!child) {
    RoomOutcome outcome = not_made(child.error());
    const auto lacks = namespace_wall_lacks();
    if (!lacks.empty()) outcome.remedy = lacks[0].remedy;
    return outcome;
  }
  for (Fd* end : {&job->read, &messages->write, &words->write, &report->write, &go->read}) end->reset();
  root->reset();

  // The child waits until its ids are mapped; from then on it goes its way alone, and is watched.
  RoomOutcome outcome;
  const PidNamespace processes(child->process);
  auto identity = choose_identity(child->process, *own_id);
  Status mapped = identity ? map_identity(child->process, *identity) : identity.error();
  if (mapped && !processes.valid())
    mapped = errno_error("cannot see the room's pid namespace", Code::room_refused);
  if (!mapped) {
    ::kill(child->process, SIGKILL);
    ::waitpid(child->process, nullptr, __WALL);
    return not_made(mapped.error());
  }
  say(go->write.get());

  outcome.layers = layers(cgroup, *identity);
  if (without.any()) outcome.layers.emplace_back("WITHOUT SOME LAYERS, FOR A TEST");
  outcome.configuration = configuration_digest(spec, outcome.layers);
  RunningRoom room{
      child->process,         std::move(child->pidfd), std::move(job->write), std::move(messages->read),
      std::move(words->read), std::move(report->read), identity->user,        identity->group};
  Supervisor(spec, cgroup, watch, started, without, outcome).watch(std::move(room));
  // The kernel's own count where it keeps one; a search through /proc takes longer.
  const auto counted = cgroup.process_count();
  outcome.survivors = counted ? static_cast<std::uint32_t>(*counted) : processes.processes();
  // In the host's own process namespace there is nothing to count.
  if (without.pid_namespace) outcome.survivors = 0;
  if (outcome.survivors != 0) {
    outcome.ending = Ending::violation;
    outcome.detail = fmt::format("{} processes of the room outlived it", outcome.survivors);
    outcome.answer = {};
  }
  if (outcome.ending == Ending::setup_error && outcome.remedy.find("carrel doctor") != std::string::npos) {
    const auto lacks = namespace_wall_lacks();
    if (!lacks.empty()) outcome.remedy = lacks[0].remedy;
  }
  return outcome;
}

}  // namespace
}  // namespace carrel
