// Attempts to take more than a room may have. In a room each goes on until something stops it; on the bare
// host it goes as far as the room's cap, which is far enough to show that nothing else would have stopped it.
#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "record/codec.h"
#include "record/wire.h"
#include "room/probe/probe.h"

namespace carrel::probe {
namespace {

constexpr std::size_t step = 1 << 20;
constexpr int to_host = 1;

// Writes until it is stopped, or to the cap on the host.
std::string flood(const Ground& ground, int room_descriptor, const std::string& bytes) {
  const int to = ground.in_room ? room_descriptor : ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  for (std::uint64_t written = 0; ground.in_room || written <= ground.output_bytes; written += bytes.size()) {
    if (::write(to, bytes.data(), bytes.size()) < 0) return told(-1);
  }
  return through;
}

std::string flood_of_messages(const Ground& ground) {
  const auto body = encode(Progress{"a flood of messages", 1, 2});
  const auto message = body ? frame(MessageType::progress, *body) : body;
  if (!message) return message.error().what;
  std::string many;
  for (int i = 0; i < 1000; ++i) many += *message;
  return flood(ground, to_host, many);
}

std::string flood_of_words(const Ground& ground) {
  return flood(ground, STDERR_FILENO, std::string(64 << 10, 'w'));
}

std::string memory_by_mapping(const Ground& ground) {
  std::uint64_t mapped = 0;
  while (mapped <= ground.memory) {
    void* const memory = ::mmap(nullptr, step, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return told(-1);
    mapped += step;
  }
  return through;
}

// The C++ way: what no allocation can give ends the program.
std::string memory_by_new(const Ground& ground) {
  for (std::uint64_t taken = 0; taken <= ground.memory; taken += step) {
    auto* const block = new char[step];
    asm volatile("" : : "r"(block) : "memory");
  }
  return through;
}

std::string shared_memory_by_mapping(const Ground&) {
  return told(::mmap(nullptr, step, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0) == MAP_FAILED
                  ? -1
                  : 0);
}

// Threads that sleep until they may go, on the smallest stacks there are.
std::string thread_bomb(const Ground& ground) {
  std::vector<pthread_t> threads;
  pthread_attr_t attributes;
  ::pthread_attr_init(&attributes);
  ::pthread_attr_setstacksize(&attributes, 64 << 10);
  static std::atomic<bool> go;
  go = false;
  int problem = 0;
  const auto sleep = [](void*) -> void* {
    while (!go) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    return nullptr;
  };
  while (problem == 0 && threads.size() <= ground.processes) {
    pthread_t thread{};
    problem = ::pthread_create(&thread, &attributes, sleep, nullptr);
    if (problem == 0) threads.push_back(thread);
  }
  go = true;
  for (const pthread_t thread : threads) ::pthread_join(thread, nullptr);
  errno = problem;
  return told(problem == 0 ? 0 : -1);
}

std::string endless_loop(const Ground& ground) {
  const auto start = std::chrono::steady_clock::now();
  while (ground.in_room || std::chrono::steady_clock::now() - start < std::chrono::milliseconds(100)) {
    asm volatile("");
  }
  return through;
}

std::string endless_sleep(const Ground& ground) {
  do std::this_thread::sleep_for(std::chrono::milliseconds(100));
  while (ground.in_room);
  return through;
}

std::string denied_calls(const Ground& ground) {
  for (std::uint32_t i = 0; i <= std::max(ground.denials, 20'000U); ++i) {
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (socket < 0 && !ground.in_room) return told(socket);
    if (socket >= 0) ::close(socket);
  }
  return through;
}

std::string many_descriptors(const Ground& ground) {
  // Landlock lets a room open nothing, so copies of what it has are the only way to more.
  constexpr int more_than_a_room_has = 512;
  for (int i = 0; i < more_than_a_room_has; ++i) {
    if (::fcntl(ground.input, F_DUPFD_CLOEXEC, 0) < 0) return told(-1);
  }
  return through;
}

}  // namespace

const std::vector<Probe>& limit_probes() {
  static const std::vector<Probe> probes = {
      {"memory_by_mapping", memory_by_mapping},
      {"memory_by_new", memory_by_new},
      {"shared_memory_by_mapping", shared_memory_by_mapping},
      {"thread_bomb", thread_bomb},
      {"flood_of_messages", flood_of_messages},
      {"flood_of_words", flood_of_words},
      {"endless_loop", endless_loop},
      {"endless_sleep", endless_sleep},
      {"denied_calls", denied_calls},
      {"many_descriptors", many_descriptors},
  };
  return probes;
}

}  // namespace carrel::probe
