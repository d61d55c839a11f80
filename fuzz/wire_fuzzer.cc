// What a hostile room may send: the stream of frames, and the body of every message.
// links: record
//
// Whatever the bytes, the host gets messages within their limits or an error; and a record that was read can
// be written again and read to the same bytes.
#include <string_view>

#include "expect.h"
#include "record/answer.h"
#include "record/codec.h"
#include "record/guest.h"
#include "record/probe.h"
#include "record/room.h"
#include "record/wire.h"

namespace {

using namespace carrel;

template <class T>
void try_record(std::string_view body) {
  auto record = decode<T>(body);
  if (!record) {
    expect(record.error().code == Code::room_refused);
    return;
  }
  auto written = encode(*record);
  expect(static_cast<bool>(written));
  auto again = decode<T>(*written);
  expect(static_cast<bool>(again));
  expect(*encode(*again) == *written);
}

void try_every_record(std::string_view body) {
  try_record<Sealed>(body);
  try_record<Progress>(body);
  try_record<Refused>(body);
  try_record<ReadJob>(body);
  try_record<ReadResult>(body);
  try_record<CheckJob>(body);
  try_record<CheckResult>(body);
  try_record<InspectJob>(body);
  try_record<ModelCard>(body);
  try_record<ThinkJob>(body);
  try_record<GuestReport>(body);
  try_record<GuestTask>(body);
  try_record<GuestJobs>(body);
  try_record<GuestRounds>(body);
  try_record<ProbeJob>(body);
  try_record<ProbeResult>(body);
  try_record<CitedContext>(body);
  auto result = decode<ThinkResult>(body);
  if (result) {
    for (const Try& one : result->tries) (void)parse_answer(one.json);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (bytes.empty()) return 0;
  // The first byte says how the stream is cut up on its way.
  const std::size_t step = 1 + (static_cast<unsigned char>(bytes[0]) & 0x3f);
  bytes.remove_prefix(1);
  try_every_record(bytes);
  (void)parse_answer(std::string(bytes));

  FrameReader reader;
  for (std::size_t at = 0; at < bytes.size(); at += step) {
    reader.add(bytes.substr(at, step));
    for (;;) {
      auto message = reader.next();
      if (!message) return 0;
      if (!*message) break;
      expect((*message)->body.size() <= body_limit((*message)->type));
      try_every_record((*message)->body);
    }
  }
  return 0;
}
