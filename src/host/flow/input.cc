#include "host/flow/input.h"

#include <cerrno>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include "host/digest/sha256.h"
#include "host/flow/tar_stream.h"

namespace carrel {
namespace {

std::int64_t change_time(const struct stat& status) {
  return status.st_ctim.tv_sec * 1'000'000'000LL + status.st_ctim.tv_nsec;
}

Error changed(const std::string& path) {
  return {Code::bad_input, path + " changed while the run read it", "run it again when nothing writes to it"};
}

Error interrupted() {
  return {Code::interrupted, "interrupted", ""};
}

}  // namespace

// Streams a folder into a pipe while the room reads it.
struct InputStream::Writer {
  Writer(std::string path, std::string expected, Fd pipe)
      : folder(std::move(path)),
        sha256(std::move(expected)),
        end(std::move(pipe)),
        thread([this] { write(); }) {}

  void write() {
    Sha256 digest;
    bool reader_left =
        false;  // a room that has what it needs, or ended: the digest is still of the whole folder
    done = write_tar(folder, [&](std::string_view bytes) -> Status {
      digest.add(bytes);
      if (reader_left) return {};
      Status written = write_all(end.get(), bytes);
      if (!written && errno == EPIPE) {
        reader_left = true;
        return {};
      }
      return written;
    });
    end.reset();
    if (done && digest.hex() != sha256) done = changed(folder);
  }

  std::string folder, sha256;
  Fd end;
  Status done;
  std::thread thread;  // last: it uses all above
};

InputStream::~InputStream() {
  (void)close();
}

Status InputStream::close() {
  descriptor.reset();  // a room that was never made leaves nobody to read; the writer then ends with EPIPE
  if (!writer_) return {};
  if (writer_->thread.joinable()) writer_->thread.join();
  Status done = std::move(writer_->done);
  writer_->done = {};
  return done;
}

Result<Input> Input::open(const std::string& path, const std::function<void(std::uint64_t)>& progress,
                          const std::atomic<bool>& stop) {
  Input input;
  input.path_ = path;
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return errno_error("cannot open " + path, Code::bad_input);
  Sha256 digest;
  const auto take = [&](std::string_view bytes) -> Status {
    if (stop) return interrupted();
    digest.add(bytes);
    input.bytes_ += bytes.size();
    progress(input.bytes_);
    return {};
  };
  if (S_ISDIR(status.st_mode)) {
    if (Status done = write_tar(path, take); !done) return done.error();
  } else if (S_ISREG(status.st_mode)) {
    auto file = open_read(path);
    if (!file) return file.error();
    input.file_ = std::move(*file);
    if (::fstat(input.file_.get(), &status) != 0)
      return errno_error("cannot look at " + path, Code::bad_input);
    input.changed_at_ = change_time(status);
    std::vector<char> block(1 << 20);
    for (;;) {
      auto n = read_some(input.file_.get(), block.data(), block.size());
      if (!n) return std::move(n.error()).in(path);
      if (*n == 0) break;
      if (Status done = take({block.data(), *n}); !done) return done.error();
    }
  } else {
    return Error{Code::bad_input, path + " is neither a file nor a folder",
                 "give an archive, a file or a folder"};
  }
  if (input.bytes_ == 0) return Error{Code::bad_input, path + " is empty", "collect the bundle again"};
  input.sha256_ = digest.hex();
  return input;
}

Result<InputStream> Input::stream() const {
  InputStream stream;
  if (!is_folder()) {
    // A description of its own: rooms that read one after the other must not share an offset.
    stream.descriptor =
        Fd(::open(fmt::format("/proc/self/fd/{}", file_.get()).c_str(), O_RDONLY | O_CLOEXEC));
    if (!stream.descriptor.valid()) return errno_error("cannot open " + path_ + " again");
    return stream;
  }
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return errno_error("cannot make a pipe");
  stream.descriptor = Fd(ends[0]);
  stream.writer_ = std::make_unique<InputStream::Writer>(path_, sha256_, Fd(ends[1]));
  return stream;
}

Status Input::unchanged() const {
  if (is_folder()) return {};  // each stream was compared by its digest
  struct stat status {};
  if (::fstat(file_.get(), &status) != 0) return errno_error("cannot look at " + path_);
  if (change_time(status) == changed_at_) return {};
  // Its times or links may have changed and its bytes not.
  if (::lseek(file_.get(), 0, SEEK_SET) != 0) return errno_error("cannot read " + path_);
  auto again = sha256_of_fd(file_.get());
  if (!again) return again.error();
  return *again == sha256_ ? Status() : changed(path_);
}

}  // namespace carrel
