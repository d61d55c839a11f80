// What comes over the socket of `carrel serve`: orders, and answers to them.
// links: host/serve
//
// Whatever the bytes, either end gets a record within its limits or an error; and one that was read can be
// written again and read to the same bytes.
#include <string_view>

#include "expect.h"
#include "host/serve/order.h"
#include "record/codec.h"

namespace {

using namespace carrel;

template <class T>
void try_record(std::string_view body) {
  auto record = decode<T>(body);
  if (!record) return;
  auto written = encode(*record);
  expect(static_cast<bool>(written));
  auto again = decode<T>(*written);
  expect(again && *encode(*again) == *written);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  try_record<ServeOrder>(body);
  try_record<ServeAnswer>(body);
  return 0;
}
