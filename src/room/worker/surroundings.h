// SurroundingLines: a LineSink that keeps the lines around citations while a bundle streams by, and the
// digest of each file that is cited, so that a claim can be traced to what stands around it when the bundle
// is gone. Memory is bounded by the lines asked for: each is cut to limit::quote bytes.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <nettle/sha2.h>

#include "record/room.h"
#include "room/inventory/line_sink.h"

namespace carrel {

class SurroundingLines final : public LineSink {
 public:
  // `around` lines before and after each citation. Keeps a reference to the citations.
  SurroundingLines(const std::vector<Citation>& citations, std::uint32_t around);
  void begin(const TextFile& file) override;
  void add(std::string_view bytes) override;
  void end() override;

  // After the last file: one for each citation, in order.
  std::vector<Surroundings> take() { return std::move(found_); }

 private:
  void end_line();

  const std::vector<Citation>& citations_;
  std::uint32_t around_;
  std::vector<Surroundings> found_;
  std::multimap<std::string, std::size_t, std::less<>> by_file_;

  // Of the file that streams by.
  std::vector<std::size_t> open_;
  sha256_ctx digest_{};
  std::uint32_t line_ = 1;
  std::string text_;  // of the line, cut
  bool line_is_empty_ = true;
};

}  // namespace carrel
