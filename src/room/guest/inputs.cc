#include "room/guest/inputs.h"

#include <algorithm>

#include <fcntl.h>
#include <unistd.h>

#include "room/guest/devices.h"

namespace carrel {
namespace {

constexpr std::size_t most_at_once = 256 << 10;

enum class End { whole, early, unread };

End copy_bytes(int source, std::uint64_t size, int to) {
  for (std::string block(most_at_once, '\0'); size > 0;) {
    const auto now = static_cast<std::size_t>(std::min<std::uint64_t>(size, block.size()));
    if (!read_exactly(source, block.data(), now)) return End::early;
    if (!write_all(to, std::string_view(block).substr(0, now))) return End::unread;
    size -= now;
  }
  return End::whole;
}

End copy_blocks(int source, int to) {
  for (StreamBlockSize size = 0;;) {
    if (!read_exactly(source, reinterpret_cast<char*>(&size), sizeof size)) return End::early;
    if (size == 0) return End::whole;
    if (const End end = copy_bytes(source, size, to); end != End::whole) return end;
  }
}

// The bytes of a disk or a stream through a pipe, so that the program finds their exact end: a process of its
// own, which looks at none of them.
Result<Fd> pump(Fd source, const GuestInput& input) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return errno_error("cannot make a pipe");
  Fd read(ends[0]), write(ends[1]);
  const pid_t child = ::fork();
  if (child < 0) return errno_error("the guest cannot start a process");
  if (child > 0) return read;
  read.reset();
  const End end = input.kind == GuestInput::Kind::stream ? copy_blocks(source.get(), write.get())
                                                         : copy_bytes(source.get(), input.size, write.get());
  // An input that ends early is a wrong one, and must not look like a short one: the program is left waiting.
  if (end == End::early) ::pause();
  ::_exit(0);
}

}  // namespace

Result<std::vector<Fd>> open_inputs(const GuestTask& task) {
  std::vector<Fd> inputs;
  unsigned disk = 1, port = first_stream_port;  // the first disk is the room
  for (const GuestInput& input : task.inputs) {
    auto source = input.kind == GuestInput::Kind::stream ? open_port(port++) : open_disk(disk++);
    if (!source) return source.error();
    if (input.kind != GuestInput::Kind::mapped) {
      source = pump(std::move(*source), input);
      if (!source) return source.error();
    }
    inputs.push_back(std::move(*source));
  }
  return inputs;
}

}  // namespace carrel
