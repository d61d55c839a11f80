// Memory that a room is lent: bytes that it may read, and memory that it may fill, which is all that a room
// can write to. Files without a name (memfd_create(2)), sealed so that nobody can change what they are any
// more.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/fd.h"
#include "base/result.h"

namespace carrel {

// A room's output: zeros that may be written over, of a size that can be neither raised nor lowered, never to
// be executed where the kernel knows how to say that (6.3). The host keeps a copy of the descriptor to read
// it once the room is gone.
Result<Fd> make_room_memory(std::uint64_t bytes);

// A room's input: these bytes, open for reading alone, and not to be changed by anybody.
Result<Fd> make_room_input(std::string_view bytes);

// Memory that the host fills and the room reads, again and again, of a size that can be neither raised nor
// lowered: an input of a room that is kept.
struct RoomLoan {
  Fd host;  // may be written
  Fd room;  // may not
};
Result<RoomLoan> make_room_loan(std::uint64_t bytes);

// Puts the bytes at the beginning of memory that is large enough. No room may be reading it.
Status fill_room_memory(const Fd& memory, std::string_view bytes);
// Copies the first bytes of one into the other, which is as large.
Status copy_room_memory(const Fd& from, const Fd& to, std::uint64_t bytes);
// Makes it zeros again, and gives its pages back.
Status clear_room_memory(const Fd& memory, std::uint64_t bytes);

// The first bytes of an output whose room is gone, or has no task.
Result<std::string> read_room_memory(const Fd& output, std::uint64_t bytes);

// True for an output as make_room_memory() makes it.
bool is_room_memory(int descriptor);

}  // namespace carrel
