#include "base/fd.h"

#include <cstring>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

namespace carrel {

Error errno_error(const std::string& what, Code code) {
  const int number = errno;
  std::string remedy;
  if (number == ENOSPC || number == EDQUOT) remedy = "free some space on that disk and run it again";
  if (number == EMFILE || number == ENFILE) remedy = "raise the limit on open files (ulimit -n)";
  if (number == EACCES) remedy = "give this user the permission, or run it as the user whose it is";
  Error error{code, fmt::format("{}: {}", what, std::strerror(number)), remedy};
  errno = number;
  return error;
}

Result<Fd> open_read(const std::string& path) {
  Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return errno_error("cannot open " + path, Code::bad_input);
  return fd;
}

Status write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno_error("cannot write");
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return {};
}

Result<std::size_t> read_some(int fd, char* into, std::size_t size) {
  for (;;) {
    const ssize_t n = ::read(fd, into, size);
    if (n >= 0) return static_cast<std::size_t>(n);
    if (errno != EINTR) return errno_error("cannot read", Code::bad_input);
  }
}

Result<std::string> read_all(int fd, std::size_t limit) {
  std::string all;
  for (;;) {
    const std::size_t old = all.size();
    constexpr std::size_t step = 64 << 10;
    all.resize(old + step);
    auto n = read_some(fd, all.data() + old, step);
    if (!n) return n.error();
    all.resize(old + *n);
    if (*n == 0) return all;
    if (all.size() > limit) return Error{Code::does_not_fit, fmt::format("larger than {} bytes", limit), ""};
  }
}

Result<std::string> read_file(const std::string& path, std::size_t limit) {
  auto fd = open_read(path);
  if (!fd) return fd.error();
  auto bytes = read_all(fd->get(), limit);
  if (!bytes) return std::move(bytes.error()).in(path);
  return bytes;
}

Result<bool> path_exists(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) == 0) return true;
  if (errno == ENOENT || errno == ENOTDIR) return false;
  return errno_error("cannot look at " + path);
}

Result<std::optional<std::string>> read_file_if_there(const std::string& path, std::size_t limit) {
  auto there = path_exists(path);
  if (!there) return there.error();
  if (!*there) return std::optional<std::string>();
  auto bytes = read_file(path, limit);
  if (bytes) return std::optional(std::move(*bytes));
  bytes.error().code = Code::machine;
  return bytes.error();
}

Status sync_folder_of(const std::string& path) {
  const auto slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const Fd directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory.valid() || ::fsync(directory.get()) != 0) return errno_error("cannot sync " + folder);
  return {};
}

Status write_file_durably(const std::string& path, std::string_view bytes, int mode) {
  std::string temporary = path + ".XXXXXX";
  Fd file(::mkostemp(temporary.data(), O_CLOEXEC));
  if (!file.valid()) return errno_error("cannot create a file beside " + path);
  Status done = write_all(file.get(), bytes);
  if (done && (::fchmod(file.get(), static_cast<mode_t>(mode)) != 0 || ::fsync(file.get()) != 0 ||
               ::rename(temporary.c_str(), path.c_str()) != 0)) {
    done = errno_error("cannot write " + path);
  }
  if (!done) {
    ::unlink(temporary.c_str());
    return std::move(done.error()).in(path);
  }
  return sync_folder_of(path);
}

}  // namespace carrel
