#include "host/flow/input.h"

#include <cerrno>
#include <filesystem>
#include <thread>

#include <fcntl.h>
#include <unistd.h>

#include "digest/sha256.h"
#include "host/flow/tar_stream.h"

namespace carrel {
namespace {

Error interrupted() {
  return {Code::interrupted, "interrupted", ""};
}

}  // namespace

// Streams a folder into a pipe while the room reads it.
struct InputStream::Writer {
  Writer(std::string path, std::string expected, Fd pipe, const std::atomic<bool>& stop_flag)
      : folder(std::move(path)),
        sha256(std::move(expected)),
        end(std::move(pipe)),
        stop(stop_flag),
        thread([this] { write(); }) {}

  void write() {
    Sha256 digest;
    bool reader_left = false;  // a room that has what it needs: the digest is still of the whole folder
    done = write_tar(folder, [&](std::string_view bytes) -> Status {
      if (stop || abandoned) return interrupted();
      digest.add(bytes);
      if (reader_left) return {};
      Status written = write_all(end.get(), bytes);
      if (written || errno != EPIPE) return written;
      reader_left = true;
      return {};
    });
    end.reset();
    if (done && digest.hex() != sha256) {
      done = Error{Code::bad_input, folder + " changed while the run read it",
                   "run it again when nothing writes to it"};
    }
  }

  std::string folder, sha256;
  Fd end;
  const std::atomic<bool>& stop;
  std::atomic<bool> abandoned = false;
  Status done;
  std::thread thread;  // last: it uses all above
};

InputStream::InputStream() = default;
InputStream::InputStream(InputStream&&) noexcept = default;
InputStream::~InputStream() {
  abandon();
}

Status InputStream::close() {
  descriptor.reset();  // where no room took it, nobody would ever read
  if (!writer_) return {};
  writer_->thread.join();
  Status done = std::move(writer_->done);
  writer_.reset();
  return done;
}

void InputStream::abandon() {
  if (writer_) writer_->abandoned = true;
  (void)close();  // that it was ended is no news
}

Result<Input> Input::open(const std::string& path, const HashProgress& progress,
                          const std::atomic<bool>& stop) {
  Input input;
  input.path_ = path;
  std::error_code error;
  if (!std::filesystem::is_directory(path, error)) {
    auto file = HashedFile::open(path, progress, stop);
    if (!file) return file.error();
    input.file_ = std::move(*file);
    return input;
  }
  Sha256 digest;
  Status done = write_tar(path, [&](std::string_view bytes) -> Status {
    if (stop) return interrupted();
    digest.add(bytes);
    input.bytes_ += bytes.size();
    progress(input.bytes_, 0);
    return {};
  });
  if (!done) return done.error();
  input.sha256_ = digest.hex();
  return input;
}

Result<InputStream> Input::stream(const std::atomic<bool>& stop) const {
  InputStream stream;
  if (file_) {
    auto descriptor = file_->descriptor();
    if (!descriptor) return descriptor.error();
    stream.descriptor = std::move(*descriptor);
    return stream;
  }
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return errno_error("cannot make a pipe");
  stream.descriptor = Fd(ends[0]);
  stream.writer_ = std::make_unique<InputStream::Writer>(path_, sha256_, Fd(ends[1]), stop);
  return stream;
}

Status Input::unchanged() const {
  return file_ ? file_->unchanged() : Status();
}

}  // namespace carrel
