#include "room/guest/inputs.h"

#include <algorithm>

#include <fcntl.h>
#include <unistd.h>

#include "room/guest/devices.h"

namespace carrel {
namespace {

// The bytes of a disk or a stream through a pipe, so that the program finds their exact end: a process of its
// own, which looks at none of them. `size` 0: to the end.
Result<Fd> pump(Fd source, std::uint64_t size) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return errno_error("cannot make a pipe");
  Fd read(ends[0]), write(ends[1]);
  const pid_t child = ::fork();
  if (child < 0) return errno_error("the guest cannot start a process");
  if (child > 0) return read;
  read.reset();
  std::string block(256 << 10, '\0');
  for (std::uint64_t left = size; size == 0 || left > 0;) {
    const std::size_t wanted =
        size == 0 ? block.size() : static_cast<std::size_t>(std::min<std::uint64_t>(left, block.size()));
    const auto got = read_some(source.get(), block.data(), wanted);
    // A disk that ends early is a wrong input, and must not look like a short one: the program is left
    // waiting.
    if (!got || (*got == 0 && size != 0)) ::pause();
    if (*got == 0 || !write_all(write.get(), std::string_view(block).substr(0, *got))) break;
    left -= *got;
  }
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
      if (input.kind == GuestInput::Kind::piped && input.size == 0) {
        source = Fd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
      } else {
        source = pump(std::move(*source), input.size);
      }
      if (!source) return source.error();
    }
    inputs.push_back(std::move(*source));
  }
  return inputs;
}

}  // namespace carrel
