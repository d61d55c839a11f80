#include "room/guest/disk.h"

#include <algorithm>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "record/codec.h"
#include "room/guest/devices.h"

namespace carrel {
namespace {

constexpr std::size_t task_limit = 4 << 20;
constexpr std::size_t disk_chunk = 1 << 20;

Error damaged(const std::string& what) {
  return {Code::room_refused, "the room's disk " + what, ""};
}

bool stays_below(std::string_view path) {
  if (path.empty() || path[0] == '/' || path.find('\0') != std::string_view::npos) return false;
  return path != ".." && path.find("../") == std::string_view::npos && !path.ends_with("/..");
}

Status write_file(int disk, const GuestFile& file, const std::string& path, std::vector<char>& buffer) {
  const Fd out(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                      file.executable ? 0755 : 0644));
  if (!out.valid()) return errno_error("cannot make " + path);
  for (std::uint64_t left = file.size; left > 0;) {
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(left, buffer.size()));
    if (Status read = read_exactly(disk, buffer.data(), size); !read) return read;
    if (Status written = write_all(out.get(), {buffer.data(), size}); !written) return written;
    left -= size;
  }
  return {};
}

}  // namespace

Result<GuestTask> read_guest_task(int disk) {
  std::string magic(guest_disk_magic.size(), '\0');
  if (Status read = read_exactly(disk, magic.data(), magic.size()); !read) return read.error();
  if (magic != guest_disk_magic) return damaged("is not one of this version");
  unsigned char bytes[8];
  if (Status read = read_exactly(disk, reinterpret_cast<char*>(bytes), sizeof bytes); !read)
    return read.error();
  std::uint64_t size = 0;
  for (int i = 0; i < 8; ++i) size |= std::uint64_t{bytes[i]} << (8 * i);
  if (size > task_limit) return damaged("announces a task that is too large");
  std::string body(size, '\0');
  if (Status read = read_exactly(disk, body.data(), body.size()); !read) return read.error();
  return decode<GuestTask>(body);
}

Status unpack_root(int disk, const GuestTask& task, const std::string& folder) {
  ::umask(0);
  if (::mkdir(folder.c_str(), 0755) != 0) return errno_error("cannot make " + folder);
  std::vector<char> buffer(disk_chunk);
  for (const GuestFile& file : task.files) {
    if (!stays_below(file.path)) return damaged("names a file outside of the root");
    const std::string path = folder + "/" + file.path;
    switch (file.kind) {
      case GuestFile::Kind::folder:
        if (::mkdir(path.c_str(), 0755) != 0) return errno_error("cannot make " + path);
        break;
      case GuestFile::Kind::link:
        if (::symlink(file.target.c_str(), path.c_str()) != 0) return errno_error("cannot make " + path);
        break;
      case GuestFile::Kind::file:
        if (Status written = write_file(disk, file, path, buffer); !written) return written;
        break;
      case GuestFile::Kind::count_:
        break;
    }
  }
  return {};
}

}  // namespace carrel
