// ReadHandle: a libarchive reader with one owner.
#pragma once

#include <memory>

#include <archive.h>

namespace carrel {

struct FreeReadHandle {
  void operator()(archive* handle) const { archive_read_free(handle); }
};
using ReadHandle = std::unique_ptr<archive, FreeReadHandle>;

}  // namespace carrel
