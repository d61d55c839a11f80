#include "room/guest/guest.h"

#include <csignal>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/text.h"
#include "record/codec.h"
#include "room/guest/devices.h"
#include "room/guest/disk.h"
#include "room/guest/inputs.h"
#include "room/guest/relay.h"
#include "room/guest/rounds.h"

namespace carrel {
namespace {

constexpr const char* room_root = "/room";

// The room's root becomes read-only before anything runs in it; its user could write nowhere in it anyway.
Status make_read_only(const char* root) {
  if (::mount(root, root, nullptr, MS_BIND, nullptr) != 0 ||
      ::mount(nullptr, root, nullptr, MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV, nullptr) !=
          0) {
    return errno_error("the room's root cannot be made read-only");
  }
  return {};
}

std::vector<std::string> layers_inside() {
  utsname kernel{};
  ::uname(&kernel);
  return {fmt::format("linux {}", cut_utf8(kernel.release, 64)),
          "no network device",
          "inputs on read-only disks",
          "read-only root",
          "pid and uts namespaces",
          "no capabilities",
          "no new privileges",
          "limits",
          "landlock",
          "seccomp with listener"};
}

Status answer_for_nobody(int host) {
  const auto report = encode(GuestReport{});
  auto bytes = report ? frame(MessageType::guest, *report) : report;
  if (!bytes) return bytes.error();
  const auto sealed = frame(MessageType::sealed, *encode(Sealed{}));
  const auto result = frame(MessageType::result, "");
  return write_all(host, *sealed + *bytes + *result);
}

Status run_room(int host, int words) {
  if (const std::string devices = network_devices(); !devices.empty())
    return Error{Code::room_refused, "the guest has a network device: " + escape_for_terminal(devices), ""};
  auto disk = open_disk(0);
  if (!disk) return disk.error();
  auto task = read_guest_task(disk->get());
  if (!task) return task.error();
  if (task->program.empty()) return answer_for_nobody(host);
  if (Status done = unpack_root(disk->get(), *task, room_root); !done) return done;
  if (Status done = make_read_only(room_root); !done) return done;
  if (task->rounds) return run_rounds(*task, room_root, host, words, layers_inside());
  auto inputs = open_inputs(*task);
  if (!inputs) return inputs.error();
  auto program = start_program(*task, room_root, *inputs);
  if (!program) return program.error();
  inputs->clear();
  return Relay(*task, host, words).run(std::move(*program), layers_inside());
}

void tell_failure(int host, const Error& error) {
  const auto body = encode(Refused{error.code, std::string(cut_utf8(error.what, limit::detail)), ""});
  const auto bytes = body ? frame(MessageType::refused, *body) : body;
  if (bytes && !write_all(host, *bytes)) return;
}

}  // namespace

void run_guest() {
  ::signal(SIGPIPE, SIG_IGN);
  if (bring_up_devices()) {
    const auto host = open_port(message_port);
    const auto words = open_port(words_port);
    if (host && words) {
      const Status done = run_room(host->get(), words->get());
      if (!done) tell_failure(host->get(), done.error());
      // The host ends the machine when it has read the last message, which lies in its queue until then.
      ::sleep(10);
    }
  }
  ::reboot(RB_POWER_OFF);
  for (;;) ::pause();
}

}  // namespace carrel
