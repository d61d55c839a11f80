#include "room/worker/read.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "room/bundle/read.h"
#include "room/evidence/evidence.h"
#include "room/evidence/mine.h"

namespace carrel {
namespace {

// What the reader left out first, then what the evidence list had no room for. Entries beyond the limit
// become one.
void merge_left_out(std::vector<LeftOut> of_reader, std::vector<LeftOut>* all) {
  of_reader.insert(of_reader.end(), all->begin(), all->end());
  *all = std::move(of_reader);
  if (all->size() <= limit::left_out) return;
  LeftOut rest;
  rest.reason = "further entries of this list";
  for (std::size_t i = limit::left_out - 1; i < all->size(); ++i) {
    rest.files += (*all)[i].files;
    rest.lines += (*all)[i].lines;
    rest.bytes += (*all)[i].bytes;
  }
  all->resize(limit::left_out - 1);
  all->push_back(std::move(rest));
}

// Of a bundle that was not read to its end, nobody can say that nothing is wrong in it.
void doubt_health(std::vector<Finding>* findings) {
  std::erase_if(*findings, [](const Finding& finding) { return finding.verdict == Verdict::no_fault; });
}

}  // namespace

Result<ReadResult> read_room(int bundle_fd, const ReadJob& job,
                             const std::function<void(std::uint64_t)>& progress) {
  Inventory inventory;
  LogMiner miner(job.question);
  BundleOptions options;
  options.name = job.bundle_name;
  options.packed_bytes = job.packed_bytes;
  options.key = job.key;
  options.limits = job.limits;
  options.kubernetes = job.kubernetes;
  options.progress = progress;
  auto summary = read_bundle(bundle_fd, options, &inventory, &miner);
  if (!summary) return summary.error();

  EvidenceList list = make_evidence(inventory, miner, job.question);
  list.files = summary->files;
  list.bytes_read = summary->bytes;
  if (summary->cut_short) doubt_health(&list.findings);
  if (inventory.misnamed().files > 0) list.left_out.push_back(inventory.misnamed());
  merge_left_out(std::move(summary->left_out), &list.left_out);
  return list;
}

}  // namespace carrel
