#include "host/walls/room_disk.h"

#include <algorithm>
#include <filesystem>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <unistd.h>

#include "record/codec.h"

namespace carrel {
namespace {

namespace fs = std::filesystem;

Result<std::vector<GuestFile>> files_below(const std::string& root) {
  std::vector<GuestFile> files;
  std::error_code error;
  for (fs::recursive_directory_iterator at(root, error), end; !error && at != end; at.increment(error)) {
    GuestFile file;
    file.path = at->path().lexically_relative(root).string();
    const fs::file_status status = at->symlink_status(error);
    if (error) break;
    if (fs::is_symlink(status)) {
      file.kind = GuestFile::Kind::link;
      file.target = fs::read_symlink(at->path(), error).string();
    } else if (fs::is_directory(status)) {
      file.kind = GuestFile::Kind::folder;
    } else if (fs::is_regular_file(status)) {
      file.size = at->file_size(error);
      file.executable = (status.permissions() & fs::perms::owner_exec) != fs::perms::none;
    } else {
      return Error{Code::machine, at->path().string() + " is neither a file, a folder nor a link", ""};
    }
    if (error) break;
    files.push_back(std::move(file));
  }
  if (error) return Error{Code::machine, fmt::format("the room's root {}: {}", root, error.message()), ""};
  // By name, so that the same root gives the same disk; a folder comes before what is in it.
  std::ranges::sort(files, {}, &GuestFile::path);
  return files;
}

Status copy(int disk, const std::string& path, std::uint64_t size) {
  auto file = open_read(path);
  if (!file) return file.error();
  while (size > 0) {
    const ssize_t n = ::sendfile(disk, file->get(), nullptr, static_cast<std::size_t>(size));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno_error("cannot read " + path);
    if (n == 0) return Error{Code::machine, path + " became shorter while it was read", ""};
    size -= static_cast<std::uint64_t>(n);
  }
  return {};
}

}  // namespace

Result<RoomDisk> make_room_disk(GuestTask task, const std::string& root) {
  if (!root.empty()) {
    auto files = files_below(root);
    if (!files) return files.error();
    task.files = std::move(*files);
  }
  const auto body = encode(task);
  if (!body) return body.error();
  const Fd disk(::memfd_create("carrel-room", MFD_CLOEXEC));
  if (!disk.valid()) return errno_error("cannot make the room's disk");
  std::string head(guest_disk_magic);
  for (int shift = 0; shift < 64; shift += 8) head += static_cast<char>(body->size() >> shift & 0xff);
  if (Status done = write_all(disk.get(), head + *body); !done) return done.error();
  for (const GuestFile& file : task.files) {
    if (file.kind != GuestFile::Kind::file) continue;
    if (Status done = copy(disk.get(), root + "/" + file.path, file.size); !done) return done.error();
  }
  RoomDisk made;
  constexpr std::uint64_t sector = 512;
  made.bytes = (static_cast<std::uint64_t>(::lseek(disk.get(), 0, SEEK_CUR)) + sector - 1) / sector * sector;
  if (::ftruncate(disk.get(), static_cast<off_t>(made.bytes)) != 0)
    return errno_error("cannot make the room's disk");
  auto file = open_read(fmt::format("/proc/self/fd/{}", disk.get()));
  if (!file) return file.error();
  made.file = std::move(*file);
  return made;
}

}  // namespace carrel
