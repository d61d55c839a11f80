// A guest that is hostile from its first process on, with all rights there: what it can do is what a room
// could that has taken its whole guest over. It tells in its result what came of each attempt.
#include <cerrno>
#include <cstring>
#include <string>

#include <fcntl.h>
#include <linux/fs.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "record/codec.h"
#include "record/guest.h"
#include "record/wire.h"
#include "room/guest/devices.h"

namespace carrel {
namespace {

std::string told(long result) {
  return result >= 0 ? "through" : ::strerrorname_np(errno);
}

// Clears the disk's read-only flag first, which the guest's kernel lets its root do.
std::string write_disk(const char* path) {
  const Fd reading(::open(path, O_RDONLY));
  const int writable = 0;
  if (::ioctl(reading.get(), BLKROSET, &writable) != 0) return std::string("flag ") + told(-1);
  const Fd disk(::open(path, O_WRONLY | O_SYNC));
  if (!disk.valid()) return std::string("open ") + told(-1);
  const std::string block(4096, 'X');
  if (::pwrite(disk.get(), block.data(), 512, 0) < 0) return std::string("write ") + told(-1);
  return std::string("write ") + told(::fsync(disk.get()));
}

std::string reach_network() {
  const Fd socket(::socket(AF_INET, SOCK_DGRAM, 0));
  std::string found;
  for (unsigned i = 1; i < 64; ++i) {
    char name[IF_NAMESIZE];
    if (::if_indextoname(i, name) != nullptr) found += std::string(name) + " ";
  }
  return found;
}

void tell(int host, const std::string& text) {
  const std::string frames = *frame(MessageType::sealed, *encode(Sealed{})) +
                             *frame(MessageType::guest, *encode(GuestReport{})) +
                             *frame(MessageType::result, text);
  if (!write_all(host, frames)) return;
  ::sleep(10);
}

}  // namespace
}  // namespace carrel

int main() {
  using namespace carrel;
  if (bring_up_devices()) {
    const auto host = open_port(message_port);
    if (host) {
      tell(host->get(), "room: " + write_disk("/dev/vda") + "\ninput: " + write_disk("/dev/vdb") +
                            "\nnetwork: " + reach_network() + "\n");
    }
  }
  ::reboot(RB_POWER_OFF);
}
