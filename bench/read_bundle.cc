// How fast the read room reads: read_bundle() with the log miner, as the room runs it.
//
// links: room/bundle room/evidence
//
// A tar of 500 MB of logs on one core, and the same tar packed by gzip beside `gzip -dc > /dev/null`, in
// turns, so that both see the same machine; medians count. The files lie in $TMPDIR and are read once before,
// so that the disk is not measured. MB are 10^6 bytes of the tar.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "read_bundle_logs.h"
#include "room/bundle/read.h"
#include "room/evidence/mine.h"

namespace {

using namespace carrel;

constexpr std::uint64_t log_bytes = 500'000'000;
constexpr int rounds = 5;

[[noreturn]] void fail(const std::string& why) {
  fmt::print(stderr, "read_bundle: {}\n", why);
  std::exit(1);
}

template <class Work>
double seconds_of(const Work& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

void read(const std::string& path) {
  auto fd = open_read(path);
  if (!fd) fail(fd.error().what);
  BundleOptions options;
  options.name = path;
  Inventory inventory;
  LogMiner miner("why did the checkout fail?");
  const auto summary = read_bundle(fd->get(), options, &inventory, &miner);
  if (!summary) fail(summary.error().what);
  if (summary->bytes < log_bytes || !summary->left_out.empty()) fail("did not read all of it");
}

// Runs gzip with standard input and output from and to files.
void run_gzip(const char* option, const std::string& from, const std::string& to) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, from.c_str(), O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 1, to.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  std::string program = "gzip", argument = option;
  char* const arguments[] = {program.data(), argument.data(), nullptr};
  pid_t child = 0;
  if (posix_spawnp(&child, "gzip", &actions, nullptr, arguments, environ) != 0) fail("cannot start gzip");
  posix_spawn_file_actions_destroy(&actions);
  int status = 0;
  waitpid(child, &status, 0);
  if (status != 0) fail("gzip failed");
}

// Keeps this thread, and the threads it makes, on one core while it lives.
class OneCore {
 public:
  OneCore() {
    sched_getaffinity(0, sizeof before_, &before_);
    int core = 0;
    while (!CPU_ISSET(core, &before_)) ++core;
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(core, &one);
    if (sched_setaffinity(0, sizeof one, &one) != 0) fail("cannot stay on one core");
  }
  ~OneCore() { sched_setaffinity(0, sizeof before_, &before_); }
  OneCore(const OneCore&) = delete;
  OneCore& operator=(const OneCore&) = delete;

 private:
  cpu_set_t before_{};
};

}  // namespace

int main() {
  std::string folder = (std::filesystem::temp_directory_path() / "carrel-read-bundle.XXXXXX").string();
  if (mkdtemp(folder.data()) == nullptr) fail("cannot make a temporary folder");
  const std::string tar = folder + "/logs.tar";
  const std::string packed = folder + "/logs.tar.gz";
  write_tar_of_logs(tar, log_bytes);
  run_gzip("-c", tar, packed);
  const double megabytes = static_cast<double>(std::filesystem::file_size(tar)) / 1e6;

  read(tar);
  std::vector<double> plain;
  for (int round = 0; round < rounds; ++round) {
    const OneCore core;
    plain.push_back(seconds_of([&] { read(tar); }));
  }
  const double tar_speed = megabytes / median(plain);
  fmt::print(
      "{{\"name\":\"read_tar_mb_s\",\"value\":{:.0f},\"unit\":\"MB/s\",\"comparator\":null,\"ratio\":null,"
      "\"bar\":300,\"holds\":{}}}\n",
      tar_speed, tar_speed >= 300);

  std::vector<double> ours, theirs;
  for (int round = 0; round < rounds; ++round) {
    ours.push_back(seconds_of([&] { read(packed); }));
    theirs.push_back(seconds_of([&] { run_gzip("-dc", packed, "/dev/null"); }));
  }
  const double ratio = median(theirs) / median(ours);
  fmt::print(
      "{{\"name\":\"read_tar_gz_mb_s\",\"value\":{:.0f},\"unit\":\"MB/s\",\"comparator\":\"gzip -dc\","
      "\"ratio\":{:.2f},\"bar\":0.8,\"holds\":{}}}\n",
      megabytes / median(ours), ratio, ratio >= 0.8);
  std::filesystem::remove_all(folder);
  return 0;
}
