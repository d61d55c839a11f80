// A collection of a large cluster, beside the same kubectl calls in a shell loop.
//
// links: collect-test-servers
//
// `collect SUPPORT_DIAG [PODS [LOG_BYTES]]`: 5,000 pods with 400 kB of log each unless said otherwise, from
// the tests' API server over TLS, read through the real kubectl. The loop asks for each path that
// support-diag asked for, one after the other, and packs the answers; it redacts nothing. Times are of one
// run each, by the clock, on the same machine and server. Memory is that of support-diag and all its
// children: the sum of the most that each ever had, shared pages counted again for each.
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include "collect/api_server.h"

namespace {

namespace fs = std::filesystem;
using carrel::collect_test::ApiServer;

constexpr double most_memory_mb = 200;

[[noreturn]] void fail(const std::string& why) {
  fmt::print(stderr, "collect: {}\n", why);
  std::exit(1);
}

// The most memory that each process of a session ever had, in kB, as far as it was seen.
void look_at_session(pid_t session, std::map<pid_t, std::uint64_t>* most) {
  for (const auto& entry : fs::directory_iterator("/proc", fs::directory_options::skip_permission_denied)) {
    const pid_t process = std::atoi(entry.path().filename().c_str());
    if (process == 0 || ::getsid(process) != session) continue;
    std::ifstream status(entry.path() / "status");
    for (std::string line; std::getline(status, line);) {
      if (line.starts_with("VmHWM:")) (*most)[process] = std::strtoull(line.c_str() + 6, nullptr, 10);
    }
  }
}

struct Ran {
  double seconds = 0;
  double memory_mb = 0;
};

Ran run(const std::vector<std::string>& words) {
  std::vector<char*> arguments;
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  const auto start = std::chrono::steady_clock::now();
  const pid_t child = ::fork();
  if (child == 0) {
    ::setsid();
    ::dup2(2, 1);
    ::execvp(arguments[0], arguments.data());
    ::_exit(127);
  }
  std::map<pid_t, std::uint64_t> most;
  int status = 0;
  while (::waitpid(child, &status, WNOHANG) == 0) {
    look_at_session(child, &most);
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) fail(words[0] + " failed");
  Ran ran;
  ran.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  for (const auto& [process, kilobytes] : most) ran.memory_mb += static_cast<double>(kilobytes) * 1.024e-3;
  return ran;
}

// What the server was asked for, each once.
std::set<std::string> asked(const ApiServer& server) {
  std::set<std::string> targets;
  for (const std::string& request : server.requests()) targets.insert(request.substr(request.find(' ') + 1));
  return targets;
}

// What an administrator without support-diag would write.
std::string loop(const std::string& folder, const std::set<std::string>& targets) {
  std::ofstream list(folder + "/targets");
  for (const std::string& target : targets) list << target << '\n';
  return fmt::format(
      "mkdir {0}/loop && cd {0}/loop && i=0 && while read -r target; do i=$((i + 1)); kubectl --kubeconfig "
      "{0}/kubeconfig get --raw \"$target\" > $i 2> $i.error; done < {0}/targets; tar -czf {0}/loop.tar.gz .",
      folder);
}

}  // namespace

int main(int count, char** words) {
  if (count < 2 || count > 4) {
    fmt::print(stderr, "usage: collect SUPPORT_DIAG [PODS [LOG_BYTES]]\n");
    return 2;
  }
  const std::size_t pods = count > 2 ? std::strtoul(words[2], nullptr, 10) : 5000;
  const std::size_t log_bytes = count > 3 ? std::strtoul(words[3], nullptr, 10) : 400'000;
  std::string folder = (fs::temp_directory_path() / "carrel-collect.XXXXXX").string();
  if (::mkdtemp(folder.data()) == nullptr) fail("cannot make a temporary folder");

  const ApiServer server(carrel::collect_test::cluster_of_size(pods, log_bytes));
  std::ofstream(folder + "/kubeconfig") << server.kubeconfig();
  const std::string bundle = folder + "/bundle.tar.gz";
  const Ran ours = run({words[1], "collect", "--namespace", "load", "--kubeconfig", folder + "/kubeconfig",
                        "--out", bundle, "--quiet"});
  const auto targets = asked(server);
  if (targets.size() < pods) fail(fmt::format("only {} requests came", targets.size()));
  const Ran loops = run({"bash", "-c", loop(folder, targets)});

  const double ratio = loops.seconds / ours.seconds;
  fmt::print(
      R"({{"name":"collect_s","value":{:.1f},"unit":"s","comparator":"the same {} kubectl calls in a shell loop, {:.1f} s","ratio":{:.2f},"bar":1,"holds":{},"pods":{},"log_mb":{:.0f}}})"
      "\n",
      ours.seconds, targets.size(), loops.seconds, ratio, ratio > 1, pods,
      static_cast<double>(pods * log_bytes) / 1e6);
  fmt::print(
      R"({{"name":"collect_memory_mb","value":{:.0f},"unit":"MB","comparator":null,"ratio":null,"bar":{},"holds":{}}})"
      "\n",
      ours.memory_mb, most_memory_mb, ours.memory_mb < most_memory_mb);
  fs::remove_all(folder);
  return 0;
}
