#include "servers.h"

#include <algorithm>
#include <csignal>
#include <filesystem>

#include <arpa/inet.h>
#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace carrel::collect_test {
namespace {

constexpr uid_t nobody = 65534;

pid_t start(const std::vector<std::string>& words, const std::string& folder) {
  std::vector<char*> arguments;
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  const bool root = ::getuid() == 0;
  if (root && ::chown(folder.c_str(), nobody, nobody) != 0) return -1;
  const pid_t child = ::fork();
  if (child != 0) return child;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (root && (::setgroups(0, nullptr) != 0 || ::setgid(nobody) != 0 || ::setuid(nobody) != 0)) ::_exit(126);
  const int log = ::open((folder + "/log").c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
  ::dup2(log, 1);
  ::dup2(log, 2);
  if (::chdir(folder.c_str()) != 0) ::_exit(126);
  ::execvp(arguments[0], arguments.data());
  ::_exit(127);
}

}  // namespace

Running::Running(const std::vector<std::string>& words, std::string folder) : child_(start(words, folder)) {}

Running::~Running() {
  if (child_ <= 0) return;
  ::kill(child_, SIGQUIT);  // PostgreSQL's "immediate"; the end of any other
  ::waitpid(child_, nullptr, 0);
}

int run_as_nobody(const std::vector<std::string>& words, const std::string& folder) {
  const pid_t child = start(words, folder);
  int status = -1;
  if (child > 0) ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int free_port() {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  socklen_t size = sizeof address;
  ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size);
  ::close(socket);
  return ntohs(address.sin_port);
}

std::string postgres_program(const std::string& name) {
  std::vector<std::string> found;
  std::error_code error;
  for (const auto& version : std::filesystem::directory_iterator("/usr/lib/postgresql", error)) {
    const std::string path = version.path() / "bin" / name;
    if (std::filesystem::exists(path)) found.push_back(path);
  }
  return found.empty() ? "" : *std::max_element(found.begin(), found.end());
}

}  // namespace carrel::collect_test
