#include "host/flow/tar_stream.h"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "record/tar.h"

namespace carrel {
namespace {

namespace fs = std::filesystem;

class Folder {
 public:
  Folder(std::string root, const std::function<Status(std::string_view)>& write, const Unreadable& unreadable)
      : root_(std::move(root)), write_(write), unreadable_(unreadable), buffer_(1 << 20) {}

  Status write_below(const std::string& relative) {
    std::vector<std::string> names;
    std::error_code error;
    const std::string path = relative.empty() ? root_ : root_ + "/" + relative;
    for (fs::directory_iterator it(path, error), end; !error && it != end; it.increment(error)) {
      names.push_back(it->path().filename());
    }
    if (error && relative.empty())
      return Error{Code::bad_input, fmt::format("cannot read {}: {}", path, error.message()), ""};
    if (error) return leave_out(relative + "/", error.value());
    std::sort(names.begin(), names.end());
    for (const std::string& name : names) {
      if (Status done = write_one(relative.empty() ? name : relative + "/" + name); !done) return done;
    }
    return {};
  }

 private:
  Status leave_out(const std::string& name, int number) {
    const std::string why = std::generic_category().message(number);
    if (!unreadable_)
      return Error{Code::bad_input, fmt::format("cannot read {}/{}: {}", root_, name, why), ""};
    unreadable_(name, why);
    return {};
  }

  Status write_one(const std::string& name) {
    const std::string path = root_ + "/" + name;
    struct stat status {};
    if (::lstat(path.c_str(), &status) != 0) return leave_out(name, errno);
    if (S_ISDIR(status.st_mode)) return write_below(name);
    if (S_ISREG(status.st_mode)) return write_file(name, path);
    if (S_ISLNK(status.st_mode)) {
      std::error_code error;
      return write_(tar_entry({name, 0, '2', fs::read_symlink(path, error)}));
    }
    return write_(tar_entry({name, 0, S_ISFIFO(status.st_mode) ? '6' : '3'}));
  }

  Status write_file(const std::string& name, const std::string& path) {
    // Not through a link that took the file's place since it was looked at.
    Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    struct stat status {};
    if (!file.valid() || ::fstat(file.get(), &status) != 0) return leave_out(name, errno);
    const auto size = static_cast<std::uint64_t>(status.st_size);
    if (Status done = write_(tar_entry({name, size})); !done) return done;
    for (std::uint64_t left = size; left > 0;) {
      auto n = read_some(file.get(), buffer_.data(), std::min<std::uint64_t>(left, buffer_.size()));
      if (!n) return std::move(n.error()).in(path);
      if (*n == 0) return Error{Code::bad_input, path + " became shorter while it was read", "run it again"};
      if (Status done = write_({buffer_.data(), *n}); !done) return done;
      left -= *n;
    }
    return write_(tar_padding(size));
  }

  std::string root_;
  const std::function<Status(std::string_view)>& write_;
  const Unreadable& unreadable_;
  std::vector<char> buffer_;
};

}  // namespace

Status write_tar(const std::string& folder, const std::function<Status(std::string_view)>& write,
                 const Unreadable& unreadable) {
  if (Status done = Folder(folder, write, unreadable).write_below(""); !done) return done;
  return write(tar_end());
}

}  // namespace carrel
