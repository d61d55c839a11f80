#include "collect/spool/spool.h"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <vector>

#include <fcntl.h>
#include <sodium.h>
#include <unistd.h>

namespace carrel {
namespace {

constexpr std::size_t most_in_memory = 256 << 10;
constexpr std::size_t head_bytes = 4 << 10;

std::atomic<std::uint64_t> spools{0};

using Key = std::array<unsigned char, crypto_stream_xchacha20_KEYBYTES>;

// Of this run of the program, and nowhere but in its memory.
const Key& key() {
  static const Key made = [] {
    if (sodium_init() < 0) std::abort();  // the kernel gives no random numbers
    Key random{};
    randombytes_buf(random.data(), random.size());
    return random;
  }();
  return made;
}

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

// The same both ways: the bytes at `at` of the file with the stream's. Blocks of the stream have 64 bytes.
void Spool::crypt(char* bytes, std::size_t size, std::uint64_t at) const {
  constexpr std::size_t stream_block = 64;
  std::array<unsigned char, crypto_stream_xchacha20_NONCEBYTES> nonce{};
  std::memcpy(nonce.data(), &number_, sizeof number_);
  auto* const data = reinterpret_cast<unsigned char*>(bytes);
  const std::size_t into_block = at % stream_block;
  std::size_t done = 0;
  if (into_block > 0) {
    std::array<unsigned char, stream_block> first{};
    done = std::min(size, stream_block - into_block);
    std::copy_n(data, done, first.data() + into_block);
    crypto_stream_xchacha20_xor_ic(first.data(), first.data(), first.size(), nonce.data(), at / stream_block,
                                   key().data());
    std::copy_n(first.data() + into_block, done, data);
  }
  crypto_stream_xchacha20_xor_ic(data + done, data + done, size - done, nonce.data(),
                                 (at + done) / stream_block, key().data());
}

Status Spool::write_to_file(std::string_view bytes, std::uint64_t at) {
  std::string hidden(bytes);
  crypt(hidden.data(), hidden.size(), at);
  Status done = write_all(file_.get(), hidden);
  if (!done) return std::move(done.error()).in(folder_);
  return done;
}

Status Spool::write(std::string_view bytes) {
  const std::uint64_t at = size_;
  size_ += bytes.size();
  digest_.add(bytes);
  head_ += bytes.substr(0, head_bytes - head_.size());
  if (!file_.valid() && memory_.size() + bytes.size() <= most_in_memory) {
    memory_ += bytes;
    return {};
  }
  if (!file_.valid()) {
    auto file = nameless_file(folder_);
    if (!file) return file.error();
    file_ = std::move(*file);
    number_ = ++spools;
    if (Status done = write_to_file(memory_, 0); !done) return done;
    memory_ = {};
  }
  return write_to_file(bytes, at);
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
    crypt(block.data(), static_cast<std::size_t>(n), at);
    if (Status done = write({block.data(), static_cast<std::size_t>(n)}); !done) return done;
    at += static_cast<std::uint64_t>(n);
  }
  return {};
}

}  // namespace carrel
