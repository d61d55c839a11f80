#include "room/bundle/read.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <unordered_set>
#include <utility>
#include <vector>

#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "room/bundle/archive_handle.h"
#include "room/bundle/block_reader.h"
#include "room/bundle/byte_source.h"
#include "room/bundle/held_files.h"
#include "room/bundle/layout.h"
#include "room/bundle/member.h"
#include "room/bundle/pour.h"
#include "room/bundle/raw_name.h"
#include "room/bundle/recognise.h"

namespace carrel {
namespace {

constexpr std::uint64_t progress_step = 4 << 20;
constexpr std::uint64_t ratio_from = 64 << 20;  // unpacked bytes below which a high ratio harms nobody
constexpr std::size_t blocks_ahead = 16;

Error bad(std::string what, std::string remedy) {
  return {Code::bad_input, std::move(what), std::move(remedy)};
}

// What kind of member it is, where it is no regular file; nullptr for one.
const char* refuse_kind(archive_entry* entry) {
  switch (archive_entry_filetype(entry)) {
    case AE_IFREG:
      return archive_entry_sparse_count(entry) > 0 ? "sparse file" : nullptr;
    case AE_IFLNK:
      return "symbolic link";
    case AE_IFCHR:
    case AE_IFBLK:
      return "device";
    case AE_IFIFO:
      return "named pipe";
    case AE_IFSOCK:
      return "socket";
    default:
      return "member of an unknown kind";
  }
}

std::optional<Packing> packing_of(Content content) {
  switch (content) {
    case Content::gzip:
      return Packing::gzip;
    case Content::zstd:
      return Packing::zstd;
    case Content::xz:
      return Packing::xz;
    case Content::bzip2:
      return Packing::bzip2;
    default:
      return std::nullopt;
  }
}

class Reading {
 public:
  Reading(int fd, const BundleOptions& options, Inventory* inventory, LineSink* sink)
      : fd_(fd),
        options_(options),
        inventory_(inventory),
        held_(inventory, &left_out_, options.limits.structured_bytes),
        pour_(sink, options.kubernetes ? &held_ : nullptr, &left_out_, &summary_, options.limits.file_bytes) {
  }

  Result<BundleSummary> run() {
    if (auto read = read_content(); !read) return read.error();
    if (summary_.files == 0 && encrypted_ > 0)
      return bad("is encrypted: every file in it asks for a password",
                 "decrypt it first and give the decrypted files");
    if (members_ == 0 || (summary_.files == 0 && left_out_.empty()))
      return bad("holds no files", "check how it was made");
    if (options_.kubernetes) held_.finish();
    inventory_->format = votes_.format(!inventory_->all().empty());
    summary_.cut_short |= !stopped_.empty();
    summary_.left_out = left_out_.take();
    return std::move(summary_);
  }

 private:
  // ---- What the descriptor holds ----
  Status read_content() {
    std::unique_ptr<PackedSource> packed = std::make_unique<FdSource>(fd_);
    auto head = packed->peek(recognise_bytes);
    if (!head) return head.error();
    if (head->starts_with(sealed_file_magic) && !options_.key.empty()) {
      auto keys = recipient_keys_of_text(options_.key);
      if (!keys) return keys.error();
      packed = std::make_unique<SealedSource>(std::move(packed), std::move(keys->secret));
      head = packed->peek(recognise_bytes);
      if (!head) return head.error();
      if (recognise(*head).content == Content::zip)
        return bad("holds a zip archive inside its seal",
                   "open it with `support-diag open` and give what is inside");
    }
    const Recognised outer = recognise(*head);
    if (outer.content == Content::zip) return read_zip();
    if (const auto packing = packing_of(outer.content)) return read_unpacked(std::move(packed), *packing);
    blocks_ = std::make_unique<BlockReader>(std::move(packed), 0);
    return read_plain(outer);
  }

  Status read_unpacked(std::unique_ptr<PackedSource> packed, Packing packing) {
    auto source = unpack(std::move(packed), packing);
    if (!source) return source.error();
    limit_ratio_ = true;
    blocks_ = std::make_unique<BlockReader>(std::move(*source), blocks_ahead);
    const auto first = blocks_->peek();
    if (!first) return first.error();
    const Recognised inner = recognise(*first);
    if (is_packed(inner.content) && inner.content != Content::tar)
      return bad(fmt::format("holds {} inside its compression", inner.name),
                 "unpack it once and give what is inside");
    return read_plain(inner);
  }

  Status read_plain(const Recognised& content) {
    switch (content.content) {
      case Content::empty:
        return bad("is empty", "check how it was made or copied");
      case Content::tar:
        return read_tar();
      case Content::text:
        return read_text();
      case Content::encrypted:
        return bad(fmt::format("is {}", content.name), content.remedy);
      case Content::unsupported:
        return bad(fmt::format("is {}, which Carrel does not read", content.name), content.remedy);
      default:
        break;
    }
    return bad("is neither an archive nor text",
               "give a .tar, .tar.gz, .tar.zst, .tar.xz or .zip, a folder, or a text file");
  }

  // A text file given alone is a bundle of one file.
  Status read_text() {
    std::string name = options_.name.substr(options_.name.rfind('/') + 1);
    for (const std::string_view packing : {".gz", ".zst", ".xz", ".bz2"}) {
      if (limit_ratio_ && name.size() > packing.size() && name.ends_with(packing))
        name.resize(name.size() - packing.size());
    }
    if (refuse_name(name) != nullptr) name = "input.txt";
    ++members_;
    votes_.see(name);
    votes_.see_alone();
    pour_.begin(name);
    bool wanted = true;
    for (bool first = true;; first = false) {
      const auto block = next_block();
      if (!block) return block.error();
      if (block->empty()) break;
      if (first) votes_.see_content(*block);
      if (wanted) wanted = pour_.add(*block);
    }
    pour_.end(0);
    if (!stopped_.empty()) left_out_.add(stopped_, name, 0, 0);
    return {};
  }

  // ---- Archives ----
  // The next block of the unpacked stream, counted against the limits; empty at the end, and where a limit
  // ends it.
  Result<std::string_view> next_block() {
    if (!stopped_.empty()) return std::string_view();
    const auto block = blocks_->next();
    if (!block) return block.error();
    progress(blocks_->packed());
    return within_limits(block->size(), blocks_->packed()) ? block : std::string_view();
  }

  // Counts `unpacked` more bytes, of `packed` in all; sets stopped_ where a limit is passed.
  bool within_limits(std::uint64_t unpacked, std::uint64_t packed) {
    const BundleLimits& limits = options_.limits;
    unpacked_ += unpacked;
    if (limit_ratio_ && unpacked_ > ratio_from && unpacked_ / std::max(1U, limits.ratio) > packed)
      stopped_ = fmt::format("unpacks to more than {} times its size, not read from here on", limits.ratio);
    if (unpacked_ > limits.bytes)
      stopped_ = fmt::format("more than {} bytes unpacked, not read from here on", limits.bytes);
    return stopped_.empty();
  }

  void progress(std::uint64_t packed) {
    if (!options_.progress || packed < told_ + progress_step) return;
    told_ = packed;
    options_.progress(packed);
  }

  static la_ssize_t pull_block(archive*, void* self, const void** bytes) {
    auto* const reading = static_cast<Reading*>(self);
    const auto block = reading->next_block();
    if (!block) {
      reading->broken_ = block.error();
      return ARCHIVE_FATAL;
    }
    reading->previous_ = std::exchange(reading->current_, *block);
    *bytes = block->data();
    return static_cast<la_ssize_t>(block->size());
  }

  // The bytes from one place of the unpacked stream to another, as far as the last two blocks hold them.
  std::string in_stream(std::uint64_t from, std::uint64_t to) const {
    const std::uint64_t second = unpacked_ - current_.size();
    const std::uint64_t first = second - previous_.size();
    if (from < first || to < from || to > unpacked_) return "";
    std::string bytes;
    if (from < second) bytes = previous_.substr(from - first, std::min(to, second) - from);
    if (to > second) bytes += current_.substr(std::max(from, second) - second, to - std::max(from, second));
    return bytes;
  }

  Status read_tar() {
    const ReadHandle handle(archive_read_new());
    if (handle == nullptr) return Error{Code::machine, "needs more memory to be read", ""};
    archive_read_support_format_tar(handle.get());
    if (archive_read_open(handle.get(), this, nullptr, &Reading::pull_block, nullptr) != ARCHIVE_OK)
      return failure(handle.get());
    if (auto read = read_members(handle.get()); !read) return read;
    if (!stopped_.empty()) return {};
    // A tar ends with blocks of zeros. libarchive takes the stream's end as well, which a cut looks like.
    const auto header_at = static_cast<std::uint64_t>(archive_read_header_position(handle.get()));
    if (unpacked_ <= header_at)
      return bad(fmt::format("is truncated: it ends after {} bytes without the mark of its end", unpacked_),
                 "get a complete copy of it");
    const auto consumed = static_cast<std::uint64_t>(archive_filter_bytes(handle.get(), 0));
    note_behind_end(in_stream(std::min(consumed, unpacked_), unpacked_));
    return drain();
  }

  void note_behind_end(std::string_view bytes) {
    const std::size_t zeros = std::min(bytes.find_first_not_of('\0'), bytes.size());
    if (zeros < bytes.size()) left_out_.add("bytes behind the archive's end", "", bytes.size() - zeros, 0);
  }

  // The rest of the stream behind the archive's end: a compressed file is whole only when all of it unpacks.
  Status drain() {
    for (;;) {
      const auto block = next_block();
      if (!block) return block.error();
      if (block->empty()) return {};
      note_behind_end(*block);
    }
  }

  // A zip has its directory at the end, and only that tells links from files: it is read by seeking. What
  // cannot seek (a pipe) is refused.
  Status read_zip() {
    struct stat status {};
    if (lseek(fd_, 0, SEEK_SET) != 0 || fstat(fd_, &status) != 0)
      return bad("is a zip archive that comes through a pipe", "give it as a file");
    zip_bytes_ = static_cast<std::uint64_t>(status.st_size);
    limit_ratio_ = true;
    const ReadHandle handle(archive_read_new());
    if (handle == nullptr) return Error{Code::machine, "needs more memory to be read", ""};
    archive_read_support_format_zip_seekable(handle.get());
    if (archive_read_open_fd(handle.get(), fd_, BlockReader::block_bytes) != ARCHIVE_OK)
      return failure(handle.get());
    return read_members(handle.get());
  }

  // A limit that ends the stream is no error of the archive.
  Status failure(archive* handle) {
    if (!stopped_.empty()) return {};
    if (!broken_.what.empty()) return broken_;
    const char* const said = archive_error_string(handle);
    const std::string why = said == nullptr ? "unknown damage" : escape_for_terminal(said);
    const bool is_cut = why.find("runcated") != why.npos || why.find("nexpected end") != why.npos;
    return bad(
        fmt::format("is {} ({}) after {} of its files", is_cut ? "truncated" : "damaged", why, members_),
        is_cut ? "get a complete copy of it" : "get an undamaged copy of it");
  }

  Status read_members(archive* handle) {
    for (;;) {
      archive_entry* entry = nullptr;
      const int status = archive_read_next_header(handle, &entry);
      if (status == ARCHIVE_EOF || !stopped_.empty()) break;
      if (status != ARCHIVE_OK && status != ARCHIVE_WARN) return failure(handle);
      if (auto read = read_member(handle, entry); !read) return read;
      if (!stopped_.empty()) break;
    }
    if (!stopped_.empty()) left_out_.add(stopped_, last_name_, 0, 0);
    return {};
  }

  Status read_member(archive* handle, archive_entry* entry) {
    const std::string raw = raw_name(handle, entry);
    const std::string_view name = member_name(raw);
    const auto size = static_cast<std::uint64_t>(std::max<la_int64_t>(0, archive_entry_size(entry)));
    last_name_ = name;
    if (archive_entry_filetype(entry) == AE_IFDIR && archive_entry_hardlink(entry) == nullptr) return {};
    ++members_;
    if (const char* const refusal = refuse(entry, name)) {
      left_out_.add(refusal, raw, size);
      return {};
    }
    if (archive_entry_is_encrypted(entry) != 0) {
      ++encrypted_;
      left_out_.add("encrypted file", name, size);
      return {};
    }
    if (summary_.files >= options_.limits.files) {
      left_out_.add(fmt::format("more than {} files", options_.limits.files), name, size);
      summary_.cut_short = true;
      return {};
    }
    votes_.see(name);
    return pour_member(handle, name, size);
  }

  // The name with any NUL byte that the archive has in it.
  std::string raw_name(archive* handle, archive_entry* entry) const {
    const char* const known = archive_entry_pathname(entry);
    std::string name = known == nullptr ? "" : known;
    const auto data_begins = static_cast<std::uint64_t>(archive_filter_bytes(handle, 0));
    if (zip_bytes_ > 0) return zip_name(fd_, data_begins).value_or(name);
    const auto header = static_cast<std::uint64_t>(archive_read_header_position(handle));
    if (tar_name_has_nul(in_stream(header, data_begins))) name += '\0';
    return name;
  }

  const char* refuse(archive_entry* entry, std::string_view name) {
    if (const char* const refusal = refuse_name(name)) return refusal;
    if (const char* const target = archive_entry_hardlink(entry)) {
      return seen_.contains(name_key(member_name(target))) ? "hard link to another file of the bundle"
                                                           : "hard link";
    }
    if (const char* const refusal = refuse_kind(entry)) return refusal;
    return seen_.insert(name_key(name)).second ? nullptr : "duplicate of an earlier file";
  }

  // The next block of a member's data; empty at its end. What goes wrong with the outer archive is kept in
  // `*ended`.
  Result<std::string_view> next_data(archive* handle, std::string_view name, std::uint64_t size,
                                     std::uint64_t* read, Status* ended) {
    const void* block = nullptr;
    std::size_t length = 0;
    la_int64_t offset = 0;
    const int status = archive_read_data_block(handle, &block, &length, &offset);
    if (status == ARCHIVE_EOF) return std::string_view();
    if (status < ARCHIVE_OK) {
      // A limit that ended the stream is no error: what was read of this file counts.
      if (auto whole = failure(handle); !whole) *ended = whole;
      return std::string_view();
    }
    // A hole that was not announced is not filled: its zeros would be no text anyway.
    if (static_cast<std::uint64_t>(offset) != *read) {
      left_out_.add("sparse file, not read behind its hole", name, size - std::min(size, *read));
      *read = size;
      return std::string_view();
    }
    *read += length;
    if (zip_bytes_ > 0) {  // a zip does not come through next_block()
      progress(std::min(unpacked_, zip_bytes_));
      if (!within_limits(length, zip_bytes_)) return std::string_view();
    }
    return std::string_view(static_cast<const char*>(block), length);
  }

  Status pour_member(archive* handle, std::string_view name, std::uint64_t size) {
    std::uint64_t read = 0;
    Status ended;
    const auto next = [&] { return next_data(handle, name, size, &read, &ended); };
    auto block = next();
    if (!block) return block.error();
    if (block->size() >= std::min<std::uint64_t>(size, recognise_bytes)) {
      const Recognised inside = recognise(*block);
      // A tar without members is zeros: told as the bytes that they are.
      const bool has_members = inside.content == Content::tar && block->front() != '\0';
      if (has_members || packing_of(inside.content)) {
        if (Status done = read_inside(name, inside, *block, next); !done) return done;
        return ended;
      }
      votes_.see_content(*block);
    }
    pour_.begin(name);
    for (bool wanted = true; wanted && !block->empty();) {
      wanted = pour_.add(*block);
      if (!wanted) break;
      block = next();
      if (!block) return block.error();
    }
    pour_.end(stopped_.empty() ? size - std::min(size, read) : 0);
    return ended;
  }

  // ---- What is packed inside the bundle: an archive's members, or one compressed file; one level deep ----
  // Its damage is told and does not keep the rest of the bundle from being read.
  Status read_inside(std::string_view name, const Recognised& packed, std::string_view first,
                     MemberSource::Next next) {
    std::unique_ptr<ByteSource> source;
    auto member = std::make_unique<MemberSource>(first, std::move(next));
    const auto packing = packing_of(packed.content);
    if (packing) {
      auto unpacked = unpack(std::move(member), *packing);
      if (!unpacked) return damaged_inside(name, unpacked.error());
      source = std::move(*unpacked);
      limit_ratio_ = true;
    } else {
      source = std::move(member);
    }
    Inside inside{this, BlockReader(std::move(source), 0), packing.has_value(), Error{}};
    const auto head = inside.blocks.peek();
    if (!head) return damaged_inside(name, head.error());
    const Recognised content = recognise(*head);
    if (content.content == Content::tar) return read_tar_inside(name, &inside);
    if (is_packed(content.content)) {
      left_out_.add("packed twice inside the bundle", name, 0);
      return {};
    }
    return pour_inside(name, &inside);
  }

  struct Inside {
    Reading* reading;
    BlockReader blocks;
    bool packed;   // its blocks were not counted when the bundle's own were
    Error broken;  // of the stream below libarchive
  };

  Result<std::string_view> next_inside(Inside* inside) {
    if (!stopped_.empty()) return std::string_view();
    auto block = inside->blocks.next();
    if (!block) {
      inside->broken = block.error();
      return block;
    }
    const std::uint64_t of_bundle = zip_bytes_ > 0 ? zip_bytes_ : blocks_->packed();
    if (inside->packed && !within_limits(block->size(), of_bundle)) return std::string_view();
    return block;
  }

  static la_ssize_t pull_inside(archive*, void* self, const void** bytes) {
    auto* const inside = static_cast<Inside*>(self);
    const auto block = inside->reading->next_inside(inside);
    if (!block) return ARCHIVE_FATAL;
    *bytes = block->data();
    return static_cast<la_ssize_t>(block->size());
  }

  Status damaged_inside(std::string_view name, const Error& error) {
    left_out_.add("damaged archive or compressed file inside the bundle: it " + error.what, name, 0);
    summary_.cut_short = true;
    return {};
  }

  // One compressed file, such as a log that was rotated: it keeps its name, and is what its name is without
  // the ending.
  Status pour_inside(std::string_view name, Inside* inside) {
    std::string_view as = name;
    for (const std::string_view ending : {".gz", ".zst", ".xz", ".bz2"}) {
      if (as.size() > ending.size() && as.ends_with(ending)) as.remove_suffix(ending.size());
    }
    pour_.begin(name, as);
    for (bool wanted = true; wanted;) {
      const auto block = next_inside(inside);
      if (!block || block->empty()) break;
      wanted = pour_.add(*block);
    }
    pour_.end(0);
    return inside->broken.what.empty() ? Status() : damaged_inside(name, inside->broken);
  }

  Status read_tar_inside(std::string_view outer, Inside* inside) {
    const ReadHandle handle(archive_read_new());
    if (handle == nullptr) return Error{Code::machine, "needs more memory to be read", ""};
    archive_read_support_format_tar(handle.get());
    int status = archive_read_open(handle.get(), inside, nullptr, &Reading::pull_inside, nullptr);
    while (status == ARCHIVE_OK || status == ARCHIVE_WARN) {
      archive_entry* entry = nullptr;
      status = archive_read_next_header(handle.get(), &entry);
      if (status != ARCHIVE_OK && status != ARCHIVE_WARN) break;
      if (archive_entry_filetype(entry) == AE_IFDIR && archive_entry_hardlink(entry) == nullptr) continue;
      status = pour_from_inside(handle.get(), entry, outer);
      if (!stopped_.empty()) return {};
    }
    if (status == ARCHIVE_EOF || !stopped_.empty()) return {};
    if (!inside->broken.what.empty()) return damaged_inside(outer, inside->broken);
    const char* const said = archive_error_string(handle.get());
    return damaged_inside(
        outer,
        {Code::bad_input,
         fmt::format("is damaged ({})", said == nullptr ? "unknown damage" : escape_for_terminal(said)), ""});
  }

  // Returns libarchive's status.
  int pour_from_inside(archive* handle, archive_entry* entry, std::string_view outer) {
    const char* const known = archive_entry_pathname(entry);
    const std::string_view raw = known == nullptr ? "" : known;
    const std::string name = fmt::format("{}/{}", outer, member_name(raw));
    const auto size = static_cast<std::uint64_t>(std::max<la_int64_t>(0, archive_entry_size(entry)));
    ++members_;
    const char* refusal = refuse_name(member_name(raw));
    if (refusal == nullptr) refusal = refuse(entry, name);
    if (refusal != nullptr) {
      left_out_.add(refusal, name, size);
      return ARCHIVE_OK;
    }
    if (summary_.files >= options_.limits.files) {
      left_out_.add(fmt::format("more than {} files", options_.limits.files), name, size);
      summary_.cut_short = true;
      return ARCHIVE_OK;
    }
    votes_.see(name);
    pour_.begin(name);
    int status = ARCHIVE_OK;
    std::uint64_t read = 0;
    for (bool wanted = true; wanted;) {
      const void* block = nullptr;
      std::size_t length = 0;
      la_int64_t offset = 0;
      status = archive_read_data_block(handle, &block, &length, &offset);
      if (status != ARCHIVE_OK) break;
      const std::string_view bytes(static_cast<const char*>(block), length);
      if (read == 0) votes_.see_content(bytes);
      read += length;
      wanted = pour_.add(bytes);
    }
    pour_.end(stopped_.empty() ? size - std::min(size, read) : 0);
    return status == ARCHIVE_EOF ? ARCHIVE_OK : status;
  }

  int fd_;
  const BundleOptions& options_;
  Inventory* inventory_;
  BundleSummary summary_;
  LeftOutTally left_out_;
  HeldFiles held_;
  Pour pour_;
  FormatVotes votes_;
  std::unique_ptr<BlockReader> blocks_;
  bool limit_ratio_ = false;

  std::unordered_set<std::uint64_t> seen_;  // keys of the regular files' names
  std::uint64_t members_ = 0;               // but folders
  std::uint64_t encrypted_ = 0;
  std::uint64_t unpacked_ = 0;
  std::uint64_t zip_bytes_ = 0;          // 0: no zip
  std::uint64_t told_ = 0;               // to options_.progress
  std::string_view previous_, current_;  // the last two blocks of the unpacked stream
  std::string last_name_;
  std::string stopped_;  // why the rest is not read
  Error broken_;         // of the stream below libarchive
};

}  // namespace

Result<BundleSummary> read_bundle(int fd, const BundleOptions& options, Inventory* inventory,
                                  LineSink* sink) {
  auto summary = Reading(fd, options, inventory, sink).run();
  if (!summary) summary.error().what = options.name + " " + summary.error().what;
  return summary;
}

}  // namespace carrel
