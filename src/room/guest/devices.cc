#include "room/guest/devices.h"

#include <cerrno>

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/fs.h>
#include <net/if.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace carrel {
namespace {

// In the order in which they need each other.
constexpr const char* modules[] = {"virtio_ring", "virtio", "virtio_mmio", "virtio_blk", "virtio_console"};

// The kernel makes ports known some time after their driver was loaded; and a slow machine is slow here too.
constexpr int patience_ms = 20'000;
constexpr int step_ms = 1;

Error broken(const std::string& what) {
  return errno_error("the guest's " + what, Code::room_refused);
}

}  // namespace

Status bring_up_devices() {
  for (const char* const name : modules) {
    const Fd module(::open(fmt::format("/modules/{}.ko", name).c_str(), O_RDONLY | O_CLOEXEC));
    if (!module.valid()) {
      if (errno == ENOENT) continue;  // the kernel has it built in
      return broken(fmt::format("module {} cannot be opened", name));
    }
    if (::syscall(SYS_finit_module, module.get(), "", 0) != 0 && errno != EEXIST)
      return broken(fmt::format("module {} cannot be loaded", name));
  }
  if (::mount("devices", "/dev", "devtmpfs", MS_NOSUID | MS_NOEXEC, nullptr) != 0)
    return broken("devices cannot be shown");
  return {};
}

Result<Fd> open_disk(unsigned number) {
  const std::string path = fmt::format("/dev/vd{}", static_cast<char>('a' + number));
  Fd disk(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!disk.valid()) return broken(path + " cannot be opened");
  // The host's side refuses to write to it whatever the guest does; this tells that the host has said so.
  int read_only = 0;
  if (::ioctl(disk.get(), BLKROGET, &read_only) != 0 || read_only == 0)
    return Error{Code::room_refused, "the guest's " + path + " can be written to", ""};
  return disk;
}

Status read_exactly(int device, char* into, std::size_t size) {
  while (size > 0) {
    const auto got = read_some(device, into, size);
    if (!got) return got.error();
    if (*got == 0) return Error{Code::room_refused, "what the host gave is too short", ""};
    into += *got;
    size -= *got;
  }
  return {};
}

// The first number in its name counts all devices of the machine, its disks among them.
Result<Fd> open_port(unsigned number) {
  constexpr unsigned most_devices = 32;
  Fd port;
  for (int waited = 0; waited < patience_ms; waited += step_ms) {
    for (unsigned device = 0; device < most_devices && !port.valid(); ++device)
      port = Fd(::open(fmt::format("/dev/vport{}p{}", device, number).c_str(), O_RDWR | O_CLOEXEC));
    pollfd state{port.get(), POLLIN, 0};
    // Until the host's side is there the port is hung up, and reading would tell of an end.
    if (port.valid() && ::poll(&state, 1, 0) >= 0 && (state.revents & POLLHUP) == 0) return port;
    ::usleep(step_ms * 1000);
  }
  return Error{Code::room_refused,
               fmt::format("the guest's port {} {}", number,
                           port.valid() ? "has nobody at its other end" : "does not come"),
               ""};
}

std::string network_devices() {
  std::string names;
  struct if_nameindex* const all = ::if_nameindex();
  if (all == nullptr) return errno == EAFNOSUPPORT ? "" : "unknown";
  for (struct if_nameindex* one = all; one->if_index != 0; ++one) {
    if (std::string_view(one->if_name) == "lo") continue;
    names += (names.empty() ? "" : " ") + std::string(one->if_name);
  }
  ::if_freenameindex(all);
  return names;
}

}  // namespace carrel
