#include "room/worker/lookup.h"

#include <algorithm>

#include "base/code_points.h"
#include "base/text.h"

namespace carrel {
namespace {

// Text of cited lines that is held at once, of one file; what is over does not count as at the line.
constexpr std::size_t most_near_bytes = 64ULL << 20;

// As people write paths: "./a/b", "/a/b".
std::string cleaned(std::string_view name) {
  name = trim(name);
  const std::size_t start = name.find_first_not_of("./");
  return start == std::string_view::npos ? "" : std::string(name.substr(start));
}

// At most `limit` bytes of the line, with the quote in their middle.
std::string around(std::string_view line, std::size_t at, std::size_t length, std::size_t limit) {
  if (line.size() <= limit) return std::string(line);
  const std::size_t before = (limit - std::min(length, limit)) / 2;
  std::size_t from = at > before ? at - before : 0;
  from = std::min(from, line.size() - limit);
  while (from > 0 && (static_cast<unsigned char>(line[from]) & 0xc0) == 0x80) ++from;
  return std::string(cut_utf8(line.substr(from), limit));
}

}  // namespace

FoldedSearch::FoldedSearch(std::string folded) : text_(std::move(folded)), border_(text_.size(), 0) {
  for (std::size_t i = 1, length = 0; i < text_.size(); ++i) {
    while (length > 0 && text_[i] != text_[length]) length = border_[length - 1];
    if (text_[i] == text_[length]) ++length;
    border_[i] = length;
  }
}

void FoldedSearch::add(char byte) {
  if (found_ || text_.empty()) return;
  while (matched_ > 0 && text_[matched_] != byte) matched_ = border_[matched_ - 1];
  if (text_[matched_] == byte) ++matched_;
  found_ = matched_ == text_.size();
}

LookupCheck::LookupCheck(const std::vector<Lookup>& lookups)
    : lookups_(lookups), candidates_(lookups.size()) {
  for (const Lookup& lookup : lookups) names_.push_back(cleaned(lookup.file));
}

LookupCheck::Likeness LookupCheck::likeness_of(const std::string& cited, const std::string& path) {
  if (cited.empty()) return Likeness::count_;
  if (path == cited) return Likeness::exact;
  if (path.ends_with("/" + cited)) return Likeness::tail;
  const auto slash = cited.find('/'), own = path.find('/');
  const bool both = slash != std::string::npos && own != std::string::npos;
  return both && path.substr(own + 1) == cited.substr(slash + 1) ? Likeness::other_root : Likeness::count_;
}

void LookupCheck::begin(const TextFile& file) {
  path_ = file.path;
  open_.clear();
  held_.clear();
  near_.clear();
  near_bytes_ = 0;
  began_ = space_ = false;
  line_ = 1;
  for (std::size_t i = 0; i < lookups_.size(); ++i) {
    const Likeness likeness = likeness_of(names_[i], path_);
    if (likeness == Likeness::count_) continue;
    open_.push_back({i, likeness, FoldedSearch(fold_white_space(lookups_[i].quote))});
    const std::uint64_t line = lookups_[i].line;
    for (std::uint64_t near = line > 1 ? line - 1 : 1; near <= line + 1; ++near)
      near_[static_cast<std::uint32_t>(near)];
  }
}

void LookupCheck::add(std::string_view bytes) {
  if (open_.empty()) return;
  keep_lines(bytes);
  pour(bytes, false);
}

void LookupCheck::keep_lines(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t end = std::min(bytes.find('\n'), bytes.size());
    const auto kept = near_.find(line_);
    if (kept != near_.end() && near_bytes_ + end <= most_near_bytes) {
      kept->second += bytes.substr(0, end);
      near_bytes_ += end;
    }
    if (end == bytes.size()) return;
    ++line_;
    bytes.remove_prefix(end + 1);
  }
}

// Folds white space and hands what is left to every search.
void LookupCheck::pour(std::string_view bytes, bool whole) {
  std::string joined;
  if (!held_.empty()) {
    joined = held_ + std::string(bytes);
    bytes = joined;
  }
  const std::size_t keep = whole ? 0 : unfinished_utf8(bytes);
  std::string kept(bytes.substr(bytes.size() - keep));
  bytes.remove_suffix(keep);
  const auto give = [&](std::string_view text) {
    for (const char byte : text) {
      for (Open& open : open_) open.search.add(byte);
    }
  };
  while (!bytes.empty()) {
    const std::size_t length = utf8_length(bytes);
    const std::string_view point = bytes.substr(0, std::max<std::size_t>(length, 1));
    bytes.remove_prefix(point.size());
    if (length > 0 && is_white_space(to_code_points(point)[0])) {
      space_ = began_;
      continue;
    }
    if (space_) give(" ");
    give(length == 0 ? "\xef\xbf\xbd" : point);
    space_ = false;
    began_ = true;
  }
  held_ = std::move(kept);
}

Seen LookupCheck::see(const Open& open) const {
  Seen seen;
  seen.file = path_;
  seen.quoted = open.search.found();
  if (!seen.quoted) return seen;
  const std::string& quote = open.search.text();
  const std::uint64_t line = lookups_[open.lookup].line;
  std::string joined;
  for (std::uint64_t near = line > 1 ? line - 1 : 1; near <= line + 1; ++near) {
    const std::string text = fold_white_space(near_.at(static_cast<std::uint32_t>(near)));
    const std::size_t at = text.find(quote);
    if (at != std::string::npos && seen.text.empty())
      seen.text = around(text, at, quote.size(), limit::lookup_text);
    seen.at_line = seen.at_line || (!text.empty() && quote.find(text) != std::string::npos);
    joined += (joined.empty() ? "" : " ") + text;
  }
  seen.at_line = seen.at_line || joined.find(quote) != std::string::npos;
  return seen;
}

void LookupCheck::end() {
  pour("", true);
  for (const Open& open : open_) {
    Candidates& candidates = candidates_[open.lookup][static_cast<std::size_t>(open.likeness)];
    if (candidates.count++ == 0) candidates.first = see(open);
  }
}

std::vector<Seen> LookupCheck::results() const {
  std::vector<Seen> out;
  for (const auto& likenesses : candidates_) {
    const auto surest = std::find_if(likenesses.begin(), likenesses.end(),
                                     [](const Candidates& candidates) { return candidates.count > 0; });
    out.push_back(surest != likenesses.end() && surest->count == 1 ? surest->first : Seen{});
  }
  return out;
}

}  // namespace carrel
