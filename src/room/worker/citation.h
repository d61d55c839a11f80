// CitationCheck: a LineSink that finds out, while a bundle streams by, which citations hold. Memory does not
// grow with the length of a file or a line, but for structured files, which are parsed again to check a
// citation's JSON pointer.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "record/room.h"
#include "room/inventory/line_sink.h"

namespace carrel {

// Looks for one quote in the lines it is said to stand in, given as a stream of bytes (Knuth, Morris, Pratt).
// docs/formats/citation.md says what counts as the same text.
class QuoteSearch {
 public:
  explicit QuoteSearch(const Citation& citation);

  // The bytes of line `number` without its end, cut anywhere; then its end.
  void add(std::uint32_t number, std::string_view bytes);
  void end_line(std::uint32_t number);
  CheckResult::Place result(std::uint32_t last_line) const;

 private:
  void convert(std::string_view bytes, bool whole);
  void match(std::string_view text);
  bool covers(std::uint32_t number) const { return number >= from_ && number <= to_; }

  std::uint32_t from_, to_;
  std::string quote_;
  std::vector<std::size_t> border_;  // of each prefix of the quote: its longest border
  std::string held_;                 // bytes whose meaning the next ones decide
  std::size_t matched_ = 0;
  std::uint64_t seen_ = 0;                 // bytes of text, as UTF-8
  std::uint64_t first_line_ = UINT64_MAX;  // its length, once it has ended
  bool found_ = false;
};

class CitationCheck final : public LineSink {
 public:
  // Keeps a reference to the citations.
  explicit CitationCheck(const std::vector<Citation>& citations);
  void begin(const TextFile& file) override;
  void add(std::string_view bytes) override;
  void end() override;

  // After the last file: one for each citation, in order.
  const std::vector<CheckResult::Place>& results() const { return results_; }

 private:
  const std::vector<Citation>& citations_;
  std::vector<CheckResult::Place> results_;
  std::multimap<std::string, std::size_t, std::less<>> by_file_;

  // Of the file that streams by.
  std::string path_;
  std::vector<std::pair<std::size_t, QuoteSearch>> open_;
  std::uint32_t line_ = 1;
  bool line_is_empty_ = true;
  bool keeps_text_ = false;
  std::string text_;
};

// True where `pointer` (RFC 6901) leads to a value in a JSON or YAML text that shares a line with `at`. In a
// YAML stream of several documents it may do so in any of them.
bool pointer_holds(std::string_view text, const Address& at);

}  // namespace carrel
