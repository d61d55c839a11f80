#include "host/cli/fetch_program.h"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <optional>
#include <sstream>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>

#include "base/fd.h"
#include "base/text.h"

namespace carrel {
namespace {

constexpr std::size_t longest_line = 8192;

class Conversation {
 public:
  explicit Conversation(const FetchEvents& events) : events_(events) {}

  // False where a line is too long.
  bool add(std::string_view bytes) {
    for (const char c : bytes) {
      if (c != '\n') {
        line_ += c;
        if (line_.size() > longest_line) return false;
        continue;
      }
      take(line_);
      line_.clear();
    }
    return true;
  }

  Result<FetchOutcome> outcome() const {
    if (fetched_) return *fetched_;
    if (failed_ && error_.size() >= 2)
      return Error{code_, escape_for_terminal(error_[0]), escape_for_terminal(error_[1])};
    return Error{Code::machine, "carrel-fetch ended without a word", "give the same command again"};
  }

 private:
  void take(const std::string& line) {
    if (failed_) {
      if (error_.size() < 2) error_.push_back(line);
      return;
    }
    std::istringstream words(line);
    std::string kind;
    words >> kind;
    if (kind == "progress") {
      std::uint64_t done = 0, total = 0;
      if (words >> done >> total) events_.progress(done, total);
    } else if (kind == "retry") {
      int number = 0, of = 0;
      double seconds = 0;
      std::string why;
      if (words >> number >> of >> seconds && std::getline(words >> std::ws, why))
        events_.retry(
            fmt::format("retry {} of {} in {} s: {}", number, of, seconds, escape_for_terminal(why)));
    } else if (kind == "fetched") {
      FetchOutcome outcome;
      if (words >> outcome.bytes >> outcome.resumed >> outcome.sha256) {
        if (outcome.sha256 == "-") outcome.sha256.clear();
        fetched_ = outcome;
      }
    } else if (kind == "error") {
      int code = 0;
      words >> code;
      failed_ = true;
      code_ = code >= 0 && code <= static_cast<int>(Code::internal) ? static_cast<Code>(code) : Code::machine;
    }
  }

  const FetchEvents& events_;
  std::string line_;
  std::optional<FetchOutcome> fetched_;
  bool failed_ = false;
  Code code_ = Code::machine;
  std::vector<std::string> error_;
};

Result<pid_t> start(const FetchOrder& order, int output) {
  std::vector<std::string> words = {order.program};
  if (order.hub_token) words.emplace_back("--hub-token");
  words.push_back(order.url);
  words.push_back(order.file);
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, output, 1);
  pid_t process = -1;
  const int failed =
      ::posix_spawn(&process, order.program.c_str(), &actions, nullptr, arguments.data(), ::environ);
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) {
    return Error{Code::machine, fmt::format("{} cannot be started: {}", order.program, std::strerror(failed)),
                 "build with `make`, or install with `make install`"};
  }
  return process;
}

}  // namespace

Result<FetchOutcome> run_fetch_program(const FetchOrder& order, const FetchEvents& events,
                                       const std::atomic<bool>& stop) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return errno_error("cannot make a pipe");
  const Fd reading(ends[0]);
  Fd writing(ends[1]);
  auto process = start(order, writing.get());
  writing.reset();
  if (!process) return process.error();

  Conversation conversation(events);
  bool told = false, sound = true;
  for (char block[4096];;) {
    if (stop && !told) {
      ::kill(*process, SIGINT);  // a terminal has told it already; another sender may not have
      told = true;
    }
    pollfd waiting = {reading.get(), POLLIN, 0};
    if (::poll(&waiting, 1, 200) <= 0) continue;
    auto size = read_some(reading.get(), block, sizeof block);
    if (!size || *size == 0) break;
    if (!conversation.add({block, *size})) {
      sound = false;
      ::kill(*process, SIGKILL);
      break;
    }
  }
  while (::waitpid(*process, nullptr, 0) < 0 && errno == EINTR) {
  }
  if (!sound) return Error{Code::internal, "carrel-fetch told what cannot be read", ""};
  return conversation.outcome();
}

}  // namespace carrel
