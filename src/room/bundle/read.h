// Reads a bundle from a descriptor, streaming: nothing is extracted, only regular files are read, and
// whatever is refused or cut is counted with its reason.
//
//   BundleReader: archive (tar, tar.gz, tar.zst, tar.xz, zip; told by content, not by name) or a tar stream
//   of a folder -> Inventory (objects, documents) + every file's text poured into the LineSink.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "record/evidence.h"
#include "record/room.h"
#include "room/inventory/inventory.h"
#include "room/inventory/line_sink.h"

namespace carrel {

struct BundleSummary {
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;  // unpacked and read
  bool cut_short = false;   // a limit ended the reading before the bundle's end
  std::vector<LeftOut> left_out;
};

struct BundleOptions {
  std::string name;                // for messages
  std::uint64_t packed_bytes = 0;  // 0: not known
  std::string key;  // the secret of one it was sealed to (crypto/envelope.h), as a line of text
  BundleLimits limits;
  bool kubernetes = true;  // false: every file is text, nothing is parsed as objects
  std::function<void(std::uint64_t packed_bytes_read)> progress;  // may be empty; called every few MiB
};

// Reads all of it. Each file goes to `sink` (never null); with options.kubernetes structured files and
// kubectl's text go to `inventory` too. Errors (Code::bad_input): no archive, damaged, truncated, encrypted,
// empty; each says which and where. Memory: the inventory (bounded by limits.structured_bytes) plus a few
// MiB, whatever the bundle's size.
Result<BundleSummary> read_bundle(int fd, const BundleOptions& options, Inventory* inventory, LineSink* sink);

}  // namespace carrel
