// carrel-probe: the hostile program of `carrel room probe`. In a room it makes the one attempt that its job
// names, and answers what came of it; its argument is that of the room whose twin it is in. As carrel-boot,
// with that program's arguments, it makes the attempt in QEMU's place. Outside it is the control:
// `carrel-probe bare NAME FOLDER` makes the same attempt on the bare host, in a folder of its own.
#include <cstring>
#include <new>
#include <string>

#include "record/codec.h"
#include "record/guest.h"
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

// As QEMU is sealed; then, as a QEMU that was taken over would, it plays the guest that has sealed itself.
Status serve_in_place_of_machine(bool kvm) {
  if (Status sealed = seal_machine(kvm); !sealed) return sealed;
  const auto job = receive_job();
  if (!job) return job.error();
  if (Status sent = send(MessageType::sealed, *encode(Sealed{})); !sent) return sent;
  const auto result = probe::attempt(*job);
  if (!result) return result.error();
  if (Status sent = send(MessageType::guest, *encode(GuestReport{})); !sent) return sent;
  return send(MessageType::result, *result);
}

bool is_word(const char* word, const char* other) {
  return std::strcmp(word, other) == 0;
}

}  // namespace

int main(int count, char** arguments) {
  if (const auto status = probe::was_executed(count == 2 ? arguments[1] : "")) return *status;
  if (count == 4 && is_word(arguments[1], "bare")) {
    return probe::print_control(arguments[2], arguments[0], arguments[3]);
  }
  try {
    const bool machine = count > 2 && (is_word(arguments[1], "tcg") || is_word(arguments[1], "kvm"));
    const Status served = machine ? serve_in_place_of_machine(is_word(arguments[1], "kvm")) : serve();
    if (served) return room_exit::in_order;
    return send_refusal(served.error()) ? room_exit::in_order : 1;
  } catch (const std::bad_alloc&) {
    return room_exit::memory;
  }
}
