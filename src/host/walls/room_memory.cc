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

Result<RoomLoan> make_room_loan(std::uint64_t bytes) {
  auto file = make_room_memory(bytes);
  if (!file) return file.error();
  auto reading = open_read(fmt::format("/proc/self/fd/{}", file->get()));
  if (!reading) return reading.error();
  return RoomLoan{std::move(*file), std::move(*reading)};
}

Status fill_room_memory(const Fd& memory, std::string_view bytes) {
  for (std::size_t at = 0; at < bytes.size();) {
    const ssize_t n = ::pwrite(memory.get(), bytes.data() + at, bytes.size() - at, static_cast<off_t>(at));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return errno_error("cannot fill a room's memory");
    at += static_cast<std::size_t>(n);
  }
  return {};
}

Status copy_room_memory(const Fd& from, const Fd& to, std::uint64_t bytes) {
  off_t at = 0, into = 0;
  while (static_cast<std::uint64_t>(at) < bytes) {
    // What was never written is no page yet, and is not copied.
    const off_t data = ::lseek(from.get(), at, SEEK_DATA);
    if (data < 0 && errno == ENXIO) return {};
    const off_t hole = data < 0 ? -1 : ::lseek(from.get(), data, SEEK_HOLE);
    if (hole < 0) return errno_error("cannot read a room's memory");
    for (at = into = data; at < hole;) {
      const ssize_t n =
          ::copy_file_range(from.get(), &at, to.get(), &into, static_cast<std::size_t>(hole - at), 0);
      if (n <= 0) return errno_error("cannot copy a room's memory");
    }
  }
  return {};
}

Status clear_room_memory(const Fd& memory, std::uint64_t bytes) {
  if (::fallocate(memory.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, static_cast<off_t>(bytes)) ==
      0)
    return {};
  return errno_error("cannot clear a room's memory");
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
