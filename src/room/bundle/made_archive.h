// Archives made in memory for tests: tar headers by hand, so that they can be wrong in any way, and
// libarchive's writer for the rest.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

#include "base/fd.h"
#include "room/bundle/read.h"

namespace carrel::made {

// A descriptor of these bytes, at their start.
inline Fd file_of(std::string_view bytes) {
  Fd fd(memfd_create("bundle", MFD_CLOEXEC));
  if (!write_all(fd.get(), bytes)) return Fd();
  lseek(fd.get(), 0, SEEK_SET);
  return fd;
}

// One ustar header (POSIX.1-1988) with a right checksum.
inline std::string tar_header(std::string_view name, std::uint64_t size, char type = '0',
                              std::string_view link = "") {
  std::string header(512, '\0');
  const auto put = [&](std::size_t at, std::string_view text) { header.replace(at, text.size(), text); };
  put(0, name.substr(0, 100));
  put(100, "0000644");
  put(108, "0000000");
  put(116, "0000000");
  put(124, fmt::format("{:011o}", size));
  put(136, "00000000000");
  put(148, "        ");
  header[156] = type;
  put(157, link.substr(0, 100));
  put(257, std::string_view("ustar\00000", 8));
  unsigned sum = 0;
  for (const char c : header) sum += static_cast<unsigned char>(c);
  put(148, fmt::format("{:06o}", sum));
  header[154] = '\0';
  return header;
}

inline std::string padded(std::string_view body) {
  std::string all(body);
  all.resize((all.size() + 511) / 512 * 512);
  return all;
}

inline std::string tar_file(std::string_view name, std::string_view body) {
  return tar_header(name, body.size()) + padded(body);
}

// A pax extended header (POSIX.1-2001) with one record, for the member that follows.
inline std::string pax(std::string_view key, std::string_view value) {
  const std::size_t rest = key.size() + value.size() + 3;  // a space, '=' and a newline
  std::size_t length = rest + 1;
  while (fmt::format("{}", length).size() + rest != length) ++length;
  const std::string record = fmt::format("{} {}={}\n", length, key, value);
  return tar_header("PaxHeaders/x", record.size(), 'x') + padded(record);
}

// A file whose name only a pax header can hold.
inline std::string tar_named_file(std::string_view name, std::string_view body) {
  return pax("path", name) + tar_file("short", body);
}

inline const std::string tar_end(1024, '\0');

inline std::string gzip(std::string_view bytes, int level = 6) {
  z_stream stream{};
  deflateInit2(&stream, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, bytes.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

using Files = std::vector<std::pair<std::string, std::string>>;

// By libarchive's writer: `filter` "none", "gzip", "zstd", "xz", "bzip2"; `format` "pax", "gnutar", "zip",
// "raw".
inline std::string archive_of(const Files& files, const std::string& format, const std::string& filter,
                              const std::string& password = "") {
  // Room for what a format adds to a file, and for content that does not compress.
  std::size_t most = 1 << 20;
  for (const auto& [name, body] : files) most += body.size() + body.size() / 8 + 2 * name.size() + (8 << 10);
  std::string out(most, '\0');
  std::size_t used = 0;
  archive* const writer = archive_write_new();
  archive_write_set_format_by_name(writer, format.c_str());
  if (filter != "none") archive_write_add_filter_by_name(writer, filter.c_str());
  if (!password.empty()) {
    archive_write_set_options(writer, "zip:encryption=traditional");
    archive_write_set_passphrase(writer, password.c_str());
  }
  archive_write_open_memory(writer, out.data(), out.size(), &used);
  for (const auto& [name, body] : files) {
    archive_entry* const entry = archive_entry_new();
    archive_entry_set_pathname(entry, name.c_str());
    archive_entry_set_size(entry, static_cast<la_int64_t>(body.size()));
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_perm(entry, 0644);
    archive_write_header(writer, entry);
    archive_write_data(writer, body.data(), body.size());
    archive_entry_free(entry);
  }
  archive_write_close(writer);
  archive_write_free(writer);
  out.resize(used);
  return out;
}

// Keeps the text of every file.
class Kept final : public LineSink {
 public:
  std::map<std::string, std::string> text;
  std::map<std::string, TextFile> files;
  void begin(const TextFile& file) override {
    open_ = file.path;
    files[open_] = file;
    text[open_];
  }
  void add(std::string_view bytes) override { text[open_] += bytes; }
  void end() override { open_.clear(); }

 private:
  std::string open_;
};

// A bundle read whole.
struct Read {
  Inventory inventory;
  Kept sink;
  Result<BundleSummary> summary = Error{};

  // How many files were left out for a reason that has these words.
  std::uint64_t left_out(std::string_view words) const {
    std::uint64_t files = 0;
    for (const LeftOut& entry : summary->left_out) {
      if (entry.reason.find(words) != std::string::npos) files += entry.files;
    }
    return files;
  }
};

inline void read_fd(int fd, Read* into, const BundleLimits& limits = {},
                    const std::string& name = "bundle.tar") {
  BundleOptions options;
  options.name = name;
  options.limits = limits;
  into->summary = read_bundle(fd, options, &into->inventory, &into->sink);
}

inline void read_bytes(std::string_view bytes, Read* into, const BundleLimits& limits = {},
                       const std::string& name = "bundle.tar") {
  const Fd fd = file_of(bytes);
  read_fd(fd.get(), into, limits, name);
}

}  // namespace carrel::made
