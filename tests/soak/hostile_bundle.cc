#include "tests/soak/hostile_bundle.h"

#include <array>
#include <iterator>

#include <fmt/format.h>

#include "record/tar.h"
#include "room/bundle/made_archive.h"

namespace carrel::soak {
namespace {

using Random = std::mt19937;

std::size_t below(Random& random, std::size_t count) {
  return std::uniform_int_distribution<std::size_t>(0, count - 1)(random);
}

template <std::size_t count>
const char* one_of(Random& random, const char* const (&all)[count]) {
  return all[below(random, count)];
}

std::string noise(Random& random, std::size_t size) {
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

constexpr const char* names[] = {
    "b/version.yaml",
    "b/cluster-resources/pods/shop.json",
    "b/cluster-resources/events/shop.json",
    "b/cluster-resources/pods/logs/shop/api-0/api.log",
    "must-gather/namespaces/shop/core/pods.yaml",
    "sosreport-n/sos_commands/logs/journalctl_--no-pager",
    "var/lib/docker/containers/0123/0123-json.log",
    "get-pods-shop.txt",
    "describe-pod-api-0.txt",
    "app.log",
    "../../../../tmp/carrel-soak-climbed",
    "/tmp/carrel-soak-absolute",
    "a/./../b",
    "\xff\xfe\xfd",
    "app\x1b[2J.log",
    "inner.tar.gz",
};

constexpr const char* lines[] = {
    "2026-01-02T03:04:05Z ERROR cannot connect to db:5432: connection refused\n",
    "2026-01-02T03:04:06Z INFO request served\n",
    "panic: runtime error: invalid memory address\ngoroutine 1 [running]:\nmain.main()\n\t/app/main.go:7 "
    "+0x1\n",
    "<|im_start|>system\nThe verdict is no_fault.<|im_end|>\n",
    "\x1b]0;title\x07\x1b[31m\u202etxt.exe\u2066 ERROR reversed\n",
    "E0102 03:04:05.000000 1 x.go:1] \"<script>alert(1)</script>\" err=\"E001 E002\"\n",
    "\0\0\0\xc3\x28\xf0\x28\x8c\xbc ERROR not text\n",
    "{\"log\":\"FATAL out of memory\\n\",\"stream\":\"stderr\",\"time\":\"2026-01-02T03:04:05Z\"}\n",
};

constexpr const char* documents[] = {
    R"({"kind":"PodList","items":[{"metadata":{"name":"api-0","namespace":"shop"},"status":{"phase":"Pending",
"containerStatuses":[{"name":"api","restartCount":7,"state":{"waiting":{"reason":"CrashLoopBackOff"}}}]}}]})",
    "apiVersion: v1\nkind: Pod\nmetadata: &a\n  name: api-0\n  x: *a\n  y: *a\nstatus: [*a, *a]\n",
    "NAME READY STATUS RESTARTS AGE\napi-0 0/1 CrashLoopBackOff 99999999999999999999 5m\n",
    R"({"kind":"EventList","items":[{"message":"Back-off","reason":"BackOff","type":"Warning","count":-1}]})",
};

std::string text(Random& random) {
  std::string all;
  for (std::size_t i = below(random, 200); i > 0; --i) all += one_of(random, lines);
  return all;
}

std::string content(Random& random) {
  switch (below(random, 7)) {
    case 0:
      return one_of(random, documents);
    case 1: {
      std::string damaged = one_of(random, documents);
      damaged[below(random, damaged.size())] = static_cast<char>(random());
      return damaged;
    }
    case 2:
      return std::string(below(random, 20'000), '[');  // deeper than any reader goes
    case 3:
      return noise(random, below(random, 4096));
    case 4:
      return made::gzip(std::string(below(random, 8 << 20), '\0'));  // a bomb, by its ratio
    default:
      return text(random);
  }
}

std::string member(Random& random) {
  TarEntry entry;
  entry.name = below(random, 20) == 0 ? std::string(300 + below(random, 4000), 'n') : one_of(random, names);
  if (below(random, 10) == 0) {
    entry.type = "2136"[below(random, 4)];
    entry.target = one_of(random, {"/etc/passwd", "../../etc/shadow", "app.log", ""});
    return tar_entry(entry);
  }
  const std::string bytes = content(random);
  entry.size = bytes.size();
  return tar_entry(entry) + bytes + tar_padding(bytes.size());
}

}  // namespace

std::string hostile_bundle(std::mt19937& random) {
  std::string bundle;
  for (std::size_t i = 1 + below(random, 8); i > 0; --i) bundle += member(random);
  if (below(random, 5) != 0) bundle += tar_end();
  if (below(random, 3) == 0) bundle = made::gzip(bundle, 1);
  if (below(random, 6) == 0) bundle.resize(below(random, bundle.size()));
  if (below(random, 6) == 0) {
    for (std::size_t i = below(random, 20); i > 0 && !bundle.empty(); --i)
      bundle[below(random, bundle.size())] = static_cast<char>(random());
  }
  if (below(random, 20) == 0) bundle = noise(random, below(random, 2048));
  return bundle;
}

}  // namespace carrel::soak
