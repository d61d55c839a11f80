// How fast logs are mined, on one core: mixed logs of several loggers, beside plain line splitting of the
// same bytes. Prints one JSON line.
//
// links: room/evidence
#include <cstdint>
#include <cstring>
#include <ctime>
#include <string>

#include <fmt/format.h>

#include "room/evidence/mine.h"

namespace {

std::uint32_t random_state = 42;

std::uint32_t random_below(std::uint32_t most) {
  random_state = random_state * 1664525u + 1013904223u;
  return (random_state >> 8) % most;
}

std::string id(std::size_t length) {
  std::string text;
  while (text.size() < length) text.push_back("0123456789abcdefghijklmnopqrstuvwxyz"[random_below(36)]);
  return text;
}

// Every line of a kind differs in its parameters; what differs beside those is how kinds are mixed.
std::string make_line(std::uint32_t number) {
  const std::string clock = fmt::format("{:02}:{:02}:{:02}.{:03}", number / 36000 % 24, number / 600 % 60,
                                        number / 10 % 60, random_below(1000));
  switch (random_below(20)) {
    case 0:
      return fmt::format(
          "2025-06-20T{}Z [ERROR] auth - request {} from 10.{}.{}.{} failed: timed out after {} ms", clock,
          id(11), random_below(256), random_below(256), random_below(256), random_below(9000));
    case 1:
      return fmt::format(
          "2025-06-20 {} WARN  [http-nio-8080-exec-{}] c.a.monitor.Memory - usage {}MB / 2048MB", clock,
          random_below(64), random_below(2048));
    case 2:
      return fmt::format(
          "E0620 {}000       1 reflector.go:138] Failed to watch *v1.Pod: Get \"https://10.96.0.1:443/api"
          "?resourceVersion={}\": connect: connection refused",
          clock, random_below(1000000));
    case 3:
    case 4:
    case 5:
    case 6:
      return fmt::format(
          "{{\"level\":\"info\",\"ts\":\"2025-06-20T{}Z\",\"caller\":\"http/server.go:{}\",\"msg\":\"request "
          "served\",\"path\":\"/api/v1/orders\",\"status\":200,\"duration\":0.{},\"trace_id\":\"{}\"}}",
          clock, random_below(400), random_below(99999), id(32));
    case 7:
    case 8:
    case 9:
    case 10:
      return fmt::format(
          "10.{}.{}.{} - - [20/Jun/2025:{} +0000] \"GET /static/app.js HTTP/1.1\" 200 {} \"-\" "
          "\"Mozilla/5.0 (X11; Linux x86_64)\"",
          random_below(256), random_below(256), random_below(256), clock.substr(0, 8), random_below(100000));
    case 11:
      return "health check ok";
    default:
      return fmt::format("ts=2025-06-20T{}Z caller=logging.go:85 method=Health result=2 took={}.{}us", clock,
                         random_below(90), random_below(999));
  }
}

// Processor time of this thread: what the code costs, whatever else the machine does.
double seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

}  // namespace

int main() {
  std::string text;
  for (std::uint32_t number = 0; text.size() < (64u << 20); ++number) text += make_line(number) + "\n";

  // The best of some rounds: caches that others emptied do not count.
  double mining = 1e9;
  double splitting = 1e9;
  std::uint64_t lines = 0;
  for (int round = 0; round < 5; ++round) {
    double start = seconds();
    carrel::LogMiner miner("Why is the login slow?");
    miner.begin({"app.log", carrel::TextFile::Kind::log, "shop", "app-0", "app"});
    for (std::size_t at = 0; at < text.size(); at += 256 << 10) {
      miner.add(std::string_view(text).substr(at, 256 << 10));
    }
    miner.end();
    mining = std::min(mining, seconds() - start);

    start = seconds();
    lines = 0;
    for (const char *at = text.data(), *end = at + text.size(); at < end; ++lines) {
      const void* found = std::memchr(at, '\n', static_cast<std::size_t>(end - at));
      at = static_cast<const char*>(found) + 1;
    }
    splitting = std::min(splitting, seconds() - start);
    if (miner.lines_read() != lines) {
      fmt::print(stderr, "mine_lines: {} lines mined, {} split\n", miner.lines_read(), lines);
      return 1;
    }
  }
  const double speed = static_cast<double>(text.size()) / 1e6 / mining;
  const double plain = static_cast<double>(text.size()) / 1e6 / splitting;
  constexpr double kBar = 400;
  fmt::print(
      "{{\"name\":\"mine_mb_s\",\"value\":{:.0f},\"unit\":\"MB/s\",\"comparator\":\"memchr line splitting, "
      "{:.0f} MB/s\","
      "\"ratio\":{:.3f},\"bar\":{:.0f},\"holds\":{}}}\n",
      speed, plain, speed / plain, kBar, speed >= kBar);
  return 0;
}
