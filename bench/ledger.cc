// A ledger with many runs: how long listing, searching and opening take, and how large the home is.
//
// links: host/ledger
//
// `ledger [RUNS]`, 100,000 without one. It is filled through the ledger's own functions, with five citations
// a run, a report of about 4 kB, and syncing left out (fsync below), which changes no time of reading. Each
// figure is the 95th percentile of 400 calls in this process, each from the database and never from a cache
// of ours.
#include "host/ledger/ledger.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <unistd.h>

// Stand before the C library's in this program, for SQLite too.
extern "C" int fsync(int) {
  return 0;
}
extern "C" int fdatasync(int) {
  return 0;
}

namespace {

using namespace carrel;
using Clock = std::chrono::steady_clock;

constexpr double bar_ms = 100;
constexpr int calls = 400;

std::mt19937 random_source(20260102);

std::string word() {
  static const std::vector<std::string> words = {
      "pod",     "node",     "volume",  "claim",   "is",       "Pending", "because", "the",
      "class",   "does",     "not",     "exist",   "restarts", "timed",   "out",     "probe",
      "failed",  "image",    "pull",    "secret",  "database", "refused", "memory",  "limit",
      "evicted", "platform", "storage", "network", "postgres", "api"};
  const auto number = random_source();
  return number % 5 == 0 ? fmt::format("{}-{}", words[number % words.size()], number % 5000)
                         : words[number % words.size()];
}

std::string words(int count) {
  std::string text;
  for (int i = 0; i < count; ++i) text += (i == 0 ? "" : " ") + word();
  return text;
}

Report made_report(const std::string& id) {
  Report report;
  report.run = id;
  report.tenant = "bench";
  report.playbook = "k8s-triage@1";
  report.question = "What is the likely root cause of the trouble in this bundle?";
  report.verdict = Verdict::fault;
  report.root_cause = words(25);
  report.confidence = {"high", 0.9, "the detector claim-class-missing"};
  for (std::uint32_t i = 1; i <= 5; ++i) {
    report.evidence.push_back({fmt::format("E{:03}", i),
                               {fmt::format("support-bundle/cluster-resources/events/{}.json", word()), i * 7,
                                i * 7, "/items/5/message"},
                               words(30),
                               "error level, seen 16 times"});
  }
  report.commands = {{"kubectl -n platform describe pod " + word(), "shows why it is not bound"}};
  for (const char* name : {"schema", "citations", "searched", "names", "commands", "text"})
    report.checks.push_back({name, Check::Verdict::pass, "5 of 5 quotes found"});
  report.stats.stages = {{"hash", 0.01}, {"read", 0.2}, {"check", 0.1}};
  return report;
}

void stop_at(const Status& done) {
  if (done) return;
  std::fprintf(stderr, "ledger: %s\n", done.error().what.c_str());
  std::exit(1);
}

void fill(Ledger& ledger, int count) {
  for (int i = 0; i < count; ++i) {
    RunRow row;
    row.id = fmt::format("2026{:02}{:02}-{:06}-{:06x}", i / 28000 % 12 + 1, i / 1000 % 28 + 1, i, i);
    row.playbook = "k8s-triage@1";
    row.input = fmt::format("/bundles/customer-{}.tar.gz", i);
    row.settings = R"({"engine":{"value":"none","source":"default"}})";
    row.engine = "none";
    stop_at(ledger.begin(row));
    const Report report = made_report(row.id);
    row.question = report.question;
    auto sha = ledger.put(to_json(report));
    if (!sha) stop_at(sha.error());
    row.state = RunState::finished;
    row.verdict = "fault";
    row.level = report.confidence.level;
    row.score = report.confidence.score;
    row.passed = true;
    row.objects = {{"report", *sha}};
    stop_at(ledger.finish(row, detail_of(report)));
    if ((i + 1) % 10'000 == 0) std::fprintf(stderr, "ledger: %d runs\n", i + 1);
  }
}

void measure(const char* name, int runs, const std::function<bool()>& call) {
  std::vector<double> times;
  for (int i = 0; i < calls; ++i) {
    const auto start = Clock::now();
    if (!call()) {
      std::fprintf(stderr, "ledger: %s failed\n", name);
      std::exit(1);
    }
    times.push_back(std::chrono::duration<double, std::milli>(Clock::now() - start).count());
  }
  std::sort(times.begin(), times.end());
  const double p95 = times[times.size() * 95 / 100];
  fmt::print(
      "{{\"name\":\"ledger_{}_p95_of_{}_runs\",\"value\":{:.2f},\"unit\":\"ms\",\"comparator\":null,"
      "\"ratio\":null,\"bar\":{},\"holds\":{}}}\n",
      name, runs, p95, bar_ms, p95 <= bar_ms);
}

std::uintmax_t size_of(const std::string& folder) {
  std::uintmax_t bytes = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder))
    bytes += entry.is_regular_file() ? entry.file_size() : 0;
  return bytes;
}

int bench(const std::string& home, int count) {
  {
    auto made = Ledger::open(home, "bench");
    if (!made) stop_at(made.error());
    fill(*made, count);
  }
  // Each call opens the ledger, as each command does.
  const auto with_ledger = [&](const std::function<bool(Ledger&)>& call) {
    auto ledger = Ledger::open_existing(home, "bench");
    return ledger && call(*ledger);
  };
  measure("list", count,
          [&] { return with_ledger([](Ledger& ledger) { return ledger.runs(20)->size() == 20; }); });
  measure("search", count, [&] {
    return with_ledger([](Ledger& ledger) { return bool(ledger.search(word() + " " + word(), 20)); });
  });
  measure("open", count, [&] {
    return with_ledger([&](Ledger& ledger) {
      const int any = static_cast<int>(random_source() % static_cast<unsigned>(count));
      auto rows = ledger.find_all(
          fmt::format("2026{:02}{:02}-{:06}", any / 28000 % 12 + 1, any / 1000 % 28 + 1, any), 2);
      if (!rows || rows->size() != 1 || !ledger.detail(rows->front())) return false;
      auto json = ledger.object(rows->front(), "report");
      return json && bool(report_from_json(*json));
    });
  });
  measure("queue", count, [&] { return with_ledger([](Ledger& ledger) { return bool(ledger.queue({})); }); });
  const double size = static_cast<double>(size_of(home));
  fmt::print(
      "{{\"name\":\"ledger_home_of_{}_runs\",\"value\":{:.1f},\"unit\":\"MB\",\"comparator\":null,\"ratio\":"
      "null,"
      "\"bar\":null,\"holds\":null}}\n",
      count, size / 1e6);
  fmt::print(
      "{{\"name\":\"ledger_bytes_a_run\",\"value\":{:.0f},\"unit\":\"B\",\"comparator\":null,\"ratio\":null,"
      "\"bar\":null,\"holds\":null}}\n",
      size / count);
  return 0;
}

}  // namespace

int main(int count, char** arguments) {
  const int runs = count == 2 ? std::atoi(arguments[1]) : 100'000;
  if (count > 2 || runs < 20) {
    std::fprintf(stderr, "usage: ledger [RUNS], at least 20\n");
    return 2;
  }
  std::string home = (std::filesystem::temp_directory_path() / "carrel-ledger-XXXXXX").string();
  if (::mkdtemp(home.data()) == nullptr) return 1;
  const int status = bench(home, runs);
  std::error_code error;
  std::filesystem::remove_all(home, error);
  return status;
}
