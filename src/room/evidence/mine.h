// LogMiner: a LineSink that finds the lines that matter in any text while it streams by.
//
// Per file it keeps templates (the line with its parameters masked) with a verbatim example, count, first and
// last line; severities; stack traces whole; bursts; rare lines; the first error before a cascade; and lines
// that hold the question's words. No regular expression; memory is bounded whatever the input (what was
// dropped is counted).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "record/evidence.h"
#include "room/evidence/detect.h"
#include "room/inventory/line_sink.h"

namespace carrel {

class LogMiner final : public LineSink {
 public:
  explicit LogMiner(const std::string& question);
  ~LogMiner() override;
  void begin(const TextFile& file) override;
  void add(std::string_view bytes) override;
  void end() override;

  std::uint64_t lines_read() const;

  // After the last file: the candidate lines, scored by severity, rarity, place in the file, and what they
  // share with the question, its names and the observations; the best first, not yet cut to a budget.
  std::vector<EvidenceLine> candidates(const std::vector<Observation>& observations) const;
  // What the logs alone say is wrong: a finding for the leading error(s), or none.
  std::vector<Observation> observations() const;
  // The ports on which the logs say that their programs listen.
  const ListeningPorts& listening() const;
  // Files whose lines were not all looked at, and templates that were dropped for memory.
  std::vector<LeftOut> left_out() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace carrel
