#include "record/wire.h"

#include <fmt/format.h>

namespace carrel {

std::size_t body_limit(MessageType type) {
  switch (type) {
    case MessageType::sealed:
      return 16;
    case MessageType::progress:
      return 96;
    case MessageType::refused:
      return 4 << 10;
    case MessageType::guest:
      return 512 << 10;
    case MessageType::job:
    case MessageType::result:
      return limit::message;
    case MessageType::count_:
      break;
  }
  return 0;
}

Result<std::string> frame(MessageType type, std::string_view body) {
  if (body.size() > body_limit(type)) {
    return Error{Code::does_not_fit, fmt::format("a message of {} bytes is over its limit", body.size()), ""};
  }
  std::string out = {'C', 'w', static_cast<char>(wire_version), static_cast<char>(type)};
  for (int shift = 0; shift < 32; shift += 8) out += static_cast<char>(body.size() >> shift & 0xff);
  out += body;
  return out;
}

Result<std::optional<Message>> FrameReader::next() {
  const std::string_view rest = std::string_view(buffer_).substr(used_);
  if (rest.size() < frame_header) return std::optional<Message>();
  const auto byte = [&](std::size_t i) {
    return static_cast<std::uint32_t>(static_cast<unsigned char>(rest[i]));
  };
  const auto refuse = [](std::string what) { return Error{Code::room_refused, std::move(what), ""}; };
  if (rest[0] != 'C' || rest[1] != 'w') return refuse("the room sent something that is not a message");
  if (byte(2) != wire_version) return refuse(fmt::format("the room speaks version {} of the wire", byte(2)));
  if (byte(3) >= static_cast<std::uint32_t>(MessageType::count_)) {
    return refuse(fmt::format("the room sent a message of unknown type {}", byte(3)));
  }
  const auto type = static_cast<MessageType>(byte(3));
  const std::size_t size = byte(4) | byte(5) << 8 | byte(6) << 16 | byte(7) << 24;
  if (size > body_limit(type)) return refuse(fmt::format("the room announced a message of {} bytes", size));
  if (rest.size() < frame_header + size) return std::optional<Message>();
  Message message{type, std::string(rest.substr(frame_header, size))};
  used_ += frame_header + size;
  return std::optional<Message>(std::move(message));
}

}  // namespace carrel
