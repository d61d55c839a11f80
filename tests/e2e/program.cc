#include "program.h"

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <thread>

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "made_model/model.h"

namespace carrel::e2e {
namespace {

struct Child {
  pid_t pid = -1;
  int out = -1, err = -1;
};

Child start(const std::vector<std::string>& words, const std::vector<std::string>& variables) {
  std::array<int, 2> out{}, err{};
  EXPECT_EQ(::pipe2(out.data(), O_CLOEXEC), 0);
  EXPECT_EQ(::pipe2(err.data(), O_CLOEXEC), 0);
  std::vector<char*> arguments, environment;
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  for (const std::string& variable : variables) environment.push_back(const_cast<char*>(variable.c_str()));
  arguments.push_back(nullptr);
  environment.push_back(nullptr);
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::dup2(::open("/dev/null", O_RDONLY), 0);
    ::dup2(out[1], 1);
    ::dup2(err[1], 2);
    ::execvpe(arguments[0], arguments.data(), environment.data());
    ::_exit(127);
  }
  ::close(out[1]);
  ::close(err[1]);
  return {pid, out[0], err[0]};
}

Outcome collect(const Child& child) {
  Outcome outcome;
  std::array<pollfd, 2> wait = {pollfd{child.out, POLLIN, 0}, pollfd{child.err, POLLIN, 0}};
  const std::array<std::string*, 2> into = {&outcome.out, &outcome.err};
  std::array<char, 1 << 16> block{};
  while (wait[0].fd >= 0 || wait[1].fd >= 0) {
    ::poll(wait.data(), wait.size(), -1);
    for (std::size_t i = 0; i < wait.size(); ++i) {
      if (wait[i].fd < 0 || wait[i].revents == 0) continue;
      const ssize_t n = ::read(wait[i].fd, block.data(), block.size());
      if (n > 0) {
        into[i]->append(block.data(), static_cast<std::size_t>(n));
      } else {
        ::close(wait[i].fd);
        wait[i].fd = -1;
      }
    }
  }
  int status = 0;
  ::waitpid(child.pid, &status, 0);
  outcome.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return outcome;
}

std::vector<std::string> with_carrel(const std::vector<std::string>& arguments) {
  std::vector<std::string> words = {CARREL};
  words.insert(words.end(), arguments.begin(), arguments.end());
  return words;
}

}  // namespace

Scratch::Scratch() {
  std::string pattern = testing::TempDir() + "/carrel-e2e-XXXXXX";
  folder_ = ::mkdtemp(pattern.data());
  EXPECT_EQ(::prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
}

Scratch::~Scratch() {
  std::filesystem::remove_all(folder_);
}

Outcome Scratch::run(const std::vector<std::string>& words, const std::vector<std::string>& variables) const {
  std::vector<std::string> all = {"HOME=" + folder_, "PATH=" + std::string(std::getenv("PATH")),
                                  "LANG=C.UTF-8"};
  all.insert(all.end(), variables.begin(), variables.end());
  return collect(start(words, all));
}

Outcome Scratch::carrel(const std::vector<std::string>& arguments,
                        const std::vector<std::string>& variables) const {
  return run(with_carrel(arguments), variables);
}

Outcome Scratch::carrel_while(const std::vector<std::string>& arguments,
                              const std::function<void(pid_t)>& meanwhile) const {
  const Child child = start(with_carrel(arguments), {"HOME=" + folder_});
  meanwhile(child.pid);
  return collect(child);
}

bool Scratch::nothing_left_running() {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  while (std::chrono::steady_clock::now() < end) {
    const pid_t ended = ::waitpid(-1, nullptr, WNOHANG);
    if (ended < 0) return errno == ECHILD;
    if (ended == 0) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

std::string Scratch::file(const std::string& name, const std::string& bytes) const {
  const std::string path = folder_ + "/" + name;
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  std::ofstream(path, std::ios::binary) << bytes;
  return path;
}

std::string Scratch::read(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::string Scratch::tiny_model(std::uint32_t prompt_version, double temperature) const {
  const std::string path = folder_ + "/tiny.gguf";
  made_model::Wish wish;
  wish.context = 16384;  // the example's evidence is longer than a tiny model's usual context
  wish.prompt_version = prompt_version;
  if (temperature >= 0) wish.temperature = temperature;
  EXPECT_TRUE(made_model::make_model(path, wish));
  return path;
}

rapidjson::Document json_of(const Outcome& outcome) {
  rapidjson::Document document;
  document.Parse(outcome.out.data(), outcome.out.size());
  EXPECT_FALSE(document.HasParseError()) << outcome.out << outcome.err;
  return document;
}

}  // namespace carrel::e2e
