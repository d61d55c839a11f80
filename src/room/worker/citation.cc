#include "room/worker/citation.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "base/read_value.h"
#include "base/text.h"

namespace carrel {
namespace {

constexpr std::size_t parsed_bytes = 64ULL << 20;  // the largest structured file that the reader parses

std::string without_carriage_returns(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool ends_line = i + 1 == text.size() || text[i + 1] == '\n';
    if (text[i] != '\r' || !ends_line) out += text[i];
  }
  return out;
}

// How many bytes at the end may be the start of a UTF-8 sequence, or of a line's end, that goes on in the
// next chunk.
std::size_t undecided(std::string_view bytes) {
  return bytes.ends_with('\r') ? 1 : unfinished_utf8(bytes);
}

// The value a JSON pointer leads to, or null.
const Value& follow(const Value& root, std::string_view pointer) {
  const Value* value = &root;
  while (!pointer.empty()) {
    if (pointer[0] != '/') return Value::null();
    const std::size_t end = std::min(pointer.find('/', 1), pointer.size());
    std::string token;
    for (std::size_t i = 1; i < end; ++i) {
      const bool escaped =
          pointer[i] == '~' && i + 1 < end && (pointer[i + 1] == '0' || pointer[i + 1] == '1');
      token += escaped ? (pointer[i + 1] == '0' ? '~' : '/') : pointer[i];
      if (escaped) ++i;
    }
    pointer.remove_prefix(end);
    if (value->is(Value::Kind::array)) {
      const bool is_index =
          !token.empty() && token.size() < 10 && token.find_first_not_of("0123456789") == std::string::npos;
      if (!is_index) return Value::null();
      value = &(*value)[static_cast<std::size_t>(std::atoll(token.c_str()))];
    } else {
      value = &(*value)[std::string_view(token)];
    }
  }
  return *value;
}

bool shares_a_line(const Value& value, const Address& at) {
  return value.line != 0 && value.line <= at.end_line && at.line <= value.end_line;
}

}  // namespace

bool pointer_holds(std::string_view text, const Address& at) {
  const bool is_json = at.file.ends_with(".json");
  if (const auto root = is_json ? read_json(text) : Result<Value>(Error{})) {
    if (shares_a_line(follow(*root, at.path), at)) return true;
  }
  const auto documents = is_json ? Result<std::vector<Value>>(Error{}) : read_yaml(text);
  if (!documents) return false;
  return std::any_of(documents->begin(), documents->end(),
                     [&](const Value& root) { return shares_a_line(follow(root, at.path), at); });
}

QuoteSearch::QuoteSearch(const Citation& citation)
    : from_(citation.at.line), to_(citation.at.end_line), quote_(without_carriage_returns(citation.quote)) {
  border_.assign(quote_.size(), 0);
  for (std::size_t i = 1, length = 0; i < quote_.size(); ++i) {
    while (length > 0 && quote_[i] != quote_[length]) length = border_[length - 1];
    if (quote_[i] == quote_[length]) ++length;
    border_[i] = length;
  }
}

void QuoteSearch::match(std::string_view text) {
  if (found_ || quote_.empty()) return;
  for (const char byte : text) {
    ++seen_;
    while (matched_ > 0 && quote_[matched_] != byte) matched_ = border_[matched_ - 1];
    if (quote_[matched_] == byte) ++matched_;
    if (matched_ < quote_.size()) continue;
    if (seen_ - quote_.size() <= first_line_) {
      found_ = true;
      return;
    }
    matched_ = border_[matched_ - 1];
  }
}

void QuoteSearch::convert(std::string_view bytes, bool whole) {
  std::string joined;
  if (!held_.empty()) {
    joined = held_ + std::string(bytes);
    bytes = joined;
  }
  const std::size_t keep = whole ? 0 : undecided(bytes);
  std::string kept(bytes.substr(bytes.size() - keep));
  bytes.remove_suffix(keep);
  match(is_utf8(bytes) ? bytes : to_utf8(bytes));
  held_ = std::move(kept);
}

void QuoteSearch::add(std::uint32_t number, std::string_view bytes) {
  if (covers(number) && !found_) convert(bytes, false);
}

void QuoteSearch::end_line(std::uint32_t number) {
  if (!covers(number) || found_) return;
  if (held_.ends_with('\r')) held_.pop_back();
  convert("", true);
  if (number == from_) first_line_ = seen_;
  if (number < to_) match("\n");
}

CheckResult::Place QuoteSearch::result(std::uint32_t last_line) const {
  if (from_ == 0 || to_ < from_ || to_ > last_line) return CheckResult::Place::no_such_line;
  return found_ ? CheckResult::Place::found : CheckResult::Place::quote_differs;
}

CitationCheck::CitationCheck(const std::vector<Citation>& citations)
    : citations_(citations), results_(citations.size(), CheckResult::Place::no_such_file) {
  for (std::size_t i = 0; i < citations.size(); ++i) by_file_.emplace(citations[i].at.file, i);
}

void CitationCheck::begin(const TextFile& file) {
  path_ = file.path;
  open_.clear();
  text_.clear();
  line_ = 1;
  line_is_empty_ = true;
  keeps_text_ = false;
  const auto [from, to] = by_file_.equal_range(path_);
  for (auto entry = from; entry != to; ++entry) {
    const Citation& citation = citations_[entry->second];
    open_.emplace_back(entry->second, QuoteSearch(citation));
    keeps_text_ = keeps_text_ || !citation.at.path.empty();
  }
}

void CitationCheck::add(std::string_view bytes) {
  if (open_.empty()) return;
  if (keeps_text_ && text_.size() <= parsed_bytes) text_ += bytes;
  while (!bytes.empty()) {
    const std::size_t end = std::min(bytes.find('\n'), bytes.size());
    for (auto& [index, search] : open_) search.add(line_, bytes.substr(0, end));
    line_is_empty_ = line_is_empty_ && end == 0;
    if (end == bytes.size()) return;
    for (auto& [index, search] : open_) search.end_line(line_);
    ++line_;
    line_is_empty_ = true;
    bytes.remove_prefix(end + 1);
  }
}

void CitationCheck::end() {
  // What follows the last newline is a line only where there is something.
  const std::uint32_t last_line = line_is_empty_ ? line_ - 1 : line_;
  for (auto& [index, search] : open_) {
    if (!line_is_empty_) search.end_line(line_);
    const Address& at = citations_[index].at;
    results_[index] = search.result(last_line);
    if (results_[index] != CheckResult::Place::found || at.path.empty()) continue;
    if (text_.size() > parsed_bytes || !pointer_holds(text_, at))
      results_[index] = CheckResult::Place::path_differs;
  }
  std::string().swap(text_);
}

}  // namespace carrel
