#include "host/walls/supervisor.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/text.h"
#include "host/walls/posture.h"
#include "record/codec.h"
#include "record/room_exit.h"

namespace carrel {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds tick(50);          // how late a stop can be seen
constexpr milliseconds glance(1000);      // at a room that waits for its next job
constexpr double idle_cpu = 1;            // seconds that its threads may spin out in all that time
constexpr milliseconds farewell(5000);    // from the answer to the end: a large mapping takes a while to go
constexpr milliseconds patience(10'000);  // from SIGKILL to the end
constexpr std::size_t chunk = 64 << 10;   // what a pipe holds
constexpr std::size_t last_words_limit = 4 << 10;

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
}

// Reads what is there without waiting. 0 at the end of the stream, -1 where nothing is there now.
ssize_t read_now(const Fd& fd, char* into, std::size_t size) {
  ssize_t n = 0;
  do n = ::read(fd.get(), into, size);
  while (n < 0 && errno == EINTR);
  return n;
}

// A line of /proc/PID/status that is a size, in bytes; 0 where there is none.
std::uint64_t memory_of(pid_t process, std::string_view line) {
  const auto status = read_file(fmt::format("/proc/{}/status", process), 64 << 10);
  const std::size_t at = status ? status->find(line) : std::string::npos;
  if (at == std::string::npos) return 0;
  return std::strtoull(status->c_str() + at + line.size(), nullptr, 10) << 10;
}

}  // namespace

Supervisor::Supervisor(const RoomSpec& spec, const Cgroup& cgroup, const Watch& watch,
                       Clock::time_point started, const LayersLeftOut& without, RoomOutcome& outcome)
    : spec_(spec),
      cgroup_(cgroup),
      turn_(watch.first),
      started_(started),
      without_(without),
      outcome_(outcome),
      machine_(watch.machine),
      turns_(watch.turns) {}

void Supervisor::watch(RunningRoom room) {
  room_ = std::move(room);
  for (const Fd* fd : {&room_.job, &room_.messages, &room_.words, &room_.report}) {
    ::fcntl(fd->get(), F_SETFL, ::fcntl(fd->get(), F_GETFL) | O_NONBLOCK);
  }
  while (!exited_) poll_once();
  reap();
  outcome_.denials = denials_.record();
  if (machine_ != nullptr) {
    for (Denial& denial : outcome_.denials) denial.call = "machine: " + denial.call;
  }
  if (guest_) outcome_.denials.insert(outcome_.denials.end(), guest_->denials.begin(), guest_->denials.end());
  if (outcome_.ending != Ending::ok) outcome_.answer = {};
  outcome_.elapsed_s = std::chrono::duration<double>(Clock::now() - started_).count();
}

// The first ending stands; what the room does while it dies changes nothing any more.
void Supervisor::end(Ending ending, std::string detail, std::string remedy) {
  if (ended_) return;
  ended_ = true;
  outcome_.ending = ending;
  outcome_.detail = std::move(detail);
  outcome_.remedy = std::move(remedy);
  kill_time_ = Clock::now();
  // Its first process takes the whole pid namespace with it.
  ::syscall(SYS_pidfd_send_signal, room_.pidfd.get(), SIGKILL, nullptr, 0);
}

void Supervisor::poll_once() {
  enum { exit, messages, words, denied, job, turn, count };
  pollfd fds[count] = {{room_.pidfd.get(), POLLIN, 0},
                       {room_.messages.get(), POLLIN, 0},
                       {room_.words.get(), POLLIN, 0},
                       {denials_.descriptor(), POLLIN, 0},
                       {-1, POLLOUT, 0},
                       {-1, POLLIN, 0}};
  if (stage_ >= Stage::booting && !ended_ && job_sent_ < job_frame_.size()) fds[job].fd = room_.job.get();
  if (ended_) fds[messages].fd = fds[denied].fd = -1;
  const bool waiting = stage_ == Stage::waiting && !ended_;
  if (waiting) fds[turn].fd = turns_->descriptor();

  milliseconds wait = waiting ? glance : tick;
  if (!ended_ && !waiting) {
    const auto left =
        std::chrono::duration_cast<milliseconds>(started_ + spec_.caps.wall_clock - Clock::now());
    wait = std::clamp(left + milliseconds(1), milliseconds(0), tick);
  }
  if (::poll(fds, count, static_cast<int>(wait.count())) < 0) {
    if (errno != EINTR)
      end(Ending::setup_error, fmt::format("the room cannot be watched: {}", std::strerror(errno)));
    return;
  }
  check_clock();
  if (fds[words].revents != 0) read_words();
  if (fds[messages].revents != 0) read_messages();
  if ((fds[denied].revents & POLLIN) != 0) {
    serve_denials();
  } else if (fds[denied].revents != 0) {
    denials_.close();
  }
  if (fds[job].revents != 0) send_job();
  if (fds[turn].revents != 0 && !ended_) begin_turn();
  if (fds[exit].revents != 0) exited_ = true;
}

void Supervisor::check_clock() {
  const auto now = Clock::now();
  if (ended_) {
    // Nothing survives SIGKILL but a process that hangs in the kernel; it is told as a survivor.
    if (now - kill_time_ > patience) exited_ = true;
    return;
  }
  if (stage_ == Stage::waiting) {
    if (cpu_used() - cpu_before_ > idle_cpu) end(Ending::violation, "the room worked without a job");
    return;
  }
  if (turn_.stop->load(std::memory_order_relaxed))
    return end(Ending::interrupted, "the room was stopped on request");
  if (now - started_ > spec_.caps.wall_clock) {
    return end(Ending::time,
               fmt::format("the room took longer than its {} s",
                           static_cast<double>(spec_.caps.wall_clock.count()) / 1000),
               "give it more time, or a smaller input");
  }
  if (machine_ != nullptr && stage_ <= Stage::booting && now - started_ > machine_->boot) {
    return end(Ending::setup_error,
               fmt::format("the guest of the virtual machine did not come up within {} s",
                           static_cast<double>(machine_->boot.count()) / 1000),
               "run it on a machine whose KVM works whole, or without --wall vm");
  }
  if (cpu_used() - cpu_before_ >= cpu_cap()) return end_for_cpu();
  if (stage_ == Stage::answered && now - answer_time_ > farewell) {
    end(Ending::time, "the room did not end after its answer");
  }
}

// Of the room's first process and its threads, exact; nothing once it has ended.
double Supervisor::cpu_used() const {
  clockid_t clock{};
  timespec time{};
  if (::clock_getcpuclockid(room_.process, &clock) != 0 || ::clock_gettime(clock, &time) != 0) return 0;
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

double Supervisor::cpu_cap() const {
  const std::int64_t of_all = spec_.caps.cpu.count();
  return static_cast<double>(std::max<std::int64_t>(turns_ == nullptr ? of_all : of_all / most_turns, 1));
}

void Supervisor::end_for_cpu() {
  end(Ending::time, fmt::format("the room used more than its {} s of CPU", cpu_cap()),
      "give it more time, or a smaller input");
}

void Supervisor::end_for_memory() {
  std::uint64_t memory = spec_.caps.memory == 0 ? spec_.caps.address_space : spec_.caps.memory;
  if (machine_ != nullptr) memory = machine_->memory;
  end(Ending::memory, fmt::format("the room needed more than its {} MiB of memory", memory >> 20),
      "give it more memory, or a smaller input");
}

// The pipe is closed by execve without a word, so it has something to tell only once the child has ended.
void Supervisor::read_report() {
  SetupFailure failure;
  if (read_now(room_.report, reinterpret_cast<char*>(&failure), sizeof failure) != sizeof failure) return;
  const Error error = setup_error(failure, spec_);
  end(Ending::setup_error, error.what, error.remedy);
}

void Supervisor::count_output(std::size_t bytes) {
  outcome_.bytes_out += bytes;
  if (outcome_.bytes_out > spec_.caps.output_bytes) {
    end(Ending::output_cap, fmt::format("the room sent more than its {} bytes", spec_.caps.output_bytes));
  }
}

void Supervisor::read_messages() {
  char bytes[chunk];
  const ssize_t n = read_now(room_.messages, bytes, sizeof bytes);
  if (n < 0) return;
  if (n == 0) return room_.messages.reset();
  count_output(static_cast<std::size_t>(n));
  if (ended_) return;
  frames_.add({bytes, static_cast<std::size_t>(n)});
  while (!ended_) {
    auto message = frames_.next();
    if (!message) return end(Ending::violation, message.error().what);
    if (!*message) return;
    receive(std::move(**message));
  }
}

// Its end is what matters: libraries tell there why they gave up.
void Supervisor::read_words() {
  char bytes[chunk];
  const ssize_t n = read_now(room_.words, bytes, sizeof bytes);
  if (n < 0) return;
  if (n == 0) return room_.words.reset();
  if (!ended_) count_output(static_cast<std::size_t>(n));
  std::string& kept = outcome_.last_words;
  kept.append(bytes, static_cast<std::size_t>(n));
  if (kept.size() > last_words_limit) kept.erase(0, kept.size() - last_words_limit);
}

void Supervisor::receive(Message message) {
  switch (message.type) {
    case MessageType::sealed:
      if (stage_ == Stage::booting) return on_sealed_inside();
      if (stage_ != Stage::setup) return end(Ending::violation, "the room sealed itself twice");
      return on_sealed(message.body);
    case MessageType::progress: {
      const auto progress = decode<Progress>(message.body);
      if (stage_ != Stage::sealed) return end(Ending::violation, "the room sent progress out of turn");
      if (!progress)
        return end(Ending::violation, "the room's progress cannot be read: " + progress.error().what);
      if (!*turn_.progress) return;
      Progress told = *progress;
      told.memory = memory_of(room_.process, "VmRSS:");
      (*turn_.progress)(told);
      return;
    }
    case MessageType::result:
    case MessageType::refused: {
      const bool refuses = message.type == MessageType::refused;
      const auto refused = refuses ? decode<Refused>(message.body) : Result<Refused>(Refused{});
      if (!refused)
        return end(Ending::violation, "the room's refusal cannot be read: " + refused.error().what);
      if (stage_ == Stage::answered) return end(Ending::violation, "the room answered twice");
      if (stage_ != Stage::sealed) {
        // Before its task is known, a room can only have failed to seal itself.
        if (!refuses) return end(Ending::violation, "the room answered before it was sealed");
        return end(Ending::setup_error, refused->what, refused->remedy);
      }
      if (machine_ != nullptr && !guest_)
        return end(Ending::violation, "the guest answered without its report");
      if (turns_ != nullptr) {
        if (may_stay(message)) return end_turn(std::move(message));
        room_.job.reset();  // there is no other job for it
      }
      stage_ = Stage::answered;
      answer_time_ = Clock::now();
      outcome_.answer = std::move(message);
      // The guest has told that its program has ended in order: what is left of the machine is not waited
      // for.
      if (machine_ != nullptr) end(Ending::ok, "");
      return;
    }
    case MessageType::guest:
      return on_guest(message.body);
    case MessageType::job:
    case MessageType::count_:
      break;
  }
  end(Ending::violation, "the room sent a message that only the host may send");
}

void Supervisor::on_sealed(const std::string& body) {
  const auto sealed = decode<Sealed>(body);
  if (!sealed) return end(Ending::violation, "the room's seal cannot be read: " + sealed.error().what);
  Status done = denials_.take(room_.pidfd.get(), sealed->listener);
  if (done) done = look_at_room(static_cast<int>(sealed->listener));
  if (!done) return end(Ending::setup_error, done.error().what, done.error().remedy);
  if (Status framed = frame_job(); !framed)
    return end(Ending::setup_error, framed.error().what, framed.error().remedy);
  if (machine_ == nullptr) return on_sealed_inside();
  if (machine_->kvm.valid()) denials_.lend("openat", std::move(machine_->kvm));
  stage_ = Stage::booting;
}

// The room's own program is sealed: in a virtual machine by the word of its guest, whose filter the host
// cannot see.
void Supervisor::on_sealed_inside() {
  stage_ = Stage::sealed;
  outcome_.start_s = std::chrono::duration<double>(Clock::now() - started_).count();
}

Status Supervisor::look_at_room(int listener) {
  const Expected expected{room_.user,           room_.group, spec_.inputs.size(),
                          spec_.output.valid(), listener,    room_limits(spec_.caps, spec_.files())};
  auto seen = see_posture(room_.process, room_.pidfd.get(), expected);
  if (!seen) return seen.error();
  outcome_.posture = std::move(*seen);
  return check_posture(outcome_.posture, golden_posture(expected), without_);
}

Status Supervisor::frame_job() {
  auto job = frame(MessageType::job, *turn_.job);
  if (!job) return Error{Code::does_not_fit, "the job is too large for a message", "ask for less at once"};
  job_frame_ = std::move(*job);
  job_sent_ = 0;
  return {};
}

// A cgroup counts pages of a mapped file only where the room read them first, and a resident set only pages
// that are mapped: each can miss what the other has.
std::uint64_t Supervisor::peak_memory(std::uint64_t resident) const {
  return std::max(resident, cgroup_.peak_memory().value_or(0));
}

// A room that did anything but its job is not kept.
bool Supervisor::may_stay(const Message& answer) const {
  return answer.type == MessageType::result && denials_.count() == 0 && frames_.at_border() &&
         turns_done_ + 1 < most_turns && !turns_->closed();
}

void Supervisor::end_turn(Message answer) {
  RoomOutcome told = outcome_;
  told.ending = Ending::ok;
  told.answer = std::move(answer);
  told.peak_memory = peak_memory(memory_of(room_.process, "VmHWM:"));
  told.elapsed_s = std::chrono::duration<double>(Clock::now() - started_).count();
  stage_ = Stage::waiting;
  ++turns_done_;
  cpu_before_ = cpu_used();
  outcome_.bytes_out = 0;
  outcome_.start_s = 0;
  outcome_.last_words.clear();
  turn_ = {};
  turns_->answer(std::move(told));
}

void Supervisor::begin_turn() {
  const auto next = turns_->next();
  if (!next) {
    if (turns_->closed()) end(Ending::interrupted, "the room was kept long enough");
    return;
  }
  turn_ = *next;
  started_ = Clock::now();
  cpu_before_ = cpu_used();
  // What held before its first job must hold before each.
  const Expected expected{room_.user,           room_.group, spec_.inputs.size(),
                          spec_.output.valid(), -1,          room_limits(spec_.caps, spec_.files())};
  const auto seen = see_posture(room_.process, room_.pidfd.get(), expected);
  Status done = seen ? check_unchanged(outcome_.posture, *seen) : seen.error();
  if (done) done = frame_job();
  if (!done) return end(Ending::setup_error, done.error().what, done.error().remedy);
  stage_ = Stage::sealed;
}

void Supervisor::on_guest(const std::string& body) {
  if (machine_ == nullptr || guest_ || stage_ == Stage::setup || stage_ == Stage::answered) {
    return end(Ending::violation, "the room told of a guest out of turn");
  }
  auto report = decode<GuestReport>(body);
  if (!report) return end(Ending::violation, "the guest's report cannot be read: " + report.error().what);
  for (const std::string& layer : report->layers)
    outcome_.layers.push_back("inside: " + escape_for_terminal(layer));
  guest_ = std::move(*report);
  judge_guest();
}

void Supervisor::send_job() {
  const ssize_t n = ::write(room_.job.get(), job_frame_.data() + job_sent_, job_frame_.size() - job_sent_);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (n >= 0) job_sent_ += static_cast<std::size_t>(n);
  // A room that does not want its job (EPIPE) will be judged by how it ends. A virtual machine takes the end
  // of the job's stream for the end of the whole channel.
  // A room that is kept gets another.
  if (n < 0 || (job_sent_ == job_frame_.size() && machine_ == nullptr && turns_ == nullptr))
    room_.job.reset();
}

void Supervisor::serve_denials() {
  denials_.serve();
  if (stage_ == Stage::waiting && denials_.count() > 0)
    return end(Ending::violation, "the room made denied system calls without a job");
  if (denials_.count() > spec_.caps.denials) {
    end(Ending::violation, fmt::format("the room made more than {} denied system calls", spec_.caps.denials));
  }
}

void Supervisor::reap() {
  int status = 0;
  rusage used{};
  pid_t waited = 0;
  // __WALL: until execve the child announces its end to nobody. A host that ignores SIGCHLD gets ECHILD.
  const int options = __WALL | (ended_ ? WNOHANG : 0);
  do waited = ::wait4(room_.process, &status, options, &used);
  while (waited < 0 && errno == EINTR);
  // What it wrote last is still in the pipes; nobody writes to them any more.
  read_report();
  while (room_.words.valid() && outcome_.bytes_out <= spec_.caps.output_bytes) {
    const std::uint64_t before = outcome_.bytes_out;
    read_words();
    if (outcome_.bytes_out == before) break;
  }
  while (room_.messages.valid() && !ended_) {
    const std::uint64_t before = outcome_.bytes_out;
    read_messages();
    if (outcome_.bytes_out == before) break;
  }
  outcome_.peak_memory = peak_memory(static_cast<std::uint64_t>(used.ru_maxrss) << 10);
  if (ended_) return;
  if (waited != room_.process) {
    return end(Ending::killed, "how the room ended cannot be told", "do not ignore SIGCHLD in the host");
  }
  judge(status, seconds(used.ru_utime) + seconds(used.ru_stime));
}

void Supervisor::judge(int status, double cpu_seconds) {
  const bool signalled = WIFSIGNALED(status);
  const int signal = signalled ? WTERMSIG(status) : 0;
  const int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  if (cgroup_.out_of_memory() || code == room_exit::memory) return end_for_memory();
  // The kernel's own limit, if it came first, ends the first process of a namespace by SIGKILL.
  const auto limit = static_cast<double>(std::max<std::int64_t>(spec_.caps.cpu.count(), 1));
  if (signal == SIGXCPU || (signal == SIGKILL && cpu_seconds >= limit)) return end_for_cpu();
  if (signal == SIGSYS) return end(Ending::violation, "the room made a system call of another architecture");
  const std::string how = signalled ? fmt::format("signal {}", signal) : fmt::format("status {}", code);
  if (stage_ == Stage::setup) {
    return end(Ending::setup_error, fmt::format("the room's program ended before it was sealed ({})", how),
               "its last words tell why; if its image is damaged, make it again");
  }
  if (stage_ == Stage::booting) {
    return end(Ending::setup_error,
               fmt::format("the virtual machine ended before its guest was up ({})", how),
               "its last words tell why; `make vm-image` makes its image again");
  }
  if (signalled) return end(Ending::killed, fmt::format("the room was ended by {}", how));
  if (stage_ != Stage::answered)
    return end(Ending::killed, fmt::format("the room ended without an answer ({})", how));
  if (code != room_exit::in_order)
    return end(Ending::killed, fmt::format("the room failed after its answer ({})", how));
  if (!frames_.at_border()) return end(Ending::violation, "the room's last message is cut short");
  end(Ending::ok, "");
}

// What the guest's init told of the program inside. True where that decided the ending; a program that ended
// in order is judged on by what it sent and by how its machine ended.
bool Supervisor::judge_guest() {
  if (!guest_) return false;
  const unsigned status = guest_->status;
  if (stage_ == Stage::booting && guest_->end <= GuestReport::End::signalled) {
    end(Ending::setup_error,
        fmt::format("the room's program ended before it was sealed ({} {})",
                    guest_->end == GuestReport::End::exited ? "status" : "signal", status),
        "its last words tell why; if its image is damaged, make it again");
    return true;
  }
  switch (guest_->end) {
    case GuestReport::End::exited:
      if (status == room_exit::in_order) return false;
      if (status == room_exit::memory) {
        end_for_memory();
      } else {
        end(Ending::killed, fmt::format("the room ended without an answer (status {})", status));
      }
      return true;
    case GuestReport::End::signalled:
      if (status == SIGXCPU) {
        end_for_cpu();
      } else if (status == SIGSYS) {
        end(Ending::violation, "the room made a system call of another architecture");
      } else if (status == SIGKILL) {
        end_for_memory();  // nobody but the guest's kernel sends it, when the memory is used up
      } else {
        end(Ending::killed, fmt::format("the room was ended by signal {}", status));
      }
      return true;
    case GuestReport::End::too_many_denials:
      end(Ending::violation,
          fmt::format("the room made more than {} denied system calls", spec_.caps.denials));
      return true;
    case GuestReport::End::bad_message:
      end(Ending::violation, escape_for_terminal(guest_->detail));
      return true;
    case GuestReport::End::lingered:
      end(Ending::time, "the room did not end after its answer");
      return true;
    case GuestReport::End::count_:
      break;
  }
  return false;
}

}  // namespace carrel
