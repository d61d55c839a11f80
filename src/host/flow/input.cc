#include "host/flow/input.h"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <thread>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "base/text.h"
#include "digest/sha256.h"
#include "host/flow/tar_stream.h"
#include "record/limits.h"

namespace carrel {
namespace {

Error interrupted() {
  return {Code::interrupted, "interrupted", ""};
}

void add_unreadable(const std::string& name, const std::string& why, std::vector<LeftOut>* all) {
  const std::string reason = fmt::format("cannot be read ({})", why);
  auto entry =
      std::find_if(all->begin(), all->end(), [&](const LeftOut& each) { return each.reason == reason; });
  if (entry == all->end()) {
    const std::string valid = to_utf8(name);
    entry = all->insert(entry, {std::string(cut_utf8(valid, limit::path)), reason, 0, 0, 0});
  }
  ++entry->files;
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
    const auto send = [&](std::string_view bytes) -> Status {
      if (stop || abandoned) return interrupted();
      digest.add(bytes);
      if (reader_left) return {};
      Status written = write_all(end.get(), bytes);
      if (written || errno != EPIPE) return written;
      reader_left = true;
      return {};
    };
    done = write_tar(folder, send, [](const std::string&, const std::string&) {});  // told when it was hashed
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
  const auto hash = [&](std::string_view bytes) -> Status {
    if (stop) return interrupted();
    digest.add(bytes);
    input.bytes_ += bytes.size();
    progress(input.bytes_, 0);
    return {};
  };
  Status done = write_tar(path, hash, [&](const std::string& name, const std::string& why) {
    add_unreadable(name, why, &input.unreadable_);
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
