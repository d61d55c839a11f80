// BundleWriter: a tar.gz stream with one top folder, and the manifest as its last file.
//
// The same files in the same order give the same bytes: no owner, and one time for all entries.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "collect/out/manifest.h"
#include "collect/spool/spool.h"

namespace carrel {

class BundleWriter {
 public:
  // Everything that is written goes to `write`. `time` is that of all entries, in seconds since 1970.
  BundleWriter(std::string top_folder, std::int64_t time, ByteSink write);
  ~BundleWriter();

  // Adds a file; what the spool knows of it is set in `file`.
  Status add(ManifestFile* file, Spool& spool);
  // Adds the manifest and ends the stream.
  Status finish(const Manifest& manifest);

 private:
  struct Gzip;
  std::string top_;
  std::int64_t time_;
  ByteSink write_;
  std::unique_ptr<Gzip> gzip_;

  Status pack(std::string_view bytes, bool end = false);
};

}  // namespace carrel
