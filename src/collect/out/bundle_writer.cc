#include "collect/out/bundle_writer.h"

#include <new>

#include <zlib.h>

#include "record/tar.h"

namespace carrel {
namespace {

// Logs become about a fifth smaller at 6 than at 3, for twice the time.
constexpr int level = 6;
constexpr std::size_t deflated_block = 256 << 10;

}  // namespace

struct BundleWriter::Gzip {
  z_stream stream{};
  std::string out = std::string(deflated_block, '\0');

  Gzip() {
    // Window bits + 16: gzip, whose header zlib leaves without name and time. It fails when memory is short.
    if (::deflateInit2(&stream, level, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY) != Z_OK)
      throw std::bad_alloc();
  }
  Gzip(const Gzip&) = delete;
  Gzip& operator=(const Gzip&) = delete;
  ~Gzip() { ::deflateEnd(&stream); }
};

BundleWriter::BundleWriter(std::string top_folder, std::int64_t time, ByteSink write)
    : top_(std::move(top_folder)), time_(time), write_(std::move(write)), gzip_(std::make_unique<Gzip>()) {}
BundleWriter::~BundleWriter() = default;

Status BundleWriter::pack(std::string_view bytes, bool end) {
  z_stream& stream = gzip_->stream;
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  for (;;) {
    stream.next_out = reinterpret_cast<Bytef*>(gzip_->out.data());
    stream.avail_out = static_cast<uInt>(deflated_block);
    const int state = ::deflate(&stream, end ? Z_FINISH : Z_NO_FLUSH);
    const std::size_t made = deflated_block - stream.avail_out;
    if (made > 0) {
      if (Status done = write_({gzip_->out.data(), made}); !done) return done;
    }
    if (end ? state == Z_STREAM_END : stream.avail_in == 0 && stream.avail_out > 0) return {};
  }
}

Status BundleWriter::add(ManifestFile* file, Spool& spool) {
  file->size = spool.size();
  file->sha256 = spool.sha256();
  TarEntry entry;
  entry.name = top_ + "/" + file->path;
  entry.size = spool.size();
  entry.time = time_;
  if (Status done = pack(tar_entry(entry)); !done) return done;
  if (Status done = spool.copy_to([this](std::string_view bytes) { return pack(bytes); }); !done) return done;
  return pack(tar_padding(spool.size()));
}

Status BundleWriter::finish(const Manifest& manifest) {
  const std::string json = to_json(manifest);
  TarEntry entry;
  entry.name = top_ + "/" + manifest_path;
  entry.size = json.size();
  entry.time = time_;
  return pack(tar_entry(entry) + json + tar_padding(json.size()) + tar_end(), true);
}

}  // namespace carrel
