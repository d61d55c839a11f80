// carrel-read: the program of the read room and of the check room. Static and alone in its root; its only
// argument says which of the two it is. Descriptor 0 brings the job, 1 takes the messages, 3 is the bundle
// (record/wire.h).
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <new>
#include <string>
#include <string_view>

#include "crypto/secret.h"
#include "record/codec.h"
#include "record/room.h"
#include "record/room_exit.h"
#include "record/wire.h"
#include "room/seal/seal.h"
#include "room/worker/check.h"
#include "room/worker/read.h"

namespace {

using namespace carrel;

constexpr int bundle_fd = 3;

template <class Job, class Answer>
Result<std::string> answer(std::string_view bytes, const char* stage,
                           Result<Answer> (*work)(int, const Job&,
                                                  const std::function<void(std::uint64_t)>&)) {
  const auto job = decode<Job>(bytes);
  if (!job) return job.error();
  const auto made = work(bundle_fd, *job, progress_sender(stage, job->packed_bytes));
  if (!made) return made.error();
  return encode(*made);
}

Result<std::string> run(std::string_view room) {
  // A sealed bundle is opened here; what that asks of the kernel is asked before the room is closed.
  if (const Status ready = prepare_crypto(); !ready) return ready.error();
  const auto job = seal_and_receive_job();
  if (!job) return job.error();
  if (room == to_string(RoomKind::read)) return answer<ReadJob, ReadResult>(*job, "reading", read_room);
  if (room == to_string(RoomKind::check)) return answer<CheckJob, CheckResult>(*job, "checking", check_room);
  return Error{Code::internal, "carrel-read was started for a room it does not know", ""};
}

int refuse(const Error& error) {
  return send_refusal(error) ? EXIT_SUCCESS : EXIT_FAILURE;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const auto result = run(argc == 2 ? argv[1] : "");
    if (!result) return refuse(result.error());
    if (const auto sent = send(MessageType::result, *result); !sent) return refuse(sent.error());
    return EXIT_SUCCESS;
  } catch (const std::bad_alloc&) {
    return room_exit::memory;
  }
}
