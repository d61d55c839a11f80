#include "host/flow/lines.h"

#include <chrono>

#include "host/flow/input.h"
#include "host/flow/rooms.h"

namespace carrel {

Result<Surroundings> lines_of(const LinesWish& wish, Wall& wall, const std::string& rooms,
                              const std::atomic<bool>& stop) {
  auto input = Input::open(
      wish.bundle, [](std::uint64_t, std::uint64_t) {}, stop);
  if (!input) return input.error();
  if (input->sha256() != wish.sha256) {
    return Error{Code::bad_input, wish.bundle + " is not the bundle that was read any more",
                 "put it back, or name where it is"};
  }
  auto stream = input->stream(stop);
  if (!stream) return stream.error();
  Rooms made(wall, rooms, std::chrono::minutes(10), stop, [](const Progress&) {});
  CheckJob job;
  job.bundle_name = wish.bundle;
  job.packed_bytes = input->is_folder() ? 0 : input->bytes();
  job.kubernetes = wish.kubernetes;
  job.around = wish.around;
  job.citations = {{{wish.file, wish.line, wish.line, ""}, ""}};
  auto found = made.check(job, std::move(stream->descriptor));
  if (!found) {
    stream->abandon();
    return found.error();
  }
  if (Status closed = stream->close(); !closed) return closed.error();
  if (Status same = input->unchanged(); !same) return same.error();
  return found->surroundings.empty() ? Surroundings() : std::move(found->surroundings.front());
}

}  // namespace carrel
