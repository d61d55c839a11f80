#include "collect/spool/spool.h"

#include <vector>

#include <fcntl.h>
#include <unistd.h>

namespace carrel {
namespace {

constexpr std::size_t most_in_memory = 256 << 10;

}  // namespace

Result<Fd> nameless_file(const std::string& folder) {
  Fd file(::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (file.valid()) return file;
  std::string name = folder + "/.support-diag.XXXXXX";
  file = Fd(::mkostemp(name.data(), O_CLOEXEC));
  if (!file.valid()) return errno_error("cannot create a file in " + folder);
  ::unlink(name.c_str());
  return file;
}

Status Spool::write(std::string_view bytes) {
  size_ += bytes.size();
  digest_.add(bytes);
  if (!file_.valid() && memory_.size() + bytes.size() <= most_in_memory) {
    memory_ += bytes;
    return {};
  }
  if (!file_.valid()) {
    auto file = nameless_file(folder_);
    if (!file) return file.error();
    file_ = std::move(*file);
    if (Status done = write_all(file_.get(), memory_); !done) return std::move(done.error()).in(folder_);
    memory_ = {};
  }
  Status done = write_all(file_.get(), bytes);
  if (!done) return std::move(done.error()).in(folder_);
  return done;
}

void Spool::restart() {
  *this = Spool(folder_);
}

Status Spool::copy_to(const ByteSink& write) const {
  if (!file_.valid()) return write(memory_);
  std::vector<char> block(256 << 10);
  for (std::uint64_t at = 0; at < size_;) {
    const ssize_t n = ::pread(file_.get(), block.data(), block.size(), static_cast<off_t>(at));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return errno_error("cannot read back what was kept in " + folder_);
    if (Status done = write({block.data(), static_cast<std::size_t>(n)}); !done) return done;
    at += static_cast<std::uint64_t>(n);
  }
  return {};
}

}  // namespace carrel
