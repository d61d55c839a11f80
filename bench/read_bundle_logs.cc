#include "read_bundle_logs.h"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include <fcntl.h>
#include <fmt/format.h>

#include "base/fd.h"

namespace {

std::uint32_t random_state = 7;

std::uint32_t below(std::uint32_t most) {
  random_state = random_state * 1664525U + 1013904223U;
  return (random_state >> 8) % most;
}

std::string_view one_of(std::initializer_list<std::string_view> words) {
  return words.begin()[below(static_cast<std::uint32_t>(words.size()))];
}

// Lines as four sorts of programs write them; each file has one sort.
void add_line(std::string* text, std::uint32_t sort, std::uint32_t number) {
  const auto out = std::back_inserter(*text);
  const std::uint32_t hour = number / 360'000 % 24, minute = number / 6000 % 60, second = number / 100 % 60;
  switch (sort % 4) {
    case 0:  // a Java service
      fmt::format_to(out, "2025-06-20 {:02}:{:02}:{:02}.{:03} {} [http-nio-8080-exec-{}] c.s.checkout.{} - ",
                     hour, minute, second, below(1000), below(200) == 0 ? "WARN " : "INFO ", below(64),
                     one_of({"OrderController", "PaymentClient", "CartService", "InventoryCache"}));
      fmt::format_to(out, "{} order={} customer={} took {} ms\n",
                     one_of({"accepted", "priced", "reserved", "forwarded to the bank"}), below(9'000'000),
                     below(80'000), below(900));
      if (below(5000) == 0) {
        fmt::format_to(
            out,
            "java.net.SocketTimeoutException: Read timed out\n\tat c.s.checkout.PaymentClient.call("
            "PaymentClient.java:{})\n\tat c.s.checkout.OrderController.pay(OrderController.java:88)\n",
            below(300));
      }
      break;
    case 1:  // a web server
      fmt::format_to(
          out,
          "10.{}.{}.{} - - [20/Jun/2025:{:02}:{:02}:{:02} +0000] \"{} /api/v1/{}/{} HTTP/1.1\" {} {} "
          "\"-\" \"Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/127.0\"\n",
          below(4), below(256), below(256), hour, minute, second, one_of({"GET", "GET", "POST"}),
          one_of({"orders", "carts", "items", "users"}), below(1'000'000), below(300) == 0 ? 502 : 200,
          below(40'000));
      break;
    case 2:  // a Go program that logs JSON
      fmt::format_to(
          out,
          "{{\"level\":\"{}\",\"ts\":\"2025-06-20T{:02}:{:02}:{:02}.{:03}Z\",\"caller\":\"{}:{}\",\"msg\":"
          "\"{}\",\"trace_id\":\"{:08x}{:08x}\",\"duration_ms\":{}}}\n",
          below(400) == 0 ? "error" : "info", hour, minute, second, below(1000),
          one_of({"http/server.go", "store/pool.go", "queue/consumer.go"}), below(500),
          one_of({"request served", "message consumed", "connection reused", "cache refreshed"}), below(~0U),
          below(~0U), below(2000));
      break;
    default:  // a controller of Kubernetes
      fmt::format_to(
          out, "I0620 {:02}:{:02}:{:02}.{:06}       1 {}.go:{}] \"{}\" pod=\"shop/api-{:05x}\" attempt={}\n",
          hour, minute, second, below(1'000'000),
          one_of({"scheduler", "reflector", "event", "garbagecollector"}), below(900),
          one_of({"Successfully bound pod to node", "Watch closed", "Processing object"}), below(1 << 20),
          below(9));
  }
}

// A ustar header (POSIX.1-1988).
std::string header_of(const std::string& name, std::uint64_t size) {
  std::string header(512, '\0');
  const auto put = [&](std::size_t at, std::string_view text) { header.replace(at, text.size(), text); };
  put(0, name);
  put(100, "0000644");
  put(124, fmt::format("{:011o}", size));
  put(136, "00000000000");
  put(148, "        ");
  header[156] = '0';
  put(257, std::string_view("ustar\00000", 8));
  unsigned sum = 0;
  for (const char c : header) sum += static_cast<unsigned char>(c);
  put(148, fmt::format("{:06o}", sum));
  header[154] = '\0';
  return header;
}

}  // namespace

void write_tar_of_logs(const std::string& path, std::uint64_t bytes) {
  constexpr std::size_t file_bytes = 10'000'000;
  const carrel::Fd fd(open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  const auto write = [&](std::string_view more) {
    if (carrel::write_all(fd.get(), more)) return;
    fmt::print(stderr, "cannot write {}\n", path);
    std::exit(1);
  };
  std::uint64_t written = 0;
  for (std::uint32_t file = 0; written < bytes; ++file) {
    std::string text;
    for (std::uint32_t number = file * 1000; text.size() < file_bytes; ++number)
      add_line(&text, file, number);
    write(
        header_of(fmt::format("bundle/cluster-resources/pods/logs/shop/api-{}/api.log", file), text.size()));
    written += text.size();
    text.resize((text.size() + 511) / 512 * 512);
    write(text);
  }
  write(std::string(1024, '\0'));
}
