#include "collect/out/inspect.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <string_view>

#include <fmt/format.h>
#include <zlib.h>

#include "crypto/sealed_file.h"
#include "digest/sha256.h"

namespace carrel {
namespace {

constexpr std::size_t tar_block = 512;
constexpr std::size_t most_manifest = 64 << 20;
constexpr std::size_t most_pax = 1 << 20;
constexpr std::size_t most_files = 2'000'000;
constexpr std::size_t most_names = 256 << 20;  // bytes of all files' names
constexpr std::size_t most_damage = 1000;

using Read = std::function<Result<std::size_t>(char*, std::size_t)>;

Error no_bundle(const std::string& why) {
  return {Code::bad_input, "it is no bundle of support-diag: " + why, "get the file again"};
}

class Gunzip {
 public:
  explicit Gunzip(const Read& read) : read_(read), in_(64 << 10, '\0') {
    ready_ = ::inflateInit2(&stream_, 15 + 16) == Z_OK;
  }
  Gunzip(const Gunzip&) = delete;
  Gunzip& operator=(const Gunzip&) = delete;
  ~Gunzip() { ::inflateEnd(&stream_); }

  // Reads so much that it can be told what this is.
  Status begin() {
    std::size_t held = 0;
    for (;;) {
      auto n = read_(in_.data() + held, in_.size() - held);
      if (!n) return n.error();
      held += *n;
      if (*n == 0 || held >= sealed_file_magic.size()) break;
    }
    const std::string_view head(in_.data(), held);
    if (head.starts_with(sealed_file_magic))
      return Error{Code::bad_input, "it is sealed: what is in it only its recipients can tell",
                   "open it with its key first: `support-diag open`"};
    if (!head.starts_with("\x1f\x8b")) return no_bundle("it is no gzip file");
    give(held);
    return {};
  }

  // Exactly `size` bytes.
  Status read(char* into, std::size_t size) {
    stream_.next_out = reinterpret_cast<Bytef*>(into);
    stream_.avail_out = static_cast<uInt>(size);
    while (stream_.avail_out > 0) {
      if (ended_ || !ready_) return no_bundle("it breaks off");
      if (Status done = inflate(); !done) return done;
    }
    return {};
  }

  // Reads what may follow the end of the tar; the sum of all is checked at the stream's end.
  Status finish() {
    std::string rest(64 << 10, '\0');
    while (!ended_) {
      stream_.next_out = reinterpret_cast<Bytef*>(rest.data());
      stream_.avail_out = static_cast<uInt>(rest.size());
      if (Status done = inflate(); !done) return done;
    }
    return {};
  }

 private:
  void give(std::size_t size) {
    stream_.next_in = reinterpret_cast<Bytef*>(in_.data());
    stream_.avail_in = static_cast<uInt>(size);
  }

  // What was given may hold more than was taken out of it: more is read only where nothing comes any more.
  Status inflate() {
    int state = ::inflate(&stream_, Z_NO_FLUSH);
    if (state == Z_BUF_ERROR) {
      auto n = read_(in_.data(), in_.size());
      if (!n) return n.error();
      if (*n == 0) return no_bundle("it breaks off");
      give(*n);
      state = ::inflate(&stream_, Z_NO_FLUSH);
    }
    ended_ = state == Z_STREAM_END;
    if (state != Z_OK && !ended_) return no_bundle("its compressed bytes are damaged");
    return {};
  }

  const Read& read_;
  std::string in_;
  z_stream stream_{};
  bool ready_ = false, ended_ = false;
};

struct Entry {
  std::string name;
  std::uint64_t size = 0;
  char type = '0';
};

std::optional<std::uint64_t> from_octal(std::string_view field) {
  const std::string_view digits = field.substr(0, field.find_first_of(std::string_view("\0 ", 2)));
  std::uint64_t number = 0;
  const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), number, 8);
  if (parsed.ec != std::errc() || parsed.ptr != digits.data() + digits.size()) return std::nullopt;
  return number;
}

// A header's entry; nothing at the end of the stream.
Result<std::optional<Entry>> entry_of(const std::string& header) {
  if (std::all_of(header.begin(), header.end(), [](char c) { return c == '\0'; }))
    return std::optional<Entry>();
  unsigned sum = 0;
  for (std::size_t i = 0; i < tar_block; ++i)
    sum += i >= 148 && i < 156 ? ' ' : static_cast<unsigned char>(header[i]);
  const auto written = from_octal(std::string_view(header).substr(148, 8));
  const auto size = from_octal(std::string_view(header).substr(124, 12));
  if (!written || *written != sum || !size) return no_bundle("the header of an entry is damaged");
  Entry entry;
  entry.name = header.substr(0, 100);
  entry.name.resize(std::min(entry.name.find('\0'), entry.name.size()));
  entry.size = *size;
  entry.type = header[156];
  return std::optional(entry);
}

// The records of a pax header: "LENGTH KEY=VALUE\n" each.
Status apply_pax(std::string_view records, Entry* entry) {
  while (!records.empty()) {
    std::size_t length = 0;
    const auto parsed = std::from_chars(records.data(), records.data() + records.size(), length);
    const auto digits = static_cast<std::size_t>(parsed.ptr - records.data());
    if (parsed.ec != std::errc() || length > records.size() || length < digits + 2 ||
        records[length - 1] != '\n')
      return no_bundle("a pax header is damaged");
    const std::string_view record = records.substr(digits + 1, length - digits - 2);
    const std::size_t equals = std::min(record.find('='), record.size());
    const std::string_view value = record.substr(std::min(equals + 1, record.size()));
    if (record.starts_with("path=")) entry->name = value;
    if (record.starts_with("size=")) std::from_chars(value.data(), value.data() + value.size(), entry->size);
    records.remove_prefix(length);
  }
  return {};
}

struct Found {
  std::uint64_t size = 0;
  std::string sha256;
};

class Inspector {
 public:
  explicit Inspector(const Read& read) : gzip_(read) {}

  Result<Inspection> run() {
    if (Status begun = gzip_.begin(); !begun) return begun.error();
    for (;;) {
      auto entry = next();
      if (!entry) return entry.error();
      if (!*entry) break;
      if (Status done = take(**entry); !done) return done.error();
    }
    if (Status done = gzip_.finish(); !done) return done.error();
    if (manifest_.empty()) return no_bundle(std::string("it has no ") + manifest_path);
    auto manifest = read_manifest(manifest_);
    if (!manifest) return manifest.error();
    result_.manifest = std::move(*manifest);
    compare();
    return std::move(result_);
  }

 private:
  Gunzip gzip_;
  Inspection result_;
  std::map<std::string, Found> found_;
  std::size_t names_ = 0;
  std::string manifest_;

  Result<std::optional<Entry>> next() {
    std::string header(tar_block, '\0');
    std::string pax;
    for (;;) {
      if (Status done = gzip_.read(header.data(), tar_block); !done) return done.error();
      auto entry = entry_of(header);
      if (!entry || !*entry) return entry;
      if ((*entry)->type == 'x') {
        if ((*entry)->size > most_pax) return no_bundle("a pax header is too long");
        pax.assign((*entry)->size, '\0');
        if (Status done = gzip_.read(pax.data(), pax.size()); !done) return done.error();
        if (Status done = skip_padding(pax.size()); !done) return done.error();
        continue;
      }
      if (Status done = apply_pax(pax, &**entry); !done) return done.error();
      if ((*entry)->type != '0') return no_bundle("an entry is no file: " + (*entry)->name);
      return entry;
    }
  }

  Status skip_padding(std::uint64_t size) {
    std::string padding((tar_block - size % tar_block) % tar_block, '\0');
    return gzip_.read(padding.data(), padding.size());
  }

  Status take(const Entry& entry) {
    const std::size_t slash = entry.name.find('/');
    if (slash == std::string::npos) return no_bundle("a file lies in no folder: " + entry.name);
    const std::string path = entry.name.substr(slash + 1);
    if (result_.top.empty()) result_.top = entry.name.substr(0, slash);
    if (entry.name.substr(0, slash) != result_.top) return no_bundle("it has more than one top folder");
    names_ += path.size();
    if (found_.size() >= most_files || names_ > most_names) return no_bundle("it has too many files");
    const bool is_manifest = path == manifest_path;
    if (is_manifest && entry.size > most_manifest) return no_bundle("its manifest is too long");
    if (is_manifest && !manifest_.empty()) return no_bundle("it has two manifests");
    Sha256 digest;
    std::string bytes(64 << 10, '\0');
    for (std::uint64_t left = entry.size; left > 0;) {
      const std::size_t n = std::min<std::uint64_t>(left, bytes.size());
      if (Status done = gzip_.read(bytes.data(), n); !done) return done;
      if (is_manifest) {
        manifest_.append(bytes, 0, n);
      } else {
        digest.add({bytes.data(), n});
      }
      left -= n;
    }
    if (!is_manifest) {
      ++result_.files;
      result_.bytes += entry.size;
      if (!found_.emplace(path, Found{entry.size, digest.hex()}).second)
        damage(path + ": stands in it twice");
    }
    return skip_padding(entry.size);
  }

  void damage(std::string what) {
    if (result_.damage.size() < most_damage) result_.damage.push_back(std::move(what));
  }

  void compare() {
    for (const ManifestFile& file : result_.manifest.files) {
      const auto found = found_.find(file.path);
      if (found == found_.end()) {
        damage(file.path + ": the manifest has it, the bundle has not");
      } else if (found->second.size != file.size || found->second.sha256 != file.sha256) {
        damage(file.path + ": is not what the manifest says");
      }
      if (found != found_.end()) found_.erase(found);
    }
    for (const auto& [path, found] : found_) damage(path + ": the bundle has it, the manifest has not");
  }
};

}  // namespace

Result<Inspection> inspect_bundle(const Read& read) {
  return Inspector(read).run();
}

}  // namespace carrel
