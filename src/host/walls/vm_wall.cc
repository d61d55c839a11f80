#include "host/walls/vm_wall.h"

#include <cerrno>
#include <cstring>
#include <thread>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/units.h"
#include "digest/sha256.h"
#include "host/walls/configuration.h"
#include "host/walls/namespace_wall.h"
#include "host/walls/room_disk.h"
#include "host/walls/setup.h"
#include "host/walls/supervisor.h"
#include "record/codec.h"

namespace carrel {
namespace {

using std::chrono::milliseconds;

// What the guest's kernel, its init and the pages of its inputs need beside the room.
constexpr std::uint64_t guest_memory = 192 * mib;
constexpr std::uint64_t root_step = 64 * mib;
// QEMU's own: its code, its libraries, translated code (64 MiB), queues.
constexpr std::uint64_t machine_memory = 256 * mib;
constexpr std::uint64_t machine_address_space = 4096 * mib;
constexpr std::uint32_t machine_threads = 128;  // one a processor, and up to 64 that read the disks
constexpr std::uint32_t machine_descriptors = 256;
// A busy host under TCG; under KVM a whole guest is up in a fraction of a second or never.
constexpr milliseconds boot_limit_tcg(90'000), boot_limit_kvm(10'000);

// False where QEMU is gone.
bool send_all(const Fd& to, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::send(to.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

// Carries a stream into the machine, in blocks: from the pipe that the host writes a folder into, to QEMU's
// end of a socket, until QEMU is gone: of a socket that is closed it drops what it has not read yet.
void carry(const Fd& from, const Fd& to) {
  std::string block(256 << 10, '\0');
  for (bool ended = false;;) {
    pollfd fds[2] = {{to.get(), 0, 0}, {from.get(), POLLIN, 0}};
    if (::poll(fds, ended ? 1 : 2, -1) < 0 && errno != EINTR) return;
    if (fds[0].revents != 0) return;
    if (ended || fds[1].revents == 0) continue;
    const auto got =
        read_some(from.get(), block.data() + sizeof(StreamBlockSize), block.size() - sizeof(StreamBlockSize));
    const auto size = static_cast<StreamBlockSize>(got ? *got : 0);
    std::memcpy(block.data(), &size, sizeof size);
    if (!send_all(to, std::string_view(block).substr(0, sizeof size + size))) return;
    ended = size == 0;
  }
}

class Carrier {
 public:
  Carrier(Fd from, Fd to)
      : thread_([source = std::move(from), sink = std::move(to)] { carry(source, sink); }) {}
  Carrier(Carrier&&) = default;
  ~Carrier() {
    if (thread_.joinable()) thread_.join();
  }

 private:
  std::thread thread_;
};

// The inputs as the machine gets them: disks first, then one end of a socket for each stream.
struct MachineInputs {
  std::vector<Fd> descriptors;
  std::vector<int> disks, streams;  // their numbers in QEMU's process
  std::vector<std::pair<Fd, Fd>> to_carry;
  std::uint64_t mapped_bytes = 0;
};

constexpr int first_input = 3;

Result<MachineInputs> connect(std::vector<Fd> inputs, RoomKind kind, GuestTask* task) {
  MachineInputs out;
  std::vector<Fd> sockets;
  for (Fd& input : inputs) {
    struct stat state {};
    if (::fstat(input.get(), &state) != 0) return errno_error("an input of the room");
    if (S_ISREG(state.st_mode)) {
      const bool mapped = kind == RoomKind::think || kind == RoomKind::inspect;
      task->inputs.push_back({mapped ? GuestInput::Kind::mapped : GuestInput::Kind::piped,
                              static_cast<std::uint64_t>(state.st_size)});
      if (mapped) out.mapped_bytes += static_cast<std::uint64_t>(state.st_size);
      out.disks.push_back(first_input + 1 + static_cast<int>(out.descriptors.size()));
      out.descriptors.push_back(std::move(input));
      continue;
    }
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
      return errno_error("cannot make a socket");
    task->inputs.push_back({GuestInput::Kind::stream, 0});
    sockets.emplace_back(ends[0]);
    out.to_carry.emplace_back(std::move(input), Fd(ends[1]));
  }
  for (Fd& socket : sockets) {
    out.streams.push_back(first_input + 1 + static_cast<int>(out.descriptors.size()));
    out.descriptors.push_back(std::move(socket));
  }
  return out;
}

// A round's own part of what its machine came to.
void take_round(const GuestRound& round, RoomOutcome* outcome) {
  const bool in_order = round.report.end == GuestReport::End::exited && round.report.status == 0;
  outcome->answer = {MessageType::result, round.answer};
  outcome->denials.insert(outcome->denials.end(), round.report.denials.begin(), round.report.denials.end());
  outcome->peak_memory = round.report.peak_memory;
  if (in_order && !round.answer.empty()) return;
  outcome->ending = Ending::killed;
  outcome->answer = {};
  outcome->detail = fmt::format("the round ended without an answer (end {}, status {})",
                                static_cast<int>(round.report.end), round.report.status);
}

GuestTask task_for(const RoomSpec& spec) {
  GuestTask task;
  task.program = spec.program;
  task.arguments = spec.arguments;
  task.denials = spec.caps.denials;
  for (const Limit& limit : room_limits(spec.caps, spec.inputs.size())) {
    task.limits.push_back({static_cast<std::uint32_t>(limit.resource), limit.value});
  }
  return task;
}

}  // namespace

milliseconds boot_limit(Acceleration acceleration) {
  return acceleration == Acceleration::tcg ? boot_limit_tcg : boot_limit_kvm;
}

Status vm_takes(RoomKind kind, Acceleration acceleration) {
  if (acceleration == Acceleration::kvm || kind == RoomKind::read || kind == RoomKind::check) return {};
  return Error{Code::room_refused,
               "a virtual machine by software emulation (--vm-accel tcg) runs no model: it would be "
               "thousands of times "
               "slower",
               "take --wall namespace, or --vm-accel kvm on a machine whose KVM works, or --engine none"};
}

VmWall::VmWall(VmImage image, Acceleration acceleration, std::string cache_folder)
    : image_(std::move(image)), acceleration_(acceleration), cache_folder_(std::move(cache_folder)) {}

std::optional<RoomOutcome> VmWall::refusal(const RoomSpec& spec, const std::atomic<bool>& stop) {
  if (Status takes = vm_takes(spec.kind, acceleration_); !takes) return not_made(takes.error());
  if (Status usable = check_spec(spec); !usable) return not_made(usable.error());
  if (spec.caps.memory == 0)
    return not_made({Code::room_refused, "the room names no limit on its memory", ""});
  if (spec.output.valid())
    return not_made({Code::room_refused, "a room in a virtual machine has no output beside its answer", ""});
  if (const Preflight verdict = preflight(stop); !verdict.works) {
    RoomOutcome outcome = not_made({Code::room_refused, verdict.why, verdict.remedy});
    if (stop) outcome.ending = Ending::interrupted;
    return outcome;
  }
  return std::nullopt;
}

RoomOutcome VmWall::run(RoomSpec spec, const std::function<void(const Progress&)>& progress,
                        const std::atomic<bool>& stop) {
  if (auto refused = refusal(spec, stop)) return std::move(*refused);
  return run_machine(std::move(spec), boot_limit(acceleration_), {}, progress, stop);
}

std::vector<RoomOutcome> VmWall::run_rounds(RoomSpec spec, const std::vector<std::string>& jobs,
                                            const std::atomic<bool>& stop) {
  const auto all = [&](const RoomOutcome& outcome) { return std::vector<RoomOutcome>(jobs.size(), outcome); };
  if (const auto refused = refusal(spec, stop)) return all(*refused);
  auto body = encode(GuestJobs{jobs});
  if (!body) return all(not_made(body.error()));
  spec.job = std::move(*body);
  RoomOutcome machine = run_machine(std::move(spec), boot_limit(acceleration_), {true, ""}, {}, stop);
  if (machine.ending != Ending::ok) return all(machine);
  const auto rounds = machine.answer.type == MessageType::result
                          ? decode<GuestRounds>(machine.answer.body)
                          : Error{Code::room_refused, "the guest refused its rounds", ""};
  if (!rounds) return all(not_made(rounds.error()));
  if (rounds->rounds.size() != jobs.size())
    return all(not_made({Code::room_refused, "the guest left out rounds", ""}));
  std::vector<RoomOutcome> outcomes = all(machine);
  for (std::size_t i = 0; i < outcomes.size(); ++i) take_round(rounds->rounds[i], &outcomes[i]);
  return outcomes;
}

RoomOutcome VmWall::run_in_place_of_machine(RoomSpec spec, const std::string& root,
                                            const std::atomic<bool>& stop) {
  if (auto refused = refusal(spec, stop)) return std::move(*refused);
  return run_machine(std::move(spec), boot_limit(acceleration_), {false, root}, {}, stop);
}

RoomOutcome VmWall::run_machine(RoomSpec spec, milliseconds boot, const Manner& manner,
                                const std::function<void(const Progress&)>& progress,
                                const std::atomic<bool>& stop) {
  Machine machine;
  machine.boot = boot;
  machine.memory = spec.caps.memory;
  if (acceleration_ == Acceleration::kvm && manner.root.empty()) {
    machine.kvm = Fd(::open("/dev/kvm", O_RDWR | O_CLOEXEC));
    if (!machine.kvm.valid()) return not_made(errno_error("/dev/kvm cannot be opened", Code::room_refused));
  }
  const std::string own_configuration = configuration_digest(spec, {});

  GuestTask task = task_for(spec);
  task.rounds = manner.rounds;
  auto inputs = connect(std::move(spec.inputs), spec.kind, &task);
  if (!inputs) return not_made(inputs.error());
  auto disk = make_room_disk(std::move(task), spec.root);
  if (!disk) return not_made(disk.error());

  VmShape shape;
  shape.acceleration = acceleration_;
  // A model's pages stay in the guest's memory, or every token would read the whole file again.
  // The root counts in whole steps, so that rooms whose roots differ little are machines of one size.
  const std::uint64_t root_memory = (disk->bytes + root_step - 1) / root_step * root_step;
  shape.memory_mib = (spec.caps.memory + root_memory + inputs->mapped_bytes + guest_memory + mib - 1) / mib;
  // Emulated processors take turns at no gain for a room that mostly waits for its disk.
  shape.processors = acceleration_ == Acceleration::kvm ? std::max(1U, spec.processors) : 1;
  shape.tsc_khz = tsc_khz();
  shape.disks = {first_input};
  shape.disks.insert(shape.disks.end(), inputs->disks.begin(), inputs->disks.end());
  shape.streams = inputs->streams;

  RoomSpec outer;
  outer.kind = spec.kind;
  outer.root = manner.root.empty() ? image_.root : manner.root;
  outer.program = "/carrel-boot";
  outer.arguments = vm_arguments(shape);
  outer.inputs.push_back(std::move(disk->file));
  for (Fd& input : inputs->descriptors) outer.inputs.push_back(std::move(input));
  outer.caps = spec.caps;
  outer.caps.memory = shape.memory_mib * mib + machine_memory;
  outer.caps.address_space = outer.caps.memory + machine_address_space;
  outer.caps.descriptors = machine_descriptors;
  outer.caps.processes = machine_threads + shape.processors;
  outer.job = std::move(spec.job);

  std::vector<Carrier> carriers;
  for (auto& [from, to] : inputs->to_carry) carriers.emplace_back(std::move(from), std::move(to));
  const Caps of_machine = outer.caps;
  RoomOutcome outcome = make_room(std::move(outer), &machine, {}, progress, stop);
  outcome.machine = of_machine;
  const std::vector<std::string> about = {fmt::format("virtual machine: qemu {}, {}, {} MiB", image_.qemu,
                                                      to_string(acceleration_), shape.memory_mib),
                                          fmt::format("vm image {}", image_.digest)};
  outcome.layers.insert(outcome.layers.begin(), about.begin(), about.end());
  outcome.configuration = sha256_of(outcome.configuration + own_configuration + image_.digest);
  return outcome;
}

}  // namespace carrel
