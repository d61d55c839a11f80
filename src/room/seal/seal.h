// The room's own half of the wall: the last layers, put on by the room's program itself before it has seen
// its task.
//
//   auto job = seal_and_receive_job();
//   if (!job) return send_refusal(job.error());   // the host reports a set-up error
//   ...
//   send(MessageType::result, body);
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/result.h"
#include "record/wire.h"

namespace carrel {

// Puts on Landlock (no path may be opened any more but those below `readable`, read-only; no TCP; scoped
// signals and abstract sockets where the kernel knows them) and then seccomp; tells the host over descriptor
// 1 (MessageType::sealed), waits on descriptor 0 for the job, closes the listener's copy, and returns the
// job's body. Called once, at the start, by a single thread. Whatever a program must load (the CPU back end)
// it loads before. A layer that cannot be made is an Error; the program then sends MessageType::refused and
// ends.
//
// From here on an allocation that fails ends the program with room_exit::memory, system calls outside the
// filter's list fail with EPERM and are recorded by the host, and no path can be opened.
Result<std::string> seal_and_receive_job(const std::string& readable = "");

// The same for a program that is no room's own but QEMU, which cannot seal itself: puts the layers on, with
// QEMU's filter, tells the host, and returns once the host has seen that they hold and has sent the job; it
// is left unread, for the guest. The caller then executes QEMU. Nothing hostile was read by then.
Status seal_machine(bool kvm);

// The next job: of a room that is kept, or of a program that seal_machine() sealed and that does not become
// QEMU. Code::interrupted where the host has none any more.
Result<std::string> receive_job();

// Asks the kernel for the AMX tile registers (arch_prctl ARCH_REQ_XCOMP_PERM, feature 18; Linux
// Documentation/arch/x86/xstate.rst). True when this process and its threads may use them, false when the
// processor or the kernel has none. Only before sealing: the filter denies the call.
bool request_amx();

// Sends a message to the host over descriptor 1.
Status send(MessageType type, const std::string& body);

// Sends the error as MessageType::refused, its texts cut to what a refusal may hold: a long reason must not
// be lost as a whole.
Status send_refusal(const Error& error);

// A progress reporter that sends at most ten messages a second, and always the first one of a stage.
std::function<void(const Progress&)> progress_sender();
// The same within one stage.
std::function<void(std::uint64_t done)> progress_sender(const std::string& stage, std::uint64_t total);

}  // namespace carrel
