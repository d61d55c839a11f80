// Runs carrel-fetch and reads what it tells. The program talks to the network; its words are read within
// limits and shown escaped.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>

#include "base/result.h"

namespace carrel {

struct FetchOrder {
  std::string program;  // carrel-fetch
  std::string url;
  std::string file;        // FILE: what arrives goes into FILE.part
  bool hub_token = false;  // HF_TOKEN may be shown to the URL's host
};

struct FetchOutcome {
  std::uint64_t bytes = 0, resumed = 0;
  std::string sha256;  // as the server names it; empty where it does not
};

struct FetchEvents {
  std::function<void(std::uint64_t done, std::uint64_t total)> progress;  // bytes; total 0: not known
  // An attempt failed: "retry 2 of 7 in 1 s: why".
  std::function<void(const std::string& line)> retry;
};

// What is got lies in FILE.part then. Setting `stop` ends the program; what it got is kept.
Result<FetchOutcome> run_fetch_program(const FetchOrder& order, const FetchEvents& events,
                                       const std::atomic<bool>& stop);

}  // namespace carrel
