#include "host/walls/room_memory.h"

#include <cerrno>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>

namespace carrel {
namespace {

constexpr int size_seals = F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL;
constexpr unsigned noexec_seal = 0x0008;  // MFD_NOEXEC_SEAL, newer than the C library's headers

Result<Fd> make_file(std::uint64_t bytes) {
  Fd file(::memfd_create("carrel", MFD_CLOEXEC | MFD_ALLOW_SEALING | noexec_seal));
  if (!file.valid()) file = Fd(::memfd_create("carrel", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!file.valid() || ::fchmod(file.get(), 0600) != 0 ||
      ::ftruncate(file.get(), static_cast<off_t>(bytes)) != 0) {
    return errno_error(fmt::format("cannot make memory of {} bytes for a room", bytes));
  }
  return file;
}

Status seal(const Fd& file, int seals) {
  if (::fcntl(file.get(), F_ADD_SEALS, seals) == 0) return {};
  return errno_error("cannot seal memory for a room", Code::room_refused);
}

}  // namespace

Result<Fd> make_room_memory(std::uint64_t bytes) {
  auto file = make_file(bytes);
  if (!file) return file;
  if (Status sealed = seal(*file, size_seals); !sealed) return sealed.error();
  return file;
}

Result<Fd> make_room_input(std::string_view bytes) {
  auto file = make_file(0);
  if (!file) return file;
  if (Status written = write_all(file->get(), bytes); !written) return written.error();
  if (Status sealed = seal(*file, size_seals | F_SEAL_WRITE); !sealed) return sealed.error();
  return open_read(fmt::format("/proc/self/fd/{}", file->get()));
}

Result<std::string> read_room_memory(const Fd& output, std::uint64_t bytes) {
  std::string read(bytes, '\0');
  for (std::size_t at = 0; at < bytes;) {
    const ssize_t n = ::pread(output.get(), read.data() + at, bytes - at, static_cast<off_t>(at));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return errno_error("cannot read a room's memory");
    at += static_cast<std::size_t>(n);
  }
  return read;
}

bool is_room_memory(int descriptor) {
  struct stat state {};
  const int seals = ::fcntl(descriptor, F_GET_SEALS);
  return seals >= 0 && (seals & size_seals) == size_seals && ::fstat(descriptor, &state) == 0 &&
         state.st_size > 0 && (::fcntl(descriptor, F_GETFL) & O_ACCMODE) == O_RDWR;
}

}  // namespace carrel
