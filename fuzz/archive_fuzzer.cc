// The bundle reader over any bytes: whatever they are, it ends, within its limits, with a summary or an
// error, and every name it gives out is a good one.
//
// links: room/bundle
#include <cstddef>
#include <cstdint>
#include <string_view>

#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/text.h"
#include "expect.h"
#include "room/bundle/member.h"
#include "room/bundle/read.h"

namespace {

class Counting final : public carrel::LineSink {
 public:
  std::uint64_t bytes = 0;
  void begin(const carrel::TextFile& file) override {
    carrel::expect(!open_ && carrel::refuse_name(file.path) == nullptr);
    open_ = true;
  }
  void add(std::string_view more) override {
    carrel::expect(open_);
    bytes += more.size();
  }
  void end() override {
    carrel::expect(open_);
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
  carrel::expect(summary->bytes == sink.bytes && sink.bytes <= options.limits.bytes + (1 << 20));
  carrel::expect(summary->files <= options.limits.files);
  for (const carrel::LeftOut& entry : summary->left_out) {
    carrel::expect(carrel::is_utf8(entry.file) && entry.file.size() <= carrel::limit::path);
    carrel::expect(!entry.reason.empty() && entry.reason.size() <= carrel::limit::reason);
  }
  return 0;
}
