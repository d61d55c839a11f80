// OutputFile: a bundle, its signature or a map of pseudonyms while it is written. It has its name only once
// it is whole: until then it is a file without a name in the same folder, which is gone when this program is,
// however it ends.
//
// Where a file system has no such files (NFS), it is ".NAME.part-XXXXXX" until then; only a kill leaves that
// behind.
#pragma once

#include <string>
#include <string_view>

#include "base/fd.h"
#include "base/result.h"

namespace carrel {

class OutputFile {
 public:
  // Errors, before anything was collected: a folder that is not there or may not be written, a name that is
  // taken (unless `replace`).
  static Result<OutputFile> create(const std::string& path, bool replace);
  OutputFile(OutputFile&&) noexcept;
  OutputFile& operator=(OutputFile&&) = delete;
  ~OutputFile();

  Status write(std::string_view bytes);
  // Syncs it and gives it its name.
  Status finish();

  const std::string& path() const { return path_; }
  const std::string& folder() const { return folder_; }

 private:
  OutputFile() = default;

  std::string path_, folder_;
  std::string temporary_;  // where it has a name after all
  bool replace_ = false;
  Fd file_;
};

}  // namespace carrel
