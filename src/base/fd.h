// Fd: an open file descriptor with one owner, closed when it goes.
#pragma once

#include <cerrno>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <unistd.h>

#include "base/result.h"

namespace carrel {

class Fd {
 public:
  Fd() = default;
  explicit Fd(int number) : number_(number) {}
  Fd(Fd&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    if (this != &other) {
      reset();
      number_ = std::exchange(other.number_, -1);
    }
    return *this;
  }
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  ~Fd() { reset(); }

  int get() const { return number_; }
  bool valid() const { return number_ >= 0; }
  int release() { return std::exchange(number_, -1); }
  void reset() {
    if (number_ >= 0) ::close(std::exchange(number_, -1));
  }

 private:
  int number_ = -1;
};

// An Error of Code::machine (or `code`) for the current errno: "<what>: No space left on device". Leaves
// errno as it is, so that a caller may look at it.
Error errno_error(const std::string& what, Code code = Code::machine);

// Opens read-only with O_CLOEXEC; the error says why not.
Result<Fd> open_read(const std::string& path);

// Writes all of it, through interruptions. Units: bytes.
Status write_all(int fd, std::string_view bytes);

// Reads up to `size` bytes, through interruptions; 0 at the end of the file.
Result<std::size_t> read_some(int fd, char* into, std::size_t size);

// Reads to the end; more than `limit` bytes is an Error of Code::does_not_fit.
Result<std::string> read_all(int fd, std::size_t limit);

// Opens and reads a whole file, as above.
Result<std::string> read_file(const std::string& path, std::size_t limit);

// Whether something stands at `path`. What cannot be looked at is not taken for missing: that is an Error.
Result<bool> path_exists(const std::string& path);

// The same of a file that is our own: nothing where there is none, and what else keeps it from being read is
// the machine's.
Result<std::optional<std::string>> read_file_if_there(const std::string& path, std::size_t limit);

// Makes the names durable that stand in the folder of `path` (which may end in '/': that folder itself).
Status sync_folder_of(const std::string& path);

// Replaces `path` by a file with these bytes so that a crash leaves either the old or the new one: written
// beside it, synced, renamed, and the folder synced.
Status write_file_durably(const std::string& path, std::string_view bytes, int mode = 0600);

}  // namespace carrel
