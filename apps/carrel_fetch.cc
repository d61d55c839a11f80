// carrel-fetch: the one program with a network client, started by `carrel models pull` alone. It is given a
// URL and the file to write (FILE.part: host/fetch/fetch.h), reads nothing of the user's, and tells on stdout
// how it goes, a line each:
//
//   progress DONE TOTAL RESUMED        bytes
//   retry NUMBER OF SECONDS WHY        an attempt failed, and another follows
//   fetched BYTES RESUMED SHA256|-     the sum that the server names, where it does
//   error CODE, then a line with what is wrong and one with what to do
//
//   carrel-fetch [--hub-token] URL FILE
//
// --hub-token: HF_TOKEN of the environment goes to the URL's host.
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/text.h"
#include "host/fetch/fetch.h"

namespace {

using namespace carrel;

std::atomic<bool> stop_requested{false};

void tell(const std::string& line) {
  std::fputs((line + "\n").c_str(), stdout);
  std::fflush(stdout);
}

int run(const std::vector<std::string>& words) {
  FetchRequest request;
  std::vector<std::string> rest;
  for (const std::string& word : words) {
    if (word == "--hub-token") {
      const char* token = std::getenv("HF_TOKEN");
      if (token != nullptr) request.bearer = token;
    } else {
      rest.push_back(word);
    }
  }
  if (rest.size() != 2) return 2;
  request.url = rest[0];
  request.file = rest[1];
  auto shown = std::chrono::steady_clock::time_point();
  FetchObserver observer;
  observer.progress = [&](std::uint64_t done, std::uint64_t total, std::uint64_t resumed) {
    const auto now = std::chrono::steady_clock::now();
    if (now - shown < std::chrono::milliseconds(100)) return;
    shown = now;
    tell(fmt::format("progress {} {} {}", done, total, resumed));
  };
  observer.retry = [](int number, int of, double seconds, const std::string& why) {
    tell(fmt::format("retry {} {} {} {}", number, of, seconds, escape_for_terminal(why)));
  };
  const auto fetched = fetch(request, observer, stop_requested);
  if (!fetched) {
    tell(fmt::format("error {}", static_cast<int>(fetched.error().code)));
    tell(escape_for_terminal(fetched.error().what));
    tell(escape_for_terminal(fetched.error().remedy));
    return 1;
  }
  tell(fmt::format("fetched {} {} {}", fetched->bytes, fetched->resumed,
                   fetched->sha256.empty() ? "-" : fetched->sha256));
  return 0;
}

}  // namespace

int main(int count, char** words) {
  // It talks to machines that nobody vouches for: it can gain no rights, and dies with who asked.
  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  const rlimit none = {0, 0};
  ::setrlimit(RLIMIT_CORE, &none);
  ::umask(077);
  std::signal(SIGPIPE, SIG_IGN);
  for (const int number : {SIGINT, SIGTERM}) {
    std::signal(number, [](int) { stop_requested = true; });
  }
  return run(std::vector<std::string>(words + 1, words + count));
}
