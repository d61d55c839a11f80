// The room's own half of the wall: the last layers, put on by the room's program itself before it has seen its task.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/result.h"
#include "record/wire.h"

namespace carrel {

// Puts on Landlock (no path may be opened any more but those below `readable`, read-only; no TCP; scoped signals and
// abstract sockets where the kernel knows them) and then seccomp; tells the host over descriptor 1 (MessageType::sealed),
// waits on descriptor 0 for the job, closes the listener's copy, and returns the job's body. Called once, at the start,
// by a single thread. Whatever a program must load (the CPU back end) it loads before.
Result<std::string> seal_and_receive_job(const std::string& readable = "");

// Sends a message to the host over descriptor 1.
Status send(MessageType type, const std::string& body);

// A progress reporter that sends at most ten messages a second.
std::function<void(std::uint64_t done)> progress_sender(const std::string& stage, std::uint64_t total);

}  // namespace carrel
