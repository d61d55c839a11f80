// The bundle reader over any bytes: whatever they are, it ends, within its limits, with a summary or an
// error, and every name it gives out is a good one.
//
// links: room/bundle
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/text.h"
#include "room/bundle/member.h"
#include "room/bundle/read.h"

namespace {

class Counting final : public carrel::LineSink {
 public:
  std::uint64_t bytes = 0;
  void begin(const carrel::TextFile& file) override {
    if (open_ || carrel::refuse_name(file.path) != nullptr) std::abort();
    open_ = true;
  }
  void add(std::string_view more) override {
    if (!open_) std::abort();
    bytes += more.size();
  }
  void end() override {
    if (!open_) std::abort();
    open_ = false;
  }

 private:
  bool open_ = false;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const carrel::Fd fd(memfd_create("bundle", MFD_CLOEXEC));
  if (!carrel::write_all(fd.get(), {reinterpret_cast<const char*>(data), size})) return 0;
  lseek(fd.get(), 0, SEEK_SET);
  carrel::BundleOptions options;
  options.name = "bundle";
  options.limits = {
      .bytes = 4 << 20, .file_bytes = 1 << 20, .files = 100, .ratio = 100, .structured_bytes = 1 << 20};
  carrel::Inventory inventory;
  Counting sink;
  const auto summary = carrel::read_bundle(fd.get(), options, &inventory, &sink);
  if (!summary) return 0;
  if (summary->bytes != sink.bytes || sink.bytes > options.limits.bytes + (1 << 20)) std::abort();
  if (summary->files > options.limits.files) std::abort();
  for (const carrel::LeftOut& entry : summary->left_out) {
    if (!carrel::is_utf8(entry.file) || entry.file.size() > carrel::limit::path) std::abort();
    if (entry.reason.empty() || entry.reason.size() > carrel::limit::reason) std::abort();
  }
  return 0;
}
