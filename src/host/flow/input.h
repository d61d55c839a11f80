// Input: the bundle of a run, opened and hashed by the host, which never parses it.
//
// A file is handed to rooms as its descriptor. A folder is streamed as a tar (tar_stream.h), by a thread,
// into a pipe; its digest is that of the stream, and each stream to a room is compared with it. What this
// user may not read in the folder is left out of the stream and told.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "host/flow/hashed_file.h"
#include "record/evidence.h"

namespace carrel {

// What one room reads from. End it with close() or abandon() after the room has ended.
class InputStream {
 public:
  InputStream();
  InputStream(InputStream&&) noexcept;
  InputStream& operator=(InputStream&&) = delete;
  ~InputStream();

  Fd descriptor;  // moved into the room
  // Waits for the writer of a folder; an Error where the folder was not what was hashed before.
  Status close();
  // Ends the writer at once: the room failed, and what it would have read no longer matters.
  void abandon();

 private:
  friend class Input;
  struct Writer;
  std::unique_ptr<Writer> writer_;
};

class Input {
 public:
  // Opens and hashes. `progress` gets total 0 for a folder. Setting `stop` ends it (Code::interrupted).
  static Result<Input> open(const std::string& path, const HashProgress& progress,
                            const std::atomic<bool>& stop);

  // `stop` must live as long as the stream.
  Result<InputStream> stream(const std::atomic<bool>& stop) const;

  // After the last room: an Error where the file has changed since it was hashed.
  Status unchanged() const;

  const std::string& path() const { return path_; }
  const std::string& sha256() const { return file_ ? file_->sha256() : sha256_; }
  std::uint64_t bytes() const { return file_ ? file_->bytes() : bytes_; }
  bool is_folder() const { return !file_; }
  // Of a folder: what could not be opened, an entry a reason with the first as an example.
  const std::vector<LeftOut>& unreadable() const { return unreadable_; }

 private:
  std::string path_;
  std::optional<HashedFile> file_;
  std::string sha256_;  // of a folder's stream
  std::uint64_t bytes_ = 0;
  std::vector<LeftOut> unreadable_;
};

}  // namespace carrel
