#include "collect/cluster/kubectl_proxy.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <mutex>
#include <thread>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"

namespace carrel {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::size_t most_words = 8 << 10;
constexpr std::chrono::seconds patience(30);  // an auth plug-in may ask somebody

// Every method but GET: RE2 has no negation, so that it says what is not these three letters.
constexpr const char* all_but_get = "^([^G].*|G([^E].*)?|GE([^T].*)?|GET.+)?$";

// kubectl takes these as a list parted by commas, so that none may have one.
std::string accepted_paths(const KubectlOptions& options) {
  std::string paths =
      "^/version$,"                                          // the server's version
      "^/apis?$,^/api/v1$,^/apis/[^/]+/[^/]+$,"              // which kinds there are
      "^/api/v1/(namespaces/[^/]+/)?[a-z0-9-]+$,"            // lists of the core group
      "^/apis/[^/]+/[^/]+/(namespaces/[^/]+/)?[a-z0-9-]+$,"  // lists of the other groups
      "^/api/v1/namespaces/[^/]+/pods/[^/]+/log$";           // logs
  if (!options.prometheus_proxy.empty()) paths += ",^" + options.prometheus_proxy + "/api/v1/[a-z_/]+$";
  return paths;
}

// What is refused though the above would let it through. Secrets of all namespaces at once are never asked
// for.
std::string rejected_paths(const KubectlOptions& options) {
  return std::string("/(exec|attach|portforward)(/|$),") +
         (options.secrets ? "^/api/v1/secrets$" : "/secrets(/|$)");
}

std::string socket_folder() {
  for (const char* variable : {"XDG_RUNTIME_DIR", "TMPDIR"}) {
    const char* const place = std::getenv(variable);
    if (place != nullptr && place[0] == '/' && ::access(place, W_OK | X_OK) == 0) return place;
  }
  return "/tmp";
}

// The process between this program and kubectl: ends kubectl when this program has gone, however it went,
// which the end of its pipe tells. The kernel's own signal for that (PR_SET_PDEATHSIG) does not do: some
// kubectl execute the one that fits the server, from a thread of theirs, and lose it so.
[[noreturn]] void keep(pid_t kubectl, int gone) {
  const Fd ended(static_cast<int>(::syscall(SYS_pidfd_open, kubectl, 0)));
  std::array<pollfd, 2> wait = {pollfd{gone, POLLIN, 0}, pollfd{ended.get(), POLLIN, 0}};
  while (::poll(wait.data(), wait.size(), -1) < 0 && errno == EINTR) {
  }
  if (wait[1].revents == 0) {
    ::kill(kubectl, SIGTERM);
    ::poll(&wait[1], 1, 2000);
    ::kill(kubectl, SIGKILL);
  }
  ::waitpid(kubectl, nullptr, 0);
  ::_exit(0);
}

}  // namespace

// The newest of what the child said. Read by a thread of its own, so that a child that says much never waits.
struct KubectlProxy::Words {
  Fd from;
  mutable std::mutex mutex;
  std::string text;

  void listen() {
    std::array<char, 4096> block{};
    for (;;) {
      auto n = read_some(from.get(), block.data(), block.size());
      if (!n || *n == 0) return;
      const std::lock_guard lock(mutex);
      text.append(block.data(), *n);
      if (text.size() > most_words) text.erase(0, text.size() - most_words);
    }
  }
};

std::vector<std::string> kubectl_proxy_command(const KubectlOptions& options, const std::string& socket) {
  std::vector<std::string> words = {options.program};
  if (!options.kubeconfig.empty()) words.push_back("--kubeconfig=" + options.kubeconfig);
  if (!options.context.empty()) words.push_back("--context=" + options.context);
  words.insert(words.end(),
               {"proxy", "--unix-socket=" + socket, "--reject-methods=" + std::string(all_but_get),
                "--accept-paths=" + accepted_paths(options), "--reject-paths=" + rejected_paths(options)});
  return words;
}

Result<std::unique_ptr<KubectlProxy>> KubectlProxy::start(const KubectlOptions& options,
                                                          const std::atomic<bool>& stop) {
  std::unique_ptr<KubectlProxy> proxy(new KubectlProxy);
  std::string folder = socket_folder() + "/support-diag.XXXXXX";
  if (::mkdtemp(folder.data()) == nullptr) return errno_error("cannot make a folder " + folder);
  proxy->folder_ =
      folder;  // mode 0700: the socket gives this user's access to the cluster to whoever opens it
  if (Status done = proxy->listen_on(folder, options, stop); !done) return done.error();
  return proxy;
}

Status KubectlProxy::listen_on(const std::string& folder, const KubectlOptions& options,
                               const std::atomic<bool>& stop) {
  server_.socket = folder + "/socket";
  const std::vector<std::string> words = kubectl_proxy_command(options, server_.socket);
  std::vector<char*> arguments;
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  std::array<int, 2> said{}, failed{};
  if (::pipe2(said.data(), O_CLOEXEC) != 0) return errno_error("cannot make a pipe");
  words_ = std::make_shared<Words>();
  words_->from = Fd(said[0]);
  Fd say(said[1]);
  if (::pipe2(failed.data(), O_CLOEXEC) != 0) return errno_error("cannot make a pipe");
  const Fd failed_end(failed[0]);
  Fd fail(failed[1]);
  std::array<int, 2> life{};
  if (::pipe2(life.data(), O_CLOEXEC) != 0) return errno_error("cannot make a pipe");
  const Fd gone(life[0]);
  lifeline_ = Fd(life[1]);
  child_ = ::fork();
  if (child_ < 0) return errno_error("cannot start " + options.program);
  if (child_ == 0) {
    const pid_t kubectl = ::fork();
    if (kubectl < 0) ::_exit(126);
    if (kubectl > 0) {
      lifeline_.reset();
      say.reset();
      fail.reset();
      keep(kubectl, gone.get());
    }
    // Standard input and the terminal stay as they are, for auth plug-ins that ask.
    ::dup2(say.get(), 1);
    ::dup2(say.get(), 2);
    ::execvp(arguments[0], arguments.data());
    const int problem = errno;
    if (::write(fail.get(), &problem, sizeof problem) < 0) ::_exit(126);
    ::_exit(127);
  }
  say.reset();
  fail.reset();
  int problem = 0;
  if (::read(failed_end.get(), &problem, sizeof problem) == sizeof problem) {
    errno = problem;
    Error error = errno_error("cannot run " + options.program);
    error.remedy = "install kubectl, or name it with --kubectl";
    return error;
  }
  // Not joined: a plug-in that outlives kubectl may hold the pipe open.
  std::thread([words = words_] { words->listen(); }).detach();
  return wait_until_it_listens(stop);
}

Status KubectlProxy::wait_until_it_listens(const std::atomic<bool>& stop) {
  const auto end = Clock::now() + patience;
  while (Clock::now() < end) {
    if (stop) return Error{Code::interrupted, "interrupted", ""};
    if (::access(server_.socket.c_str(), F_OK) == 0) return {};
    if (::waitpid(child_, nullptr, WNOHANG) == child_) {
      child_ = -1;
      std::this_thread::sleep_for(milliseconds(50));  // its last words are on their way
      return Error{Code::machine, "kubectl proxy ended at once: " + last_words(),
                   "see whether `kubectl version` works"};
    }
    std::this_thread::sleep_for(milliseconds(10));
  }
  return Error{Code::machine,
               fmt::format("kubectl proxy did not listen within {} s: {}", patience.count(), last_words()),
               "see whether `kubectl version` works"};
}

KubectlProxy::~KubectlProxy() {
  lifeline_.reset();
  if (child_ > 0) ::waitpid(child_, nullptr, 0);
  ::unlink(server_.socket.c_str());
  ::rmdir(folder_.c_str());
}

std::string KubectlProxy::last_words() const {
  if (!words_) return "";
  const std::lock_guard lock(words_->mutex);
  return std::string(trim(words_->text));
}

}  // namespace carrel
