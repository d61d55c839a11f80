// LookupCheck: a LineSink that finds, while a bundle streams by, what the citations of a graded answer mean
// and whether they are real. Unlike CitationCheck (citation.h), which holds Carrel's own reports to the
// letter, it takes a citation as any program may write it: the file by its path or by the end of that, white
// space anyhow, the line one off. docs/evaluation.md has the rules.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "record/room.h"
#include "room/inventory/line_sink.h"

namespace carrel {

// Looks for a text without white space at its ends in a stream whose white space is folded on the way (Knuth,
// Morris, Pratt). Memory is that of the text.
class FoldedSearch {
 public:
  explicit FoldedSearch(std::string folded);
  void add(char byte);
  bool found() const { return found_; }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
  std::vector<std::size_t> border_;
  std::size_t matched_ = 0;
  bool found_ = false;
};

class LookupCheck final : public LineSink {
 public:
  // Keeps a reference to the lookups.
  explicit LookupCheck(const std::vector<Lookup>& lookups);
  void begin(const TextFile& file) override;
  void add(std::string_view bytes) override;
  void end() override;

  // After the last file: one for each lookup, in order.
  std::vector<Seen> results() const;

 private:
  // How a name means a file, the surest first.
  enum class Likeness : std::uint8_t { exact, tail, other_root, count_ };
  struct Candidates {
    std::size_t count = 0;
    Seen first;
  };
  struct Open {
    std::size_t lookup;
    Likeness likeness;
    FoldedSearch search;
  };
  static Likeness likeness_of(const std::string& cited, const std::string& path);
  void pour(std::string_view bytes, bool whole);
  void keep_lines(std::string_view bytes);
  Seen see(const Open& open) const;

  const std::vector<Lookup>& lookups_;
  std::vector<std::string> names_;  // of the files, as cited, cleaned
  std::vector<std::array<Candidates, static_cast<std::size_t>(Likeness::count_)>> candidates_;

  // Of the file that streams by.
  std::string path_;
  std::vector<Open> open_;
  std::string held_;  // bytes whose meaning the next ones decide
  bool began_ = false, space_ = false;
  std::uint32_t line_ = 1;
  std::map<std::uint32_t, std::string> near_;  // the lines that lookups name, and those beside them
  std::size_t near_bytes_ = 0;
};

}  // namespace carrel
