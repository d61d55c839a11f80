// How fast secrets are masked, on one core: logs, and lists of a cluster's objects as JSON, with the share of
// secrets that bundles have; beside copying the same bytes. Prints two JSON lines.
//
// links: collect/redact
#include <algorithm>
#include <cstdint>
#include <ctime>
#include <string>

#include <fmt/format.h>

#include "collect/redact/redactor.h"

namespace {

std::string make_log_line(std::uint32_t number) {
  const std::uint32_t value = number * 2654435761U;
  const std::string clock = fmt::format("2025-06-20T{:02}:{:02}:{:02}.{:03}Z", number / 3600 % 24,
                                        number / 60 % 60, number % 60, value % 1000);
  switch (value >> 8 & 15) {
    case 0:
      return fmt::format("{} ERROR auth - request {:08x} from 10.2.3.4 failed: timed out after {} ms\n",
                         clock, value, value % 9000);
    case 1:
    case 2:
    case 3:
    case 4:
      return fmt::format(
          "{{\"level\":\"info\",\"ts\":\"{}\",\"caller\":\"http/server.go:{}\",\"msg\":\"request "
          "served\",\"path\":\"/api/v1/"
          "orders\",\"status\":200,\"duration\":0.{},\"trace_id\":\"{:08x}{:08x}\"}}\n",
          clock, value % 400, value % 99999, value, ~value);
    case 5:
      return fmt::format("{} INFO login user=u{} token=tok-{:x} session ok\n", clock, value % 500,
                         value % 4096);
    case 6:
    case 7:
    case 8:
      return fmt::format(
          "10.1.{}.3 - - [20/Jun/2025:10:00:00 +0000] \"GET /static/{:08x}.js HTTP/1.1\" 200 {}\n",
          value % 256, value, value % 99999);
    default:
      return fmt::format("{} INFO o.a.k.c.consumer - partition {} offset {} committed by worker-{}\n", clock,
                         value % 12, value, value % 4);
  }
}

std::string make_object(std::uint32_t number) {
  const std::uint32_t value = number * 2654435761U;
  return fmt::format(
      R"({{"apiVersion":"v1","kind":"Pod","metadata":{{"name":"api-{0:x}","namespace":"shop","uid":"{1:08x}-1111-2222-3333-{0:012x}","labels":{{"app":"api","pod-template-hash":"{0:x}"}},"annotations":{{"checksum/config":"{1:08x}{1:08x}"}}}},"spec":{{"containers":[{{"name":"api","image":"repo.example.com/api:1.{2}","env":[{{"name":"DB_HOST","value":"postgres.shop.svc"}},{{"name":"DB_PASSWORD","valueFrom":{{"secretKeyRef":{{"name":"db","key":"password"}}}}}},{{"name":"CACHE_TOKEN","value":"tok-{4:x}"}}],"resources":{{"limits":{{"cpu":"1","memory":"512Mi"}}}},"volumeMounts":[{{"name":"kube-api-access-{0:x}","readOnly":true,"mountPath":"/var/run/secrets/kubernetes.io/serviceaccount"}}]}}],"nodeName":"worker-{3}"}},"status":{{"phase":"Running","conditions":[{{"type":"Ready","status":"True","lastTransitionTime":"2025-06-20T10:00:00Z"}}],"podIP":"10.2.{2}.{3}"}}}},)"
      "\n",
      number, value, value % 250, value % 16, number % 997);
}

// Processor time of this thread: what the code costs, whatever else the machine does.
double seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

void measure(const char* name, const std::string& text) {
  constexpr double bar = 200;
  constexpr std::size_t piece = 64 << 10;
  const carrel::RedactionPlan plan;
  double redacting = 1e9, copying = 1e9;
  std::uint64_t masked = 0;
  // The best of some rounds: caches that others emptied do not count.
  std::string out;
  out.reserve(text.size() * 2);
  for (int round = 0; round < 5; ++round) {
    out.clear();
    double start = seconds();
    auto pseudonyms = carrel::Pseudonyms::create(true);
    carrel::Redactor redactor(plan, &*pseudonyms);
    redactor.begin("bench");
    for (std::size_t at = 0; at < text.size(); at += piece)
      redactor.feed(std::string_view(text).substr(at, piece), &out);
    redactor.finish(&out);
    redacting = std::min(redacting, seconds() - start);
    masked = redactor.redactions().count();

    out.clear();
    start = seconds();
    for (std::size_t at = 0; at < text.size(); at += piece) out.append(text, at, piece);
    copying = std::min(copying, seconds() - start);
  }
  const double speed = static_cast<double>(text.size()) / 1e6 / redacting;
  const double plain = static_cast<double>(text.size()) / 1e6 / copying;
  fmt::print(
      "{{\"name\":\"{}\",\"value\":{:.0f},\"unit\":\"MB/s\",\"comparator\":\"copying, {:.0f} "
      "MB/s\",\"ratio\":{:.3f},"
      "\"bar\":{:.0f},\"holds\":{},\"masked\":{}}}\n",
      name, speed, plain, speed / plain, bar, speed >= bar, masked);
}

}  // namespace

int main() {
  std::string logs, objects;
  for (std::uint32_t number = 0; logs.size() < (48U << 20); ++number) logs += make_log_line(number);
  for (std::uint32_t number = 0; objects.size() < (48U << 20); ++number) objects += make_object(number);
  measure("redact_logs_mb_s", logs);
  measure("redact_objects_mb_s", objects);
  return 0;
}
