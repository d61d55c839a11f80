// The messages between a room and the host. Format: docs/formats/wire.md.
//
// One frame: magic 'C' 'w', version, type (one byte each), body length (4 bytes, little endian), body. The
// room's side of the conversation:
//
//   room: sealed       the filter is on; names the descriptor at which the host takes its listener
//   host: job          only now does the room see its task
//   room: progress*    at most a few a second
//   room: result | refused
//
// A think room that is kept (host/walls/kept_room.h) then waits for the host's next job, and so on until its
// descriptor 0 ends.
//
// A room in a virtual machine has two halves (docs/formats/wire.md): the virtual machine's own program seals
// itself first, then the guest's init tells of the room's program, with one `guest` before the result.
//
// The host's reader takes the room for hostile: sizes are checked before memory is taken, an unknown version
// or type or a frame out of order ends the room (Code::room_refused).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "record/limits.h"

namespace carrel {

enum class MessageType : std::uint8_t { sealed, job, progress, result, refused, guest, count_ };

struct Message {
  MessageType type = MessageType::refused;
  std::string body;
};

inline constexpr std::uint8_t wire_version = 4;
inline constexpr std::size_t frame_header = 8;

// The largest body of a type.
std::size_t body_limit(MessageType type);

// A frame for the body; it must be within body_limit (Code::does_not_fit otherwise).
Result<std::string> frame(MessageType type, std::string_view body);

// Cuts a stream of bytes into messages.
class FrameReader {
 public:
  // Adds what was read; then next() until it is empty.
  void add(std::string_view bytes) {
    buffer_.erase(0, used_);
    used_ = 0;
    buffer_ += bytes;
  }
  // The next whole message, nothing when more bytes are needed, or an Error that ends the conversation.
  Result<std::optional<Message>> next();
  // True between messages: the stream may end here.
  bool at_border() const { return used_ == buffer_.size(); }

 private:
  std::string buffer_;
  std::size_t used_ = 0;  // of it; cut off once a read, or many small messages would cost the square of them
};

// Bodies of the small messages.
struct Sealed {
  std::uint32_t listener = 0;  // the room's descriptor number of the seccomp listener
  template <class Codec>
  void fields(Codec& c) {
    c(listener);
  }
};

struct Progress {
  std::string stage;                            // "reading", "prefill", "decoding"
  std::uint64_t done = 0;                       // in the stage's own unit: bytes or tokens
  std::uint64_t total = 0;                      // 0: not known
  std::uint64_t context_used = 0, context = 0;  // tokens, of all tries together; 0: there is no model
  std::uint64_t memory = 0;  // bytes that the room takes: the host's word, whatever the room says
  template <class Codec>
  void fields(Codec& c) {
    c(stage, 32);
    c(done);
    c(total);
    c(context_used);
    c(context);
    c(memory);
  }
};

// The room itself declines: the input is damaged, does not fit, is unknown. Not a violation.
struct Refused {
  Code code = Code::bad_input;
  std::string what;
  std::string remedy;
  template <class Codec>
  void fields(Codec& c) {
    auto number = static_cast<std::uint8_t>(code);
    c(number);
    // Only a reader finds another number than it brought: writing changes nothing.
    if (number != static_cast<std::uint8_t>(code)) {
      code = number <= static_cast<std::uint8_t>(Code::internal) ? static_cast<Code>(number) : Code::internal;
    }
    c(what, limit::detail);
    c(remedy, limit::detail);
  }
};

}  // namespace carrel
