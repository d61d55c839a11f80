// What a room costs: its start, and a denied system call.
//
// How long a room takes to start, beside bubblewrap with the same root and program: from the call until the
// host hears from the program inside.
//
// links: host/walls
//
// `room_start [PROGRAM]` with a static program that answers its job: tests/escape's probe, as it was built.
// Starts alternate, so that both see the same machine; medians are compared. When bubblewrap's program is
// heard it stands in namespaces and a read-only root; when the room's is, it also has limits, cgroups,
// Landlock and a filter whose listener the host has taken, and the host has verified from outside what it
// can. How both end is not measured: bubblewrap leaves while its namespaces are still being taken down, the
// wall waits until nothing is left.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/walls/namespace_wall.h"

namespace {

using Clock = std::chrono::steady_clock;
constexpr int pairs = 200;

double milliseconds_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

// Milliseconds until the room was sealed.
std::optional<double> start_room(const std::string& root) {
  carrel::RoomSpec spec;
  spec.root = root;
  spec.program = "/probe";
  spec.arguments = {"echo"};
  spec.caps.address_space = 1ULL << 30;
  spec.caps.memory = 256ULL << 20;
  const std::atomic<bool> stop = false;
  carrel::NamespaceWall wall;
  const carrel::RoomOutcome outcome = wall.run(std::move(spec), {}, stop);
  if (outcome.ending == carrel::Ending::ok) return outcome.start_s * 1e3;
  std::fprintf(stderr, "room_start: the room ended as %s: %s\n", to_string(outcome.ending),
               outcome.detail.c_str());
  return std::nullopt;
}

// Milliseconds until the program in bubblewrap was heard.
std::optional<double> start_bubblewrap(const std::string& root) {
  const char* const arguments[] = {
      "bwrap", "--unshare-all", "--die-with-parent", "--clearenv", "--ro-bind", root.c_str(),
      "/",     "/probe",        "say-through",       nullptr};
  int heard[2];
  if (::pipe2(heard, O_CLOEXEC) != 0) return std::nullopt;
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, heard[1], 1);
  pid_t child = -1;
  const auto start = Clock::now();
  const int problem =
      ::posix_spawnp(&child, "bwrap", &actions, nullptr, const_cast<char* const*>(arguments), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  ::close(heard[1]);
  char byte = 0;
  const bool came = problem == 0 && ::read(heard[0], &byte, 1) == 1;
  const double took = milliseconds_since(start);
  ::close(heard[0]);
  int status = 0;
  if (problem == 0) ::waitpid(child, &status, 0);
  return came ? std::optional(took) : std::nullopt;
}

int measure(const std::string& root) {
  std::vector<double> rooms, bubblewraps;
  bool beside = start_bubblewrap(root).has_value();
  if (!beside)
    std::fprintf(stderr, "room_start: bubblewrap (bwrap) cannot be run here, so nothing is compared\n");
  for (int i = 0; i < pairs; ++i) {
    const auto room = start_room(root);
    if (!room) return 1;
    rooms.push_back(*room);
    if (!beside) continue;
    const auto bubblewrap = start_bubblewrap(root);
    if (!bubblewrap) {
      std::fprintf(stderr, "room_start: bubblewrap failed after %d starts\n", i);
      return 1;
    }
    bubblewraps.push_back(*bubblewrap);
  }
  const double value = median(rooms);
  if (!beside) {
    fmt::print(
        "{{\"name\":\"room_start_ms\",\"value\":{:.2f},\"unit\":\"ms\",\"comparator\":null,\"ratio\":null,"
        "\"bar\":1.0,\"holds\":null}}\n",
        value);
    return 0;
  }
  const double ratio = value / median(bubblewraps);
  fmt::print(
      "{{\"name\":\"room_start_ms\",\"value\":{:.2f},\"unit\":\"ms\",\"comparator\":\"bubblewrap\","
      "\"ratio\":{:.3f},\"bar\":1.0,\"holds\":{}}}\n",
      value, ratio, ratio <= 1.0);
  return 0;
}

// Microseconds that one denied call takes a room: it is answered, and recorded, by the host. From the whole
// time of many, the start is taken off; how the room ends is in it.
int measure_denials(const std::string& root) {
  constexpr std::uint32_t calls = 20'000;
  std::vector<double> each;
  for (int i = 0; i < 5; ++i) {
    carrel::RoomSpec spec;
    spec.root = root;
    spec.program = "/probe";
    spec.arguments = {"denied_calls"};
    spec.caps.address_space = 1ULL << 30;
    spec.caps.denials = calls;
    const std::atomic<bool> stop = false;
    carrel::NamespaceWall wall;
    const carrel::RoomOutcome outcome = wall.run(std::move(spec), {}, stop);
    if (outcome.ending != carrel::Ending::ok || outcome.denials.size() != 1 ||
        outcome.denials[0].count != calls) {
      std::fprintf(stderr, "room_start: the room of denied calls ended as %s\n", to_string(outcome.ending));
      return 1;
    }
    each.push_back((outcome.elapsed_s - outcome.start_s) * 1e6 / calls);
  }
  const double value = median(each);
  fmt::print(
      "{{\"name\":\"denial_us\",\"value\":{:.2f},\"unit\":\"us\",\"comparator\":null,\"ratio\":null,"
      "\"bar\":10.0,\"holds\":{}}}\n",
      value, value <= 10);
  return 0;
}

}  // namespace

int main(int count, char** arguments) {
  namespace fs = std::filesystem;
  if (count > 2) {
    std::fprintf(stderr, "usage: room_start [PROGRAM]\n");
    return 2;
  }
  std::error_code problem;
  const fs::path built = fs::read_symlink("/proc/self/exe", problem).parent_path().parent_path();
  const fs::path program = count == 2 ? fs::path(arguments[1]) : built / "escape-probe";
  std::string root = (fs::temp_directory_path() / "carrel-room-start-XXXXXX").string();
  if (::mkdtemp(root.data()) == nullptr) return 1;
  fs::copy_file(program, root + "/probe", problem);
  if (!problem) fs::permissions(root, fs::perms(0755), problem);
  if (!problem) fs::permissions(root + "/probe", fs::perms(0755), problem);
  if (problem) std::fprintf(stderr, "room_start: %s: %s\n", program.c_str(), problem.message().c_str());
  int status = problem ? 1 : measure(root);
  if (status == 0) status = measure_denials(root);
  fs::remove_all(root, problem);
  return status;
}
