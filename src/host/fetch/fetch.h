// Fetches one large file over HTTP so that nothing that arrived is lost: what a broken connection, an
// interrupted program or a restarted machine left is kept, and the next attempt asks for the rest.
//
//   FILE.part          what has arrived; whoever asked for it looks at it and names it FILE
//   FILE.part.origin   from where, and the server's own mark of that version of the file
//
// The rest is only added where the server says that the file is still the same; else it begins anew. This is
// the one place with a network client, and it is in a program of its own (carrel-fetch). Single-threaded.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>

#include "base/result.h"

namespace carrel {

struct FetchRequest {
  std::string url;
  std::string file;
  std::string bearer;                    // a token for the URL's own host, never for another; empty: none
  std::uint64_t spare_bytes = 64 << 20;  // that must be left free on the disk
  int attempts = 8;                      // in a row, without a byte more
  int refused_attempts = 3;              // where nobody listens and nothing has arrived in this call
  double first_pause_s = 0.5;            // before another attempt; doubles up to 30 s
};

// `done` and `total` bytes of the file, total 0 where it is not known; `resumed`: what was there before.
struct FetchObserver {
  std::function<void(std::uint64_t done, std::uint64_t total, std::uint64_t resumed)> progress;
  // An attempt failed, and the retry of that number (from 1) of `of` follows in so many seconds.
  std::function<void(int number, int of, double seconds, const std::string& why)> retry;
};

struct Fetched {
  std::uint64_t bytes = 0;
  std::uint64_t resumed = 0;  // of them there already
  std::string sha256;         // as the server names it (X-Linked-ETag); empty where it does not
};

// Errors: usage (the server does not have it, or refuses), does_not_fit (the disk), machine (the network; at
// once where the host's name is not known), interrupted (`stop`). What arrived is kept; where nothing did no
// file is left.
Result<Fetched> fetch(const FetchRequest& request, const FetchObserver& observer,
                      const std::atomic<bool>& stop);

}  // namespace carrel
