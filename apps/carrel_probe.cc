// carrel-probe: the hostile program of `carrel room probe`. In a room it makes the one attempt that its job
// names, and answers what came of it; its argument is that of the room whose twin it is in. Outside it is the
// control: `carrel-probe bare NAME FOLDER` makes the same attempt on the bare host, in a folder of its own.
#include <cstring>
#include <new>
#include <string>

#include "record/codec.h"
#include "record/probe.h"
#include "record/room_exit.h"
#include "room/probe/attempt.h"
#include "room/seal/seal.h"

namespace {

using namespace carrel;

Status serve() {
  const auto body = seal_and_receive_job();
  if (!body) return body.error();
  const auto result = probe::attempt(*body);
  if (!result) return result.error();
  return send(MessageType::result, *result);
}

}  // namespace

int main(int count, char** arguments) {
  if (const auto status = probe::was_executed(count == 2 ? arguments[1] : "")) return *status;
  if (count == 4 && std::strcmp(arguments[1], "bare") == 0) {
    return probe::print_control(arguments[2], arguments[0], arguments[3]);
  }
  try {
    const Status served = serve();
    if (served) return room_exit::in_order;
    return send_refusal(served.error()) ? room_exit::in_order : 1;
  } catch (const std::bad_alloc&) {
    return room_exit::memory;
  }
}
