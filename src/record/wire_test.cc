#include "record/wire.h"

#include <gtest/gtest.h>

#include "record/codec.h"

namespace carrel {
namespace {

std::string header(int version, int type, std::uint32_t size) {
  std::string out = {'C', 'w', static_cast<char>(version), static_cast<char>(type)};
  for (unsigned shift = 0; shift < 32; shift += 8) out += static_cast<char>(size >> shift & 0xff);
  return out;
}

std::string why_refused(std::string_view bytes) {
  FrameReader reader;
  reader.add(bytes);
  auto message = reader.next();
  if (message) return "";
  EXPECT_EQ(message.error().code, Code::room_refused);
  return message.error().what;
}

TEST(Wire, AFrameIsItsHeaderAndItsBody) {
  // The bytes that docs/formats/wire.md gives as its example.
  EXPECT_EQ(*frame(MessageType::sealed, "\x05"),
            std::string("Cw") + static_cast<char>(wire_version) + std::string("\x00\x01\x00\x00\x00\x05", 6));
}

TEST(Wire, MessagesComeOutAsTheyWentInHoweverTheBytesArrive) {
  const std::string stream = *frame(MessageType::sealed, "\x07") + *frame(MessageType::progress, "") +
                             *frame(MessageType::result, std::string(3000, 'x'));
  for (const std::size_t step : {1u, 2u, 7u, 9u, 4096u}) {
    FrameReader reader;
    std::vector<Message> messages;
    for (std::size_t at = 0; at < stream.size(); at += step) {
      reader.add(std::string_view(stream).substr(at, step));
      for (;;) {
        auto message = reader.next();
        ASSERT_TRUE(message) << message.error().what;
        if (!*message) break;
        messages.push_back(**message);
      }
    }
    ASSERT_EQ(messages.size(), 3u) << "in steps of " << step;
    EXPECT_EQ(messages[0].type, MessageType::sealed);
    EXPECT_EQ(messages[0].body, "\x07");
    EXPECT_EQ(messages[1].body, "");
    EXPECT_EQ(messages[2].body, std::string(3000, 'x'));
    EXPECT_TRUE(reader.at_border());
  }
}

// In time that grows with their bytes: a room that floods its host with them keeps it busy no longer.
TEST(Wire, AMillionSmallMessagesAreCutInOneGo) {
  constexpr int many = 1'000'000;
  std::string stream;
  for (int i = 0; i < many; ++i) stream += *frame(MessageType::progress, "");
  FrameReader reader;
  reader.add(stream);
  int count = 0;
  for (auto message = reader.next(); message && *message; message = reader.next()) ++count;
  EXPECT_EQ(count, many);
  EXPECT_TRUE(reader.at_border());
}

TEST(Wire, AStreamCutInsideAMessageIsSeen) {
  const std::string stream = *frame(MessageType::progress, "abc");
  for (std::size_t size = 0; size <= stream.size(); ++size) {
    FrameReader reader;
    reader.add(std::string_view(stream).substr(0, size));
    auto message = reader.next();
    ASSERT_TRUE(message);
    EXPECT_EQ(message->has_value(), size == stream.size()) << size;
    EXPECT_EQ(reader.at_border(), size == 0 || size == stream.size()) << size;
  }
}

TEST(Wire, WhatIsNoMessageIsRefused) {
  EXPECT_EQ(why_refused("HTTP/1.1 200 OK"), "the room sent something that is not a message");
  EXPECT_EQ(why_refused(header(wire_version + 1, 0, 0)),
            "the room speaks version " + std::to_string(wire_version + 1) + " of the wire");
  EXPECT_EQ(why_refused(header(wire_version, 9, 0)), "the room sent a message of unknown type 9");
  EXPECT_EQ(why_refused(header(wire_version, 0xff, 0)), "the room sent a message of unknown type 255");
}

TEST(Wire, ASizeOverTheTypesLimitIsRefusedBeforeTheBodyComes) {
  for (int type = 0; type < static_cast<int>(MessageType::count_); ++type) {
    const auto limit = static_cast<std::uint32_t>(body_limit(static_cast<MessageType>(type)));
    EXPECT_EQ(why_refused(header(wire_version, type, limit)), "") << "the limit itself is allowed";
    EXPECT_NE(why_refused(header(wire_version, type, limit + 1)), "") << type;
    EXPECT_NE(why_refused(header(wire_version, type, UINT32_MAX)), "") << type;
  }
}

TEST(Wire, ABodyOverItsLimitIsNotSent) {
  auto bytes = frame(MessageType::progress, std::string(body_limit(MessageType::progress) + 1, 'x'));
  ASSERT_FALSE(bytes);
  EXPECT_EQ(bytes.error().code, Code::does_not_fit);
}

TEST(Wire, TheSmallMessagesFitTheirLimitsAtTheirLargest) {
  const Progress progress{std::string(32, 's'), UINT64_MAX, UINT64_MAX};
  EXPECT_TRUE(frame(MessageType::progress, *encode(progress)));
  EXPECT_TRUE(frame(MessageType::sealed, *encode(Sealed{UINT32_MAX})));
  const Refused refused{Code::internal, std::string(limit::detail, 'w'), std::string(limit::detail, 'r')};
  EXPECT_TRUE(frame(MessageType::refused, *encode(refused)));
}

TEST(Wire, WritingARefusalChangesNothing) {
  const Refused refused{static_cast<Code>(99), "what", "remedy"};
  ASSERT_TRUE(encode(refused));
  EXPECT_EQ(refused.code, static_cast<Code>(99));
}

TEST(Wire, ARefusalOfUnknownKindIsTakenForADefect) {
  auto known = decode<Refused>(*encode(Refused{Code::does_not_fit, "too long", "shorten it"}));
  ASSERT_TRUE(known);
  EXPECT_EQ(known->code, Code::does_not_fit);
  EXPECT_EQ(known->what, "too long");
  EXPECT_EQ(known->remedy, "shorten it");
  auto unknown = decode<Refused>(std::string_view("\x63\x00\x00", 3));
  ASSERT_TRUE(unknown);
  EXPECT_EQ(unknown->code, Code::internal);
}

}  // namespace
}  // namespace carrel
