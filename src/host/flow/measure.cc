#include "host/flow/measure.h"

#include <algorithm>

#include <fmt/format.h>

namespace carrel {
namespace {

constexpr std::uint32_t written_tokens = 32;
constexpr std::size_t short_lines = 20, long_lines = 120;  // of about 25 tokens each
constexpr std::uint32_t most_context = 4096;               // lines that do not fit are left out

// A text that no answer ends before its tokens are written.
constexpr const char* schema_text = R"({"type":"object","additionalProperties":false,"required":["text"],
  "properties":{"text":{"type":"string","maxLength":2000}}})";

EvidenceList made_lines(std::size_t count) {
  EvidenceList evidence;
  for (std::size_t i = 0; i < count; ++i) {
    EvidenceLine line;
    line.at.file = "made.log";
    line.at.line = static_cast<std::uint32_t>(i + 1);
    line.quote = fmt::format("2026-01-02T03:04:{:02} INFO worker {} took {} ms for request {}", i % 60, i % 7,
                             13 * i, 7919 * i);
    evidence.lines.push_back(std::move(line));
  }
  return evidence;
}

Result<ThinkResult> run_once(const Model& model, Rooms& rooms, const Settings& settings, std::uint32_t tries,
                             std::size_t lines) {
  Playbook playbook;
  playbook.system = "You read log lines.";
  playbook.schema_text = schema_text;
  playbook.variants = {{"measure", "Write down what you read."}};
  auto job = model.job(playbook, settings, made_lines(lines), "What do you read?");
  if (!job) return job.error();
  job->variants.assign(std::max(tries, 1U), playbook.variants.front());
  job->output_tokens = written_tokens;
  job->context = most_context;
  if (const std::uint32_t trained = model.card().trained_context; trained > 0)
    job->context = std::min(job->context, trained);
  PrefixState none;
  return model.think(*job, rooms, settings, &none);
}

}  // namespace

Result<Measured> measure_model(const Model& model, Rooms& rooms, const Settings& settings,
                               std::uint32_t tries) {
  Measured measured;
  for (const auto& [lines, run] :
       {std::pair(short_lines, &measured.small), std::pair(long_lines, &measured.large)}) {
    const std::size_t before = rooms.traces().size();
    auto result = run_once(model, rooms, settings, tries, lines);
    if (!result) return result.error();
    if (rooms.traces().size() <= before) return Error{Code::internal, "a room left no trace", ""};
    measured.mapped_bytes = result->mapped_bytes;
    measured.weight_bytes = result->weight_bytes;
    *run = {.context = result->context,
            .cache_bytes = result->cache_bytes,
            .compute_bytes = result->compute_bytes,
            .peak_bytes = rooms.traces().back().outcome.peak_memory,
            .prompt_tokens = result->prefix_tokens,
            .prefill_s = result->prefill_s,
            .decode_s = result->decode_s};
    for (const Try& each : result->tries) run->answer_tokens += each.tokens;
  }
  return measured;
}

}  // namespace carrel
