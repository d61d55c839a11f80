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
  std::string file;
  bool hub_token = false;  // HF_TOKEN may be shown to the URL's host
};

struct FetchOutcome {
  std::uint64_t bytes = 0, resumed = 0;
  std::string sha256;  // as the server names it; empty where it does not
};

// `progress` gets bytes of the file, done and in all (0: not known). Setting `stop` ends the program; what it
// got is kept.
Result<FetchOutcome> run_fetch_program(const FetchOrder& order,
                                       const std::function<void(std::uint64_t, std::uint64_t)>& progress,
                                       const std::atomic<bool>& stop);

}  // namespace carrel
