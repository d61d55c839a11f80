#include <cstring>

#include <fcntl.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "tests/escape/probes.h"

namespace carrel::escape {
namespace {

std::string path_in(const Ground& ground, const char* name) {
  return ground.folder + "/" + name;
}

std::string open_at(const std::string& path, int flags) {
  return told(::openat(AT_FDCWD, path.c_str(), flags, 0644));
}

std::string write_input(const Ground& ground) {
  return told(::write(ground.input, "x", 1));
}

std::string map_input_writable(const Ground& ground) {
  void* const memory = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, ground.input, 0);
  return told(memory == MAP_FAILED ? -1 : 0);
}

std::string unlink_file(const Ground& ground) {
  const std::string path = path_in(ground, "carrel-escape-unlink");
  if (ground.folder != "/") ::close(::open(path.c_str(), O_CREAT | O_WRONLY, 0600));
  return told(::unlink(path.c_str()));
}

std::string hard_link(const Ground& ground) {
  const std::string path = path_in(ground, "carrel-escape-link");
  ::unlink(path.c_str());
  const std::string from = path_in(ground, "carrel-escape-linked");
  if (ground.folder != "/") ::close(::open(from.c_str(), O_CREAT | O_WRONLY, 0600));
  return told(::link(from.c_str(), path.c_str()));
}

std::string make(const Ground& ground, const char* name, long (*call)(const char*)) {
  const std::string path = path_in(ground, name);
  if (ground.folder != "/") ::remove(path.c_str());
  return told(call(path.c_str()));
}

// Around every rule of the room: a file made in memory, and run.
std::string run_from_memory(const Ground& ground) {
  const int memory = ::memfd_create("x", 0);
  if (memory < 0) return told(memory);
  const int program = ::open(ground.program.c_str(), O_RDONLY);
  char bytes[1 << 16];
  for (ssize_t n = 0; (n = ::read(program, bytes, sizeof bytes)) > 0;) {
    if (::write(memory, bytes, static_cast<std::size_t>(n)) != n) return told(-1);
  }
  char* const arguments[] = {const_cast<char*>("probe"), const_cast<char*>("say-through"), nullptr};
  char* const none[] = {nullptr};
  return told(::fexecve(memory, arguments, none));
}

std::string pivot_root(const Ground& ground) {
  if (ground.folder != "/") {
    if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return told(-1);
    if (::mount("none", ground.folder.c_str(), "tmpfs", 0, nullptr) != 0) return told(-1);
    if (::chdir(ground.folder.c_str()) != 0) return told(-1);
  }
  return told(::syscall(SYS_pivot_root, ".", "."));
}

std::string remount(const Ground& ground) {
  if (ground.folder != "/" && ::mount("none", ground.folder.c_str(), "tmpfs", MS_RDONLY, nullptr) != 0)
    return told(-1);
  return told(::mount(nullptr, ground.folder.c_str(), nullptr, MS_REMOUNT | MS_BIND, nullptr));
}

std::string mount_attributes(const Ground& ground) {
  if (ground.folder != "/" && ::mount("none", ground.folder.c_str(), "tmpfs", MS_RDONLY, nullptr) != 0)
    return told(-1);
  mount_attr attributes{};
  attributes.attr_clr = MOUNT_ATTR_RDONLY;
  return told(::mount_setattr(AT_FDCWD, ground.folder.c_str(), 0, &attributes, sizeof attributes));
}

std::string handle_of_input(const Ground& ground) {
  struct {
    file_handle handle;
    unsigned char bytes[128];
  } space{};
  space.handle.handle_bytes = sizeof space.bytes;
  int mount = 0;
  return told(::syscall(SYS_name_to_handle_at, ground.input, "", &space.handle, &mount, AT_EMPTY_PATH));
}

// Which pages of a file are in the host's cache tells what others read.
std::string page_cache_by_mincore(const Ground& ground) {
  void* const memory = ::mmap(nullptr, 4096, PROT_READ, MAP_SHARED, ground.input, 0);
  if (memory == MAP_FAILED) return told(-1);
  unsigned char pages = 0;
  return told(::mincore(memory, 4096, &pages));
}

std::string page_cache_by_preadv2(const Ground& ground) {
  char byte = 0;
  const iovec vector{&byte, 1};
  return told(::syscall(SYS_preadv2, ground.input, &vector, 1, 0, 0, 8 /* RWF_NOWAIT */));
}

std::string drop_page_cache(const Ground& ground) {
  return told(-::posix_fadvise(ground.input, 0, 0, POSIX_FADV_DONTNEED) == 0
                  ? 0
                  : (errno = ::posix_fadvise(ground.input, 0, 0, POSIX_FADV_DONTNEED), -1));
}

std::string set_times(const Ground& ground) {
  const timespec times[2] = {{1, 0}, {1, 0}};
  return told(::futimens(ground.input, times));
}

}  // namespace

const std::vector<Probe>& file_probes() {
  static const std::vector<Probe> probes = {
      {"create_file",
       [](const Ground& g) { return open_at(path_in(g, "carrel-escape-new"), O_CREAT | O_WRONLY); }},
      {"create_nameless_file", [](const Ground& g) { return open_at(g.folder, O_TMPFILE | O_WRONLY); }},
      {"read_program", [](const Ground& g) { return open_at(g.program, O_RDONLY); }},
      {"read_root_folder", [](const Ground&) { return open_at("/", O_RDONLY | O_DIRECTORY); }},
      {"path_descriptor", [](const Ground&) { return open_at("/", O_PATH); }},
      {"read_passwd", [](const Ground& g) { return open_at(g.passwd, O_RDONLY); }},
      {"read_passwd_upwards", [](const Ground&) { return open_at("/../../../../../etc/passwd", O_RDONLY); }},
      {"read_proc_self", [](const Ground&) { return open_at("/proc/self/status", O_RDONLY); }},
      {"read_mountinfo", [](const Ground&) { return open_at("/proc/self/mountinfo", O_RDONLY); }},
      {"read_sys", [](const Ground&) { return open_at("/sys/kernel", O_RDONLY); }},
      {"read_dev_null", [](const Ground&) { return open_at("/dev/null", O_RDONLY); }},
      {"reopen_input",
       [](const Ground& g) { return open_at("/proc/self/fd/" + std::to_string(g.input), O_RDWR); }},
      {"write_input", write_input},
      {"truncate_input", [](const Ground& g) { return told(::ftruncate(g.input, 0)); }},
      {"map_input_writable", map_input_writable},
      {"change_mode_of_input", [](const Ground& g) { return told(::fchmod(g.input, 0666)); }},
      {"change_owner_of_input",
       [](const Ground& g) { return told(::fchown(g.input, ::geteuid(), ::getegid())); }},
      {"set_times_of_input", set_times},
      {"set_attribute_of_input",
       [](const Ground& g) { return told(::fsetxattr(g.input, "user.x", "x", 1, 0)); }},
      {"lock_input", [](const Ground& g) { return told(::syscall(SYS_flock, g.input, 2)); }},
      {"handle_of_input", handle_of_input},
      {"page_cache_by_mincore", page_cache_by_mincore},
      {"page_cache_by_preadv2", page_cache_by_preadv2},
      {"drop_page_cache", drop_page_cache},
      {"unlink", unlink_file},
      {"hard_link", hard_link},
      {"make_folder",
       [](const Ground& g) {
         return make(g, "carrel-escape-folder",
                     [](const char* p) { return static_cast<long>(::mkdir(p, 0700)); });
       }},
      {"make_fifo",
       [](const Ground& g) {
         return make(g, "carrel-escape-fifo",
                     [](const char* p) { return static_cast<long>(::mknod(p, S_IFIFO | 0600, 0)); });
       }},
      {"make_symlink",
       [](const Ground& g) {
         return make(g, "carrel-escape-symlink",
                     [](const char* p) { return static_cast<long>(::symlink("/etc/passwd", p)); });
       }},
      {"change_folder", [](const Ground& g) { return told(::chdir(g.folder.c_str())); }},
      {"run_from_memory", run_from_memory},
      {"mount_tmpfs",
       [](const Ground& g) { return told(::mount("none", g.folder.c_str(), "tmpfs", 0, nullptr)); }, true},
      {"mount_mqueue",
       [](const Ground& g) { return told(::mount("none", g.folder.c_str(), "mqueue", 0, nullptr)); }, true},
      {"remount", remount, true},
      {"mount_attributes", mount_attributes, true},
      {"open_tree",
       [](const Ground& g) { return told(::open_tree(AT_FDCWD, g.folder.c_str(), OPEN_TREE_CLONE)); }, true},
      {"fsopen", [](const Ground&) { return told(::fsopen("tmpfs", 0)); }, true},
      {"pivot_root", pivot_root, true},
      {"chroot", [](const Ground& g) { return told(::chroot(g.folder.c_str())); }, true},
      {"watch_files", [](const Ground&) { return told(::inotify_init1(0)); }},
  };
  return probes;
}

}  // namespace carrel::escape
