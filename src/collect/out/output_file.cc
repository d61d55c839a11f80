#include "collect/out/output_file.h"

#include <cstdlib>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

namespace carrel {
namespace {

Error taken(const std::string& path) {
  return {Code::usage, path + " is there already", "choose another name, or replace it with --force"};
}

}  // namespace

Result<OutputFile> OutputFile::create(const std::string& path, bool replace) {
  if (path == "-")
    return Error{Code::usage, "stdout is no file: what is written here has its name only once it is whole",
                 "name a file"};
  OutputFile out;
  const std::size_t slash = path.rfind('/');
  const std::string name = slash == std::string::npos ? path : path.substr(slash + 1);
  out.path_ = path;
  out.folder_ = slash == std::string::npos ? "." : path.substr(0, std::max<std::size_t>(slash, 1));
  out.replace_ = replace;
  struct stat status {};
  if (name.empty() || (::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode)))
    return Error{Code::usage, path + " is a folder", "name the file that is to be written"};
  if (!replace && ::lstat(path.c_str(), &status) == 0) return taken(path);
  out.file_ = Fd(::open(out.folder_.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (out.file_.valid()) return out;
  out.temporary_ = fmt::format("{}/.{}.part-XXXXXX", out.folder_, name);
  out.file_ = Fd(::mkostemp(out.temporary_.data(), O_CLOEXEC));
  if (out.file_.valid()) return out;
  out.temporary_.clear();
  Error error = errno_error("cannot write in " + out.folder_);
  if (error.remedy.empty()) error.remedy = "choose a folder that you may write";
  return error;
}

OutputFile::OutputFile(OutputFile&& other) noexcept
    : path_(std::move(other.path_)),
      folder_(std::move(other.folder_)),
      temporary_(std::exchange(other.temporary_, {})),
      replace_(other.replace_),
      file_(std::move(other.file_)) {}

OutputFile::~OutputFile() {
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

Status OutputFile::write(std::string_view bytes) {
  Status done = write_all(file_.get(), bytes);
  if (!done) return std::move(done.error()).in(path_);
  return done;
}

Status OutputFile::finish() {
  if (::fsync(file_.get()) != 0) return errno_error("cannot write " + path_);
  if (temporary_.empty()) {
    const std::string self = fmt::format("/proc/self/fd/{}", file_.get());
    if (::linkat(AT_FDCWD, self.c_str(), AT_FDCWD, path_.c_str(), AT_SYMLINK_FOLLOW) == 0)
      return sync_folder_of(path_);
    if (errno != EEXIST) return errno_error("cannot write " + path_);
    if (!replace_) return taken(path_);
    // A link replaces nothing: first another name, then rename.
    temporary_ = fmt::format("{}.part-{}", path_, ::getpid());
    if (::linkat(AT_FDCWD, self.c_str(), AT_FDCWD, temporary_.c_str(), AT_SYMLINK_FOLLOW) != 0) {
      temporary_.clear();
      return errno_error("cannot write " + path_);
    }
  }
  const unsigned flags = replace_ ? 0 : RENAME_NOREPLACE;
  int done = ::renameat2(AT_FDCWD, temporary_.c_str(), AT_FDCWD, path_.c_str(), flags);
  // Not every file system knows the flag; whether the name is free was seen at the beginning.
  if (done != 0 && errno == EINVAL) done = ::rename(temporary_.c_str(), path_.c_str());
  if (done != 0) return errno == EEXIST ? taken(path_) : errno_error("cannot write " + path_);
  temporary_.clear();
  return sync_folder_of(path_);
}

}  // namespace carrel
