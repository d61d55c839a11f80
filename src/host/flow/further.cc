#include "host/flow/further.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <vector>

#include <fmt/format.h>

#include "host/ledger/stored_record.h"
#include "record/room.h"

namespace carrel {
namespace {

using Place = std::tuple<std::string, std::uint32_t, std::uint32_t, std::string>;

Place place_of(const EvidenceLine& line) {
  return {line.at.file, line.at.line, line.at.end_line, line.at.path};
}

std::size_t bytes_of(const EvidenceLine& line) {
  return line.quote.size() + line.at.file.size() + line.reason.size();
}

// A list that is made up of others, each line once.
class Joined {
 public:
  void add(const EvidenceLine& line) {
    if (!index_.try_emplace(place_of(line), static_cast<std::uint32_t>(lines_.size())).second) return;
    lines_.push_back(line);
  }
  bool has(const EvidenceLine& line) const { return index_.contains(place_of(line)); }
  std::uint32_t index(const EvidenceLine& line) const { return index_.at(place_of(line)); }
  std::vector<EvidenceLine> take() && { return std::move(lines_); }

 private:
  std::vector<EvidenceLine> lines_;
  std::map<Place, std::uint32_t> index_;
};

// How many of the shown lines stay, so that what presses has room.
std::size_t staying(const Earlier& earlier, const EvidenceList& now) {
  if (earlier.shown == earlier.evidence.lines.size()) return earlier.shown;
  Joined shown;
  for (std::size_t i = 0; i < earlier.shown; ++i) shown.add(earlier.evidence.lines[i]);
  std::size_t wanted = 0;
  for (std::size_t i = 0; i < std::min(earlier.shown / 4, now.lines.size()); ++i) {
    if (!shown.has(now.lines[i])) wanted += bytes_of(now.lines[i]);
  }
  std::size_t stay = earlier.shown, freed = 0;
  while (freed < wanted && stay > earlier.shown - earlier.shown / 4)
    freed += bytes_of(earlier.evidence.lines[--stay]);
  return stay;
}

}  // namespace

Result<Earlier> read_earlier(Ledger& ledger, const std::string& run, const std::string& input_sha256) {
  auto rows = ledger.find_all(run, 2);
  if (!rows) return rows.error();
  if (rows->size() != 1 || rows->front().id != run) {
    auto purged = ledger.was_purged(run);
    if (!purged) return purged.error();
    return Error{Code::usage,
                 *purged ? fmt::format("run {} was purged, so nothing can follow it", run)
                         : fmt::format("tenant {} has no run {}", ledger.tenant(), run),
                 "`carrel runs` lists the runs"};
  }
  const RunRow& row = rows->front();
  if (row.input_sha256 != input_sha256) {
    return Error{Code::bad_input,
                 fmt::format("the bundle has changed since run {} read it: its SHA-256 was {}, and is {}",
                             run, row.input_sha256, input_sha256),
                 "ask about the bundle as it is now with `carrel run` or `carrel triage`"};
  }
  Earlier earlier;
  auto evidence = stored_record<EvidenceList>(ledger, row, "evidence");
  if (!evidence) return evidence.error();
  earlier.evidence = std::move(*evidence);
  earlier.shown = earlier.evidence.lines.size();
  if (row.engine == "none") return earlier;
  auto tries = stored_record<ThinkResult>(ledger, row, "tries");
  if (!tries) return tries.error();
  earlier.shown = std::min<std::size_t>(earlier.shown, tries->lines_kept);
  return earlier;
}

EvidenceList after_earlier(const Earlier& earlier, EvidenceList now) {
  const std::vector<EvidenceLine>& before = earlier.evidence.lines;
  Joined joined;
  const std::size_t stay = staying(earlier, now);
  for (std::size_t i = 0; i < stay; ++i) joined.add(before[i]);
  for (const EvidenceLine& line : now.lines) joined.add(line);
  for (std::size_t i = stay; i < before.size(); ++i) joined.add(before[i]);
  for (Finding& finding : now.findings) {
    std::erase_if(finding.evidence, [&](std::uint32_t at) { return at >= now.lines.size(); });
    for (std::uint32_t& at : finding.evidence) at = joined.index(now.lines[at]);
  }
  now.lines = std::move(joined).take();
  if (now.lines.size() <= limit::evidence_lines) return now;
  LeftOut left{"", "beyond the evidence budget", 0, now.lines.size() - limit::evidence_lines, 0};
  for (std::size_t i = limit::evidence_lines; i < now.lines.size(); ++i)
    left.bytes += now.lines[i].quote.size();
  now.lines.resize(limit::evidence_lines);
  for (Finding& finding : now.findings) {
    std::erase_if(finding.evidence, [](std::uint32_t at) { return at >= limit::evidence_lines; });
  }
  if (now.left_out.size() == limit::left_out) now.left_out.pop_back();
  now.left_out.push_back(std::move(left));
  return now;
}

}  // namespace carrel
