// A bundle that somebody inspects: the gzip stream, the tar in it, and its manifest.
// links: collect/out
//
// The first byte says what the bytes are: 0, a bundle; 1, the tar that is packed in one; else a manifest.
// Whatever they are it ends, and what is told does not depend on how they are cut. A manifest that was read
// is written and read again as the same.
#include <algorithm>
#include <string>
#include <string_view>

#include <zlib.h>

#include "collect/out/inspect.h"
#include "expect.h"

namespace {

using namespace carrel;

std::string packed(std::string_view bytes) {
  z_stream stream{};
  expect(::deflateInit2(&stream, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string out(::deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  expect(::deflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(stream.total_out);
  ::deflateEnd(&stream);
  return out;
}

std::string inspected(std::string_view bytes, std::size_t step) {
  std::size_t at = 0;
  const auto found = inspect_bundle([&](char* into, std::size_t size) -> Result<std::size_t> {
    const std::size_t n = std::min({size, step, bytes.size() - at});
    bytes.copy(into, n, at);
    at += n;
    return n;
  });
  if (!found) return "error " + found.error().what;
  expect(!found->damage.empty() || found->files == found->manifest.files.size());
  std::string told = found->top + "\n" + std::to_string(found->bytes) + "\n" + to_json(found->manifest);
  for (const std::string& damage : found->damage) told += damage + "\n";
  return told;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data + 2), size - 2);
  if (data[0] <= 1) {
    const std::string bundle = data[0] == 1 ? packed(bytes) : std::string(bytes);
    expect(inspected(bundle, 1 + data[1]) == inspected(bundle, 64 << 10));
    return 0;
  }
  const auto manifest = read_manifest(bytes);
  if (!manifest) return 0;
  const std::string json = to_json(*manifest);
  const auto again = read_manifest(json);
  expect(again && to_json(*again) == json);
  return 0;
}
