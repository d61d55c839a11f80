#include "host/eval/recall.h"

#include "host/eval/grade.h"

namespace carrel {
namespace {

constexpr std::size_t bytes_per_token = 3;
constexpr std::size_t entry_frame = 24;  // "[E0001] ", ":120-121", " (" and ")", line ends and indents

}  // namespace

std::uint32_t estimated_tokens(const EvidenceLine& line) {
  const std::size_t bytes = entry_frame + line.at.file.size() + line.reason.size() + line.quote.size();
  return static_cast<std::uint32_t>((bytes + bytes_per_token - 1) / bytes_per_token);
}

std::array<bool, recall_budgets.size()> recall_at_budgets(const Case& label, const EvidenceList& evidence) {
  std::array<bool, recall_budgets.size()> out{};
  std::uint64_t used = 0;
  for (const EvidenceLine& line : evidence.lines) {
    used += estimated_tokens(line);
    if (used > recall_budgets.back()) break;
    if (!decides(label, line.at, line.quote)) continue;
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = used <= recall_budgets[i];
    break;
  }
  return out;
}

}  // namespace carrel
