#include "collect/machine/machine.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>

#include <fcntl.h>
#include <fmt/format.h>
#include <glob.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"

namespace carrel {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t most_files = 10'000;

// The first bytes that fit; says so where that is not all.
Result<TaskEnd> copy_file(const std::string& path, std::uint64_t most, Spool& out) {
  // Not blocking: a pipe that nobody writes would be waited for.
  Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file.valid()) return TaskEnd{"", errno_error("cannot open it").what, ""};
  struct stat status {};
  if (::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode))
    return TaskEnd{"", "it is no regular file", ""};
  std::string block(64 << 10, '\0');
  for (;;) {
    auto n = read_some(file.get(), block.data(), block.size());
    if (!n) return TaskEnd{"", n.error().what, ""};
    if (*n == 0) return TaskEnd{"read", "", ""};
    const std::size_t fits = std::min<std::uint64_t>(*n, most - out.size());
    if (Status done = out.write({block.data(), fits}); !done) return done.error();
    if (fits < *n)
      return TaskEnd{
          "read", "",
          fmt::format("the first {} bytes of {}", most, static_cast<std::uint64_t>(status.st_size))};
  }
}

struct Child {
  pid_t pid = -1;
  Fd out, err;
};

Result<Child> start(const std::vector<std::string>& words) {
  std::vector<char*> arguments;
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  std::array<int, 2> out{}, err{};
  if (::pipe2(out.data(), O_CLOEXEC) != 0) return errno_error("cannot make a pipe");
  Child child;
  child.out = Fd(out[0]);
  const Fd out_end(out[1]);
  if (::pipe2(err.data(), O_CLOEXEC) != 0) return errno_error("cannot make a pipe");
  child.err = Fd(err[0]);
  const Fd err_end(err[1]);
  const Fd nothing(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  child.pid = ::fork();
  if (child.pid < 0) return errno_error("cannot start " + words.front());
  if (child.pid == 0) {
    ::dup2(nothing.get(), 0);
    ::dup2(out_end.get(), 1);
    ::dup2(err_end.get(), 2);
    ::execvp(arguments[0], arguments.data());
    ::_exit(127);
  }
  return child;
}

struct Fact {
  std::string file;
  std::string why;
  const char* path;                  // to be read; or
  std::vector<std::string> command;  // to be run
};

std::vector<Fact> facts(const MachineOptions& options) {
  const std::string since = "--since=" + (options.since.empty() ? std::string("-24h") : "-" + options.since);
  std::vector<Fact> all = {
      {"system/os-release", "which distribution", "/etc/os-release", {}},
      {"system/kernel", "which kernel", "/proc/version", {}},
      {"system/cmdline", "how the kernel was started", "/proc/cmdline", {}},
      {"system/meminfo", "how much memory is left", "/proc/meminfo", {}},
      {"system/cpuinfo", "which processors", "/proc/cpuinfo", {}},
      {"system/loadavg", "how much waits to run", "/proc/loadavg", {}},
      {"system/uptime", "since when it runs", "/proc/uptime", {}},
      {"system/mounts", "what is mounted how", "/proc/mounts", {}},
      {"system/pressure-memory", "whether memory is short", "/proc/pressure/memory", {}},
      {"system/pressure-io", "whether disks are slow", "/proc/pressure/io", {}},
      {"system/sockstat", "how many sockets there are", "/proc/net/sockstat", {}},
      {"system/file-nr", "how many files are open", "/proc/sys/fs/file-nr", {}},
      {"system/conntrack-count",
       "how many connections are tracked",
       "/proc/sys/net/netfilter/nf_conntrack_count",
       {}},
      {"system/conntrack-max", "how many may be", "/proc/sys/net/netfilter/nf_conntrack_max", {}},
      {"system/resolv.conf", "which name servers are asked", "/etc/resolv.conf", {}},
      {"system/df.txt", "which disks are full", nullptr, {"df", "-PT"}},
      {"system/df-inodes.txt", "which disks have no inodes left", nullptr, {"df", "-Pi"}},
      {"system/lsblk.txt",
       "which disks there are",
       nullptr,
       {"lsblk", "-o", "NAME,TYPE,SIZE,FSTYPE,MOUNTPOINT"}},
      {"system/addresses.txt", "which network interfaces there are", nullptr, {"ip", "address"}},
      {"system/routes.txt", "which routes there are", nullptr, {"ip", "route"}},
      {"journal/kernel.log",
       "what the kernel said",
       nullptr,
       {"journalctl", "--no-pager", "-o", "short-iso-precise", since, "-k"}},
  };
  for (const char* const unit : {"kubelet", "containerd", "crio", "docker"}) {
    all.push_back({fmt::format("journal/{}.log", unit),
                   "what runs containers here said",
                   nullptr,
                   {"journalctl", "--no-pager", "-o", "short-iso-precise", since, "-u", unit}});
  }
  return all;
}

// A name in the bundle is text: a byte that is no UTF-8 stands as \xff, so that two names stay two.
std::string name_in_bundle(std::string_view path) {
  std::string name = "configuration";
  while (!path.empty()) {
    const std::size_t length = utf8_length(path);
    name += length > 0 ? std::string(path.substr(0, length))
                       : fmt::format("\\x{:02x}", static_cast<unsigned char>(path.front()));
    path.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return name;
}

std::vector<std::string> matches(const std::string& pattern, std::string* problem) {
  glob_t found{};
  const int state = ::glob(pattern.c_str(), 0, nullptr, &found);
  std::vector<std::string> paths(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  ::globfree(&found);
  if (state == GLOB_NOMATCH) *problem = "no file matches";
  if (state == GLOB_ABORTED || state == GLOB_NOSPACE) *problem = "the folder cannot be read";
  if (paths.size() > most_files) {
    *problem = fmt::format("it matches {} files, and {} are the most", paths.size(), most_files);
    paths.clear();
  }
  return paths;
}

}  // namespace

Result<TaskEnd> run_command(const std::vector<std::string>& words, const MachineOptions& options,
                            const std::atomic<bool>& stop, Spool& out) {
  auto child = start(words);
  if (!child) return TaskEnd{"", child.error().what, ""};
  const auto end = Clock::now() + std::chrono::seconds(options.timeout_seconds);
  std::array<pollfd, 2> wait = {pollfd{child->out.get(), POLLIN, 0}, pollfd{child->err.get(), POLLIN, 0}};
  std::string block(64 << 10, '\0'), words_of_error, cut;
  Status written;
  while (written && cut.empty() && (wait[0].fd >= 0 || wait[1].fd >= 0)) {
    if (stop) cut = "interrupted";
    if (Clock::now() >= end) cut = fmt::format("it took longer than {} s", options.timeout_seconds);
    if (::poll(wait.data(), wait.size(), 100) <= 0) continue;
    for (pollfd& one : wait) {
      if (one.fd < 0 || one.revents == 0) continue;
      auto n = read_some(one.fd, block.data(), block.size());
      if (!n || *n == 0) {
        one.fd = -1;
      } else if (&one == &wait[1]) {
        words_of_error.append(
            block, 0, std::min<std::size_t>(*n, 4096 - std::min<std::size_t>(4096, words_of_error.size())));
      } else {
        const std::size_t fits = std::min<std::uint64_t>(*n, options.bytes - out.size());
        written = out.write({block.data(), fits});
        if (fits < *n) cut = fmt::format("the first {} bytes", options.bytes);
      }
    }
  }
  if (!cut.empty() || !written) ::kill(child->pid, SIGKILL);
  int state = 0;
  ::waitpid(child->pid, &state, 0);
  if (!written) return written.error();
  if (!cut.empty()) return out.size() > 0 ? TaskEnd{"ended", "", cut} : TaskEnd{"ended", cut, ""};
  const int code = WIFEXITED(state) ? WEXITSTATUS(state) : 128 + WTERMSIG(state);
  const std::string status = fmt::format("exit {}", code);
  if (code == 0) return TaskEnd{status, "", ""};
  std::string why(trim(words_of_error));
  why.resize(std::min(why.find('\n'), why.size()));
  if (code == 127) why = words.front() + " is not installed";
  out.restart();
  return TaskEnd{status, why.empty() ? "it failed" : to_utf8(why), ""};
}

std::vector<Task> machine_tasks(const MachineOptions& options, const std::atomic<bool>& stop) {
  std::vector<Task> tasks;
  if (options.facts) {
    for (const Fact& fact : facts(options)) {
      Task task{"host-collectors/" + fact.file, "", fact.why, {}};
      if (fact.path != nullptr) {
        task.source = fact.path;
        task.run = [path = std::string(fact.path), most = options.bytes](Spool& out) {
          return copy_file(path, most, out);
        };
      } else {
        for (const std::string& word : fact.command) task.source += (task.source.empty() ? "" : " ") + word;
        task.run = [command = fact.command, options, &stop](Spool& out) {
          return run_command(command, options, stop, out);
        };
      }
      tasks.push_back(std::move(task));
    }
  }
  for (const std::string& pattern : options.patterns) {
    std::string problem;
    const std::vector<std::string> paths = matches(pattern, &problem);
    for (const std::string& path : paths) {
      tasks.push_back({name_in_bundle(path), path, "asked for with --config " + pattern,
                       [path, most = options.bytes](Spool& out) { return copy_file(path, most, out); }});
    }
    if (!problem.empty()) {
      tasks.push_back(
          {name_in_bundle(pattern), pattern, "asked for with --config", [problem](Spool&) -> Result<TaskEnd> {
             return TaskEnd{"", problem, ""};
           }});
    }
  }
  return tasks;
}

}  // namespace carrel
