#include "host/models/fit.h"

#include <algorithm>

namespace carrel {
namespace {

// The cache is made in steps of so many tokens.
constexpr std::uint64_t cache_step = 256;

std::uint64_t rounded_up(std::uint64_t tokens) {
  return (tokens + cache_step - 1) / cache_step * cache_step;
}

struct Parts {
  std::uint64_t cache, compute;
};

// The line through two points; level where they do not rise, as what is measured never falls with length.
struct Line {
  Line(double x1, double y1, double x2, double y2)
      : slope(x2 > x1 ? std::max(0.0, (y2 - y1) / (x2 - x1)) : 0), x(x2), y(y2) {}
  double at(double where) const { return std::max(0.0, y + slope * (where - x)); }
  double slope, x, y;
};

Parts parts_at(const Measured& measured, const FitQuestion& question, std::uint64_t context) {
  const auto cells = [](std::uint64_t tokens) { return static_cast<double>(rounded_up(tokens)); };
  const MeasuredRun &small = measured.small, &large = measured.large;
  const Line compute(cells(small.context), static_cast<double>(small.compute_bytes), cells(large.context),
                     static_cast<double>(large.compute_bytes));
  return {question.kv_bytes_per_token * rounded_up(context),
          static_cast<std::uint64_t>(compute.at(cells(context)))};
}

std::int64_t rest_of(const Measured& measured) {
  const std::uint64_t told = measured.mapped_bytes + measured.weight_bytes + measured.large.cache_bytes +
                             measured.large.compute_bytes;
  return static_cast<std::int64_t>(measured.large.peak_bytes) - static_cast<std::int64_t>(told);
}

double part(double seconds, double tokens) {
  return tokens > 0 ? seconds / tokens : 0;
}

// Of one run: `prompt` tokens read. Each takes as long as a line in what stands before it says, so the mean
// of all is a line in their number.
double prefill_seconds(const Measured& measured, double prompt) {
  const MeasuredRun &small = measured.small, &large = measured.large;
  const Line each(small.prompt_tokens, part(small.prefill_s, small.prompt_tokens), large.prompt_tokens,
                  part(large.prefill_s, large.prompt_tokens));
  return prompt * each.at(prompt);
}

// Of one run: `tries` answers of `length` tokens behind a prompt. What stands before a token is, in the mean,
// the prompt and half an answer.
double decode_seconds(const Measured& measured, double tries, double prompt, double length) {
  const MeasuredRun &small = measured.small, &large = measured.large;
  const auto before = [&](const MeasuredRun& run) {
    return run.prompt_tokens + run.answer_tokens / tries / 2;
  };
  const Line each(before(small), part(small.decode_s, small.answer_tokens), before(large),
                  part(large.decode_s, large.answer_tokens));
  return tries * length * each.at(prompt + length / 2);
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
  fit.prefill_s = question.slots * prefill_seconds(measured, fit.evidence_tokens);
  fit.decode_s =
      question.slots * decode_seconds(measured, question.tries, fit.evidence_tokens, question.output_tokens);
  return fit;
}

}  // namespace carrel
