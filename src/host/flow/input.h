// Input: the bundle of a run, opened and hashed by the host, which never parses it.
//
// A file is handed to rooms as its descriptor. A folder is streamed as a tar (tar_stream.h), by a thread,
// into a pipe; its digest is that of the stream. Whatever the rooms read is hashed again, and a difference
// ends the run.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "base/fd.h"
#include "base/result.h"

namespace carrel {

// What one room reads from. close() after the room has ended.
class InputStream {
 public:
  InputStream() = default;
  InputStream(InputStream&&) = default;
  InputStream& operator=(InputStream&&) = delete;
  ~InputStream();

  Fd descriptor;  // moved into the room
  // Waits for the writer of a folder; an Error where the input was not what was hashed before.
  Status close();

 private:
  friend class Input;
  struct Writer;
  std::unique_ptr<Writer> writer_;
};

class Input {
 public:
  // Opens and hashes. `progress` gets the bytes hashed so far; setting `stop` ends it (Code::interrupted).
  static Result<Input> open(const std::string& path, const std::function<void(std::uint64_t)>& progress,
                            const std::atomic<bool>& stop);

  Result<InputStream> stream() const;

  // After the last room: an Error where the file has changed since it was hashed.
  Status unchanged() const;

  const std::string& path() const { return path_; }
  const std::string& sha256() const { return sha256_; }
  std::uint64_t bytes() const { return bytes_; }
  bool is_folder() const { return !file_.valid(); }

 private:
  std::string path_, sha256_;
  std::uint64_t bytes_ = 0;
  Fd file_;                      // not valid for a folder
  std::int64_t changed_at_ = 0;  // ctime of the file, nanoseconds
};

}  // namespace carrel
