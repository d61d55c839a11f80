// Runs tasks at the same time and writes their files to the bundle in the order of the tasks, so that the
// order does not depend on who was faster. A few files more than run at once are kept until their turn; they
// lie in spools.
//
// Redaction is the last thing before a file is written, whatever it came from, and in the order of the files,
// so that equal values have equal pseudonyms and these do not depend on who was faster either. What the
// redactor cannot read is left out.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "collect/out/bundle_writer.h"
#include "collect/out/manifest.h"
#include "collect/redact/redactor.h"
#include "collect/spool/task.h"

namespace carrel {

// What the manifest says of times: SOURCE_DATE_EPOCH stands for now where it is set, so that the same answers
// make the same bundle (https://reproducible-builds.org/specs/source-date-epoch/).
class BundleClock {
 public:
  BundleClock();
  std::int64_t now() const;  // seconds since 1970
  double seconds() const;    // of a clock that only goes on
  static std::string rfc3339(std::int64_t time);

 private:
  std::int64_t fixed_ = -1;
};

struct Gathering {
  Redactor* redactor = nullptr;
  unsigned parallel = 8;
  std::string folder;  // for spools
  BundleClock clock;
  // Set by a signal, or here when something ends the collection, so that all that waits ends soon.
  std::atomic<bool>* stop = nullptr;
  std::function<void(std::uint64_t done, std::uint64_t of, std::uint64_t bytes)> progress;
};

// An Error ends the collection. An interruption does not: what was not had is missing as "interrupted".
Status gather(std::vector<Task> tasks, const Gathering& how, BundleWriter* writer, Manifest* manifest);

}  // namespace carrel
