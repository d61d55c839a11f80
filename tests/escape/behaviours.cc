#include "tests/escape/behaviours.h"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "record/codec.h"
#include "record/room_exit.h"
#include "room/probe/attempt.h"
#include "room/seal/seal.h"
#include "tests/escape/lesser_seal.h"

namespace carrel::escape {
namespace {

constexpr int to_host = 1;

// A program whose host is gone or who cannot seal itself has nothing left to play.
std::string seal() {
  auto job = seal_and_receive_job();
  if (job) return *job;
  static_cast<void>(static_cast<bool>(send_refusal(job.error())));
  ::_exit(1);
}

void must(const Status& done) {
  if (!done) ::_exit(2);
}
void answer(const std::string& body) {
  must(send(MessageType::result, body));
}
void write_raw(const std::string& bytes) {
  must(write_all(to_host, bytes));
}
[[noreturn]] void loop() {
  for (;;) asm volatile("");
}

// The probe's attempt, sealed as always or in a room that lacks one or both of the layers which the room's
// program puts on.
int attempt(const std::string& job) {
  const auto result = probe::attempt(job);
  if (!result) return 3;
  answer(*result);
  return 0;
}

int echo() {
  answer(seal());
  return 0;
}

int threads() {
  seal();
  int sum = 0;
  {
    std::vector<int> numbers(8);
    std::vector<std::jthread> all;
    for (int& number : numbers) {
      all.emplace_back([&number] {
        try {
          const auto memory = std::make_unique<char[]>(4 << 20);
          memory[4096] = 1;
          throw std::runtime_error("thrown in a thread");
        } catch (const std::runtime_error&) {
          number = 1;
        }
      });
    }
    all.clear();
    for (const int number : numbers) sum += number;
  }
  answer(std::to_string(sum));
  return 0;
}

int thread_bomb() {
  seal();
  std::vector<std::thread> all;
  try {
    for (;;) all.emplace_back([] { std::this_thread::sleep_for(std::chrono::minutes(1)); });
  } catch (const std::system_error&) {
  }
  answer(std::to_string(all.size()));
  ::_exit(0);
}

int read_input() {
  seal();
  char bytes[64];
  const ssize_t n = ::read(3, bytes, sizeof bytes);
  answer(std::string(bytes, static_cast<std::size_t>(std::max<ssize_t>(n, 0))));
  return 0;
}

int report_progress() {
  seal();
  const auto progress = progress_sender("reading", 100);
  for (std::uint64_t done = 0; done <= 100; ++done) progress(done);
  answer("");
  return 0;
}

int memory_by_new() {
  seal();
  for (;;) {
    auto* const block = new char[1 << 20];
    std::fill_n(block, 1 << 20, 'x');
    asm volatile("" : : "r"(block) : "memory");
  }
}

int memory_by_mmap() {
  seal();
  std::size_t mapped = 0;
  constexpr std::size_t step = 1 << 20;
  while (::mmap(nullptr, step, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED)
    mapped += step;
  answer(std::to_string(mapped >> 20));
  return 0;
}

int flood(MessageType type) {
  seal();
  const auto progress = encode(Progress{"reading", 1, 2});
  for (;;) {
    if (type == MessageType::progress) {
      must(send(type, *progress));
    } else {
      static_cast<void>(::write(2, std::string(4096, 'w').data(), 4096) < 0);
    }
  }
}

int denied_calls() {
  seal();
  for (int i = 0; i < 20'000; ++i) ::syscall(SYS_socket, 2, 1, 0);
  answer("");
  return 0;
}

int orphans(bool linger) {
  for (int i = 0; i < 8; ++i) {
    if (::fork() != 0) continue;
    for (int signal = 1; signal < NSIG; ++signal) std::signal(signal, SIG_IGN);
    ::setsid();
    for (;;) ::pause();
  }
  seal();
  if (linger) loop();
  answer("");
  return 0;
}

// Says that it is sealed, with a filter that lets everything through or none at all.
int pretend_sealed(int listener) {
  write_raw(*frame(MessageType::sealed, *encode(Sealed{static_cast<std::uint32_t>(listener)})));
  ::pause();
  return 0;
}

int seal_with_a_thread() {
  std::thread([] {
    for (;;) ::pause();
  }).detach();
  return echo();
}

int close_all_and_loop() {
  seal();
  for (int fd = 0; fd < 8; ++fd) ::close(fd);
  loop();
}

}  // namespace

int behave(std::string_view name) {
  if (name == "attempt") return attempt(seal());
  if (name == "attempt_without_landlock") return attempt(seal_but(false, true));
  if (name == "attempt_without_filter") return attempt(seal_but(true, false));
  if (name == "attempt_without_both") return attempt(seal_but(false, false));
  if (name == "echo") return echo();
  if (name == "threads") return threads();
  if (name == "thread_bomb") return thread_bomb();
  if (name == "read_input") return read_input();
  if (name == "report_progress") return report_progress();
  if (name == "memory_by_new") return memory_by_new();
  if (name == "memory_by_mmap") return memory_by_mmap();
  if (name == "flood_of_progress") return flood(MessageType::progress);
  if (name == "flood_of_words") return flood(MessageType::count_);
  if (name == "denied_calls") return denied_calls();
  if (name == "orphans") return orphans(false);
  if (name == "orphans_and_loop") return orphans(true);
  if (name == "no_listener") return pretend_sealed(0);
  if (name == "no_such_listener") return pretend_sealed(1000);
  if (name == "seal_with_a_thread") return seal_with_a_thread();
  if (name == "close_all_and_loop") return close_all_and_loop();
  if (name == "loop_before_sealing") loop();
  if (name == "exit_before_sealing") return 3;
  if (name == "result_before_sealing") {
    answer("early");
    ::pause();
    return 0;
  }
  if (name == "refuse_to_seal") {
    must(send(MessageType::refused, *encode(Refused{Code::machine, "no such layer", "get another kernel"})));
    return 1;
  }

  // From here on every part begins sealed.
  seal();
  if (name == "loop") loop();
  if (name == "refuse") {
    must(send(MessageType::refused,
              *encode(Refused{Code::bad_input, "the bundle is damaged", "make it again"})));
    return 0;
  }
  if (name == "garbage") write_raw(std::string(4096, 'G'));
  if (name == "unknown_version") write_raw({'C', 'w', 9, 3, 0, 0, 0, 0});
  if (name == "unknown_type") write_raw({'C', 'w', wire_version, 77, 0, 0, 0, 0});
  if (name == "huge_announcement") write_raw({'C', 'w', wire_version, 3, '\xff', '\xff', '\xff', '\xff'});
  if (name == "sends_a_job") write_raw({'C', 'w', wire_version, 1, 0, 0, 0, 0});
  if (name == "bad_progress") must(send(MessageType::progress, "\xff\xff\xff"));
  if (name == "bad_refusal") must(send(MessageType::refused, "\xff\xff\xff"));
  if (name == "sealed_twice") must(send(MessageType::sealed, *encode(Sealed{0})));
  if (name == "half_a_message") {
    write_raw({'C', 'w', wire_version, 3, 100, 0, 0, 0, 'h', 'a', 'l', 'f'});
    return 0;
  }
  if (name == "answer_and_a_half") {
    answer("whole");
    write_raw({'C', 'w', wire_version});
    return 0;
  }
  if (name == "two_answers") {
    answer("one");
    answer("two");
  }
  if (name == "answers_then_speaks") {
    answer("one");
    ::usleep(200'000);
    must(send(MessageType::progress, *encode(Progress{"reading", 1, 2})));
  }
  if (name == "answers_then_works") {
    answer("one");
    loop();
  }
  if (name == "answers_then_tries") {
    answer("one");
    ::usleep(200'000);
    ::socket(AF_INET, SOCK_STREAM, 0);
  }
  if (name == "tries_then_answers") {
    ::socket(AF_INET, SOCK_STREAM, 0);
    answer("one");
  }
  if (name == "progress_after_answer") {
    answer("one");
    must(send(MessageType::progress, *encode(Progress{"reading", 1, 2})));
  }
  if (name == "answer_and_fail") {
    answer("one");
    return 9;
  }
  if (name == "answer_and_linger") {
    answer("one");
    loop();
  }
  if (name == "no_answer") return 0;
  if (name == "exit_status") return 5;
  if (name == "exit_for_memory") return room_exit::memory;
  if (name == "crash") __builtin_trap();
  if (name == "abort") {
    must(write_all(2, "the reason\n"));
    std::abort();
  }
  ::sleep(60);
  return -1;
}

}  // namespace carrel::escape
