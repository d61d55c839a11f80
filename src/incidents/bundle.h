// Writes a world as a support bundle in the layout of replicatedhq/troubleshoot, and tells where every mark
// came to stand.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "incidents/world.h"

namespace carrel::incidents {

// Where something that was marked stands: `file` is the member's name in the archive.
struct Place {
  std::string file;
  std::uint32_t line = 0, end_line = 0;
  std::string key;  // the part of its first line that tells of it, without a time in front
};

struct Bundle {
  std::string root;                                        // the top folder
  std::vector<std::pair<std::string, std::string>> files;  // by name
  std::vector<Place> places;                               // of all marks, in the files' order
};

// `world` has all its objects (make_objects()).
Bundle write_bundle(World* world);

// The archive's bytes: ustar or pax, every time that of `at`, gzip without a name or a time. An Error of
// Code::internal where zlib refuses.
Result<std::string> pack(const Bundle& bundle, Millis at);

}  // namespace carrel::incidents
