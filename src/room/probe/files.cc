// Ways to the machine's files, and to what a room was given to read.
#include <cerrno>
#include <cstdint>
#include <cstring>

#include <fcntl.h>
#include <sched.h>
#include <sys/fanotify.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "room/probe/probe.h"

namespace carrel::probe {
namespace {

std::string path_in(const Ground& ground, const char* name) {
  return ground.folder + "/" + name;
}

std::string write_input(const Ground& ground) {
  return told(::write(ground.input, "x", 1));
}

std::string map_input_writable(const Ground& ground) {
  void* const memory = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, ground.input, 0);
  return told(memory == MAP_FAILED ? -1 : 0);
}

std::string unlink_file(const Ground& ground) {
  const std::string path = path_in(ground, "carrel-probe-unlink");
  if (!ground.in_room) ::close(::open(path.c_str(), O_CREAT | O_WRONLY, 0600));
  return told(::unlink(path.c_str()));
}

std::string hard_link(const Ground& ground) {
  const std::string path = path_in(ground, "carrel-probe-link");
  ::unlink(path.c_str());
  const std::string from = path_in(ground, "carrel-probe-linked");
  if (!ground.in_room) ::close(::open(from.c_str(), O_CREAT | O_WRONLY, 0600));
  return told(::link(from.c_str(), path.c_str()));
}

std::string make(const Ground& ground, const char* name, long (*call)(const char*)) {
  const std::string path = path_in(ground, name);
  if (!ground.in_room) ::remove(path.c_str());
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
  char* const arguments[] = {const_cast<char*>("probe"), const_cast<char*>(word_of(ground)), nullptr};
  char* const none[] = {nullptr};
  return told(::fexecve(memory, arguments, none));
}

std::string pivot_root(const Ground& ground) {
  if (!ground.in_room) {
    if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return told(-1);
    if (::mount("none", ground.folder.c_str(), "tmpfs", 0, nullptr) != 0) return told(-1);
    if (::chdir(ground.folder.c_str()) != 0) return told(-1);
  }
  return told(::syscall(SYS_pivot_root, ".", "."));
}

std::string remount(const Ground& ground) {
  if (!ground.in_room && ::mount("none", ground.folder.c_str(), "tmpfs", MS_RDONLY, nullptr) != 0)
    return told(-1);
  return told(::mount(nullptr, ground.folder.c_str(), nullptr, MS_REMOUNT | MS_BIND, nullptr));
}

std::string mount_attributes(const Ground& ground) {
  if (!ground.in_room && ::mount("none", ground.folder.c_str(), "tmpfs", MS_RDONLY, nullptr) != 0)
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

// A handle that no file has: a kernel that lets the caller ask says ESTALE or EINVAL.
std::string open_by_handle(const Ground& ground) {
  struct {
    file_handle handle;
    unsigned char bytes[8];
  } space{};
  space.handle.handle_bytes = sizeof space.bytes;
  space.handle.handle_type = 1;
  const long result = ::syscall(SYS_open_by_handle_at, ground.input, &space.handle, O_RDONLY);
  return result < 0 && errno == ESTALE ? through : told(result, EINVAL);
}

std::string page_cache_by_cachestat(const Ground& ground) {
  struct {
    std::uint64_t offset = 0, length = 4096;
  } range;
  std::uint64_t statistics[5] = {};
  constexpr long cachestat = 451;  // newer than the C library's headers
  return told(::syscall(cachestat, ground.input, &range, statistics, 0));
}

// A program written to where temporary files go, and run.
std::string run_from_temporary_file(const Ground& ground) {
  const std::string path = path_in(ground, "carrel-probe-program");
  const int copy = ::open(path.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0700);
  if (copy < 0) return told(copy);
  const int program = ::open(ground.program.c_str(), O_RDONLY | O_CLOEXEC);
  char bytes[1 << 16];
  for (ssize_t n = 0; (n = ::read(program, bytes, sizeof bytes)) > 0;) {
    if (::write(copy, bytes, static_cast<std::size_t>(n)) != n) return told(-1);
  }
  ::close(copy);
  char* const arguments[] = {const_cast<char*>("probe"), const_cast<char*>(word_of(ground)), nullptr};
  char* const none[] = {nullptr};
  return told(::execve(path.c_str(), arguments, none));
}

// A tmpfs of its own, to be filled beyond all limits.
std::string fill_tmpfs(const Ground& ground) {
  if (::mount("none", ground.folder.c_str(), "tmpfs", 0, "size=1m") != 0) return told(-1);
  return open_at(path_in(ground, "carrel-probe-filler"), O_CREAT | O_WRONLY);
}

// On the host in a process namespace of its own, whose processes are all that such a /proc would show.
std::string mount_proc(const Ground& ground) {
  if (!ground.in_room && ::unshare(CLONE_NEWPID) != 0) return told(-1);
  return in_a_child(ground, [](const Ground& where) {
    return static_cast<long>(::mount("proc", where.folder.c_str(), "proc", 0, nullptr));
  });
}

std::string move_mount_call(const Ground& ground) {
  return told(::move_mount(ground.input, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH), EINVAL);
}

std::string make_device(const Ground& ground) {
  return make(ground, "carrel-probe-device",
              [](const char* p) { return static_cast<long>(::mknod(p, S_IFCHR | 0600, makedev(1, 3))); });
}

std::string copy_range(const Ground& ground) {
  return told(::copy_file_range(ground.input, nullptr, ground.input, nullptr, 0, 0));
}

std::string splice_call(const Ground& ground) {
  return told(::splice(ground.input, nullptr, ground.input, nullptr, 1, 0), EINVAL);
}

std::string disk(const Ground&) {
  std::string last = "ENOENT";
  for (const char* const path : {"/dev/vda", "/dev/sda", "/dev/nvme0n1", "/dev/xvda"}) {
    last = open_at(path, O_RDONLY);
    if (last != "ENOENT") return last;
  }
  return last;
}

std::string set_times(const Ground& ground) {
  const timespec times[2] = {{1, 0}, {1, 0}};
  return told(::futimens(ground.input, times));
}

}  // namespace

const std::vector<Probe>& file_probes() {
  static const std::vector<Probe> probes = {
      {"create_file",
       [](const Ground& g) { return open_at(path_in(g, "carrel-probe-new"), O_CREAT | O_WRONLY); }},
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
      {"read_proc_of_init_root", [](const Ground&) { return open_at("/proc/1/root/etc/passwd", O_RDONLY); }},
      {"read_core_pattern", [](const Ground&) { return open_at("/proc/sys/kernel/core_pattern", O_RDONLY); }},
      {"read_kernel_symbols", [](const Ground&) { return open_at("/proc/kallsyms", O_RDONLY); }},
      {"write_sysrq", [](const Ground&) { return open_at("/proc/sysrq-trigger", O_WRONLY); }},
      {"write_release_agent",
       [](const Ground&) {
         // Version 1 has release agents; what version 2 has to write to is its list of processes.
         const std::string agent = open_at("/sys/fs/cgroup/memory/release_agent", O_WRONLY);
         return agent == "ENOENT" ? open_at("/sys/fs/cgroup/cgroup.procs", O_WRONLY) : agent;
       }},
      {"read_memory_device", [](const Ground&) { return open_at("/dev/mem", O_RDONLY); }},
      {"read_kernel_log_device", [](const Ground&) { return open_at("/dev/kmsg", O_RDONLY | O_NONBLOCK); }},
      {"open_kvm", [](const Ground&) { return open_at("/dev/kvm", O_RDONLY); }},
      {"read_disk", disk},
      {"open_terminal", [](const Ground&) { return open_at("/dev/ptmx", O_RDONLY | O_NOCTTY); }},
      {"read_outside_file", [](const Ground& g) { return open_at(g.outside_file, O_RDONLY); }},
      {"read_outside_file_upwards",
       [](const Ground& g) { return open_at("/../../../../../../../.." + g.outside_file, O_RDONLY); }},
      {"look_at_outside_file",
       [](const Ground& g) {
         struct stat state {};
         return told(::stat(g.outside_file.c_str(), &state));
       }},
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
      {"page_cache_by_cachestat", page_cache_by_cachestat},
      {"drop_page_cache", drop_page_cache},
      {"open_by_handle", open_by_handle},
      {"copy_range", copy_range},
      {"splice", splice_call},
      {"unlink", unlink_file},
      {"hard_link", hard_link},
      {"make_folder",
       [](const Ground& g) {
         return make(g, "carrel-probe-folder",
                     [](const char* p) { return static_cast<long>(::mkdir(p, 0700)); });
       }},
      {"make_fifo",
       [](const Ground& g) {
         return make(g, "carrel-probe-fifo",
                     [](const char* p) { return static_cast<long>(::mknod(p, S_IFIFO | 0600, 0)); });
       }},
      {"make_device", make_device},
      {"rename",
       [](const Ground& g) {
         return told(::rename((g.folder + "/none").c_str(), (g.folder + "/x").c_str()), ENOENT);
       }},
      {"make_symlink",
       [](const Ground& g) {
         return make(g, "carrel-probe-symlink",
                     [](const char* p) { return static_cast<long>(::symlink("/etc/passwd", p)); });
       }},
      {"change_folder", [](const Ground& g) { return told(::chdir(g.folder.c_str())); }},
      {"run_from_memory", run_from_memory},
      {"run_from_temporary_file", run_from_temporary_file},
      {"mount_tmpfs",
       [](const Ground& g) { return told(::mount("none", g.folder.c_str(), "tmpfs", 0, nullptr)); }, true},
      {"mount_mqueue",
       [](const Ground& g) { return told(::mount("none", g.folder.c_str(), "mqueue", 0, nullptr)); }, true},
      {"mount_proc", mount_proc, true},
      {"fill_tmpfs", fill_tmpfs, true},
      {"unmount", [](const Ground&) { return told(::umount2("/none", MNT_DETACH), ENOENT); }, true},
      {"remount", remount, true},
      {"mount_attributes", mount_attributes, true},
      {"open_tree",
       [](const Ground& g) { return told(::open_tree(AT_FDCWD, g.folder.c_str(), OPEN_TREE_CLONE)); }, true},
      {"fsopen", [](const Ground&) { return told(::fsopen("tmpfs", 0)); }, true},
      {"move_mount", move_mount_call, true},
      {"pivot_root", pivot_root, true},
      {"chroot", [](const Ground& g) { return told(::chroot(g.folder.c_str())); }, true},
      {"watch_files", [](const Ground&) { return told(::inotify_init1(0)); }},
      {"watch_all_files",
       [](const Ground&) {
         return told(::fanotify_init(FAN_CLASS_NOTIF | 0x200 /* FAN_REPORT_FID */, O_RDONLY));
       }},
  };
  return probes;
}

}  // namespace carrel::probe
