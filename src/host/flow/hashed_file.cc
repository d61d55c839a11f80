#include "host/flow/hashed_file.h"

#include <cerrno>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include "digest/sha256.h"

namespace carrel {
namespace {

std::int64_t change_time(const struct stat& status) {
  return status.st_ctim.tv_sec * 1'000'000'000LL + status.st_ctim.tv_nsec;
}

// A run names what it read, so that it can be traced and replayed: what has flowed by is there for neither.
Error no_stream(const std::string& path) {
  return {Code::usage, path + " is a stream, and what is read has to be a file that can be read again",
          "write it to a file first, as with `cat > bundle.tar.gz`, and give that"};
}

}  // namespace

Result<HashedFile> HashedFile::open(const std::string& path, const HashProgress& progress,
                                    const std::atomic<bool>& stop) {
  HashedFile file;
  file.path_ = path;
  // Not blocking: opening a pipe that nobody writes would wait for ever.
  file.file_ = Fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat status {};
  if (!file.file_.valid() && errno == ENOENT && path == "-") return no_stream(path);
  if (!file.file_.valid() || ::fstat(file.file_.get(), &status) != 0) {
    return errno_error("cannot open " + path, Code::bad_input);
  }
  if (S_ISFIFO(status.st_mode)) return no_stream(path);
  if (!S_ISREG(status.st_mode)) {
    const char* is = S_ISDIR(status.st_mode) ? " is a folder" : " is neither a file nor a folder";
    return Error{Code::bad_input, path + is, "give a file"};
  }
  file.changed_at_ = change_time(status);
  Sha256 digest;
  std::vector<char> block(1 << 20);
  for (;;) {
    if (stop) return Error{Code::interrupted, "interrupted", ""};
    auto n = read_some(file.file_.get(), block.data(), block.size());
    if (!n) return std::move(n.error()).in(path);
    if (*n == 0) break;
    digest.add({block.data(), *n});
    file.bytes_ += *n;
    progress(file.bytes_, static_cast<std::uint64_t>(status.st_size));
  }
  if (file.bytes_ == 0) return Error{Code::bad_input, path + " is empty", "get the file again"};
  file.sha256_ = digest.hex();
  return file;
}

Result<Fd> HashedFile::descriptor() const {
  Fd fd(::open(fmt::format("/proc/self/fd/{}", file_.get()).c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return errno_error("cannot open " + path_ + " again");
  return fd;
}

Status HashedFile::unchanged() const {
  struct stat status {};
  if (::fstat(file_.get(), &status) != 0) return errno_error("cannot look at " + path_);
  if (change_time(status) == changed_at_) return {};
  auto fd = descriptor();
  if (!fd) return fd.error();
  auto again = sha256_of_fd(fd->get());
  if (!again) return again.error();
  if (*again == sha256_) return {};  // its times or links changed, its bytes did not
  return Error{Code::bad_input, path_ + " changed while the run read it",
               "run it again when nothing writes to it"};
}

}  // namespace carrel
