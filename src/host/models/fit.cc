#include "host/models/fit.h"

#include <algorithm>

namespace carrel {
namespace {

// What one token of context adds to the buffers of computing, for each token of a batch: the mask of
// attention, as 32 and as 16 bits, as libllama 0.7.0 lays it out with flash attention on.
constexpr std::uint64_t mask_bytes = 6;

// The cache is made in steps of so many tokens.
constexpr std::uint64_t cache_step = 256;

std::uint64_t rounded_up(std::uint64_t tokens) {
  return (tokens + cache_step - 1) / cache_step * cache_step;
}

struct Parts {
  std::uint64_t cache, compute;
};

Parts parts_at(const Measured& measured, const FitQuestion& question, std::uint64_t context) {
  const std::uint64_t cells = rounded_up(context), known = rounded_up(measured.context);
  const std::uint64_t mask = mask_bytes * question.batch;
  const std::uint64_t grown = measured.compute_bytes + mask * cells;
  return {question.kv_bytes_per_token * cells, grown - std::min(grown, mask * known)};
}

std::int64_t rest_of(const Measured& measured) {
  const std::uint64_t told =
      measured.mapped_bytes + measured.weight_bytes + measured.cache_bytes + measured.compute_bytes;
  return static_cast<std::int64_t>(measured.peak_bytes) - static_cast<std::int64_t>(told);
}

std::uint64_t all_rooms(const Measured& measured, const FitQuestion& question, std::uint64_t context) {
  const Parts parts = parts_at(measured, question, context);
  const std::int64_t rest = rest_of(measured);
  // What is missing may be missing of the mapped file, which counts once; it is not taken off each slot
  // again.
  const auto added = static_cast<std::uint64_t>(std::max<std::int64_t>(rest, 0));
  const auto missing = static_cast<std::uint64_t>(std::max<std::int64_t>(-rest, 0));
  const std::uint64_t all =
      measured.mapped_bytes + question.slots * (measured.weight_bytes + parts.cache + parts.compute + added);
  return all - std::min(all, missing);
}

}  // namespace

Fit predict_fit(const Measured& measured, const FitQuestion& question) {
  Fit fit;
  const Parts parts = parts_at(measured, question, question.context);
  fit.weights = measured.mapped_bytes + measured.weight_bytes;
  fit.cache = parts.cache;
  fit.compute = parts.compute;
  fit.rest = rest_of(measured);
  FitQuestion alone = question;
  alone.slots = 1;
  fit.one_room = all_rooms(measured, alone, question.context);
  fit.all_rooms = all_rooms(measured, question, question.context);
  fit.fits = fit.all_rooms <= question.memory;

  // More context never takes less, so the largest one is found by halving.
  std::uint64_t low = 0, high = question.trained_context / cache_step;
  while (low < high) {
    const std::uint64_t middle = (low + high + 1) / 2;
    if (all_rooms(measured, question, middle * cache_step) <= question.memory) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  fit.largest_context = static_cast<std::uint32_t>(low * cache_step);

  const std::uint64_t answers = std::uint64_t{question.output_tokens} * question.tries;
  fit.evidence_tokens =
      static_cast<std::uint32_t>(question.context - std::min<std::uint64_t>(answers, question.context));
  if (measured.prefill_per_s > 0)
    fit.prefill_s = question.slots * fit.evidence_tokens / measured.prefill_per_s;
  if (measured.decode_per_s > 0)
    fit.decode_s = question.slots * static_cast<double>(answers) / measured.decode_per_s;
  return fit;
}

}  // namespace carrel
