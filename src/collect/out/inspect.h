// What a bundle holds, by its own manifest: read as a stream, each file's size and sum compared.
//
// A bundle is hostile to who inspects it: nothing is unpacked, sizes and counts are limited, and what is told
// is for the caller to escape.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "collect/out/manifest.h"

namespace carrel {

struct Inspection {
  std::string top;  // the one folder that all lies in
  Manifest manifest;
  std::uint64_t files = 0, bytes = 0;  // the manifest not counted
  std::vector<std::string> damage;     // files whose sum is another, that are missing or that no one knows
};

// Reads a tar.gz stream: `read` gives up to `size` bytes of it, 0 at its end. Errors of Code::bad_input: no
// gzip, no tar, no manifest, an end before its end.
Result<Inspection> inspect_bundle(
    const std::function<Result<std::size_t>(char* into, std::size_t size)>& read);

}  // namespace carrel
