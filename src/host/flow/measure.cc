#include "host/flow/measure.h"

#include <algorithm>

#include <fmt/format.h>

namespace carrel {
namespace {

constexpr std::uint32_t written_tokens = 32;
constexpr std::size_t made_lines = 40;        // of about 25 tokens each
constexpr std::uint32_t most_context = 8192;  // more than all of that takes

// A text that no answer ends before its tokens are written.
constexpr const char* schema_text = R"({"type":"object","additionalProperties":false,"required":["text"],
  "properties":{"text":{"type":"string","maxLength":2000}}})";

}  // namespace

Result<Measured> measure_model(const Model& model, Rooms& rooms, const Settings& settings,
                               std::uint32_t tries) {
  Playbook playbook;
  playbook.system = "You read log lines.";
  playbook.schema_text = schema_text;
  playbook.variants = {{"measure", "Write down what you read."}};
  EvidenceList evidence;
  for (std::size_t i = 0; i < made_lines; ++i) {
    EvidenceLine line;
    line.at.file = "made.log";
    line.at.line = static_cast<std::uint32_t>(i + 1);
    line.quote = fmt::format("2026-01-02T03:04:{:02} INFO worker {} took {} ms for request {}", i % 60, i % 7,
                             13 * i, 7919 * i);
    evidence.lines.push_back(std::move(line));
  }
  auto job = model.job(playbook, settings, evidence, "What do you read?");
  if (!job) return job.error();
  job->variants.assign(std::max(tries, 1U), playbook.variants.front());
  job->output_tokens = written_tokens;
  job->context = most_context;  // the room takes as much of it as it needs
  if (const std::uint32_t trained = model.card().trained_context; trained > 0)
    job->context = std::min(job->context, trained);
  const std::size_t before = rooms.traces().size();
  PrefixState none;
  auto result = model.think(*job, rooms, settings, &none);
  if (!result) return result.error();
  if (rooms.traces().size() <= before) return Error{Code::internal, "a room left no trace", ""};

  Measured measured;
  measured.context = result->context;
  measured.mapped_bytes = result->mapped_bytes;
  measured.weight_bytes = result->weight_bytes;
  measured.cache_bytes = result->cache_bytes;
  measured.compute_bytes = result->compute_bytes;
  measured.peak_bytes = rooms.traces().back().outcome.peak_memory;
  std::uint64_t written = 0;
  for (const Try& each : result->tries) written += each.tokens;
  if (result->prefill_s > 0) measured.prefill_per_s = result->prefix_tokens / result->prefill_s;
  if (result->decode_s > 0) measured.decode_per_s = static_cast<double>(written) / result->decode_s;
  return measured;
}

}  // namespace carrel
