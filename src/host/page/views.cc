#include "host/page/views.h"

#include <algorithm>

#include "base/read_value.h"
#include "record/answer.h"

namespace carrel {
namespace {

// Names with commas between, as the ledger gives them.
std::vector<std::string> split(const std::string& names) {
  std::vector<std::string> out;
  for (std::size_t at = 0; at < names.size();) {
    const std::size_t end = std::min(names.find(',', at), names.size());
    out.emplace_back(trim(std::string_view(names).substr(at, end - at)));
    at = end + 1;
  }
  return out;
}

void write_address(JsonPage& json, const Address& at) {
  json.text("file", at.file);
  json.count("line", at.line);
  json.count("end_line", at.end_line);
  json.text("path", at.path);
}

void write_texts(JsonPage& json, const std::string& name, const std::vector<std::string>& texts) {
  json.list(name, texts, [&](const std::string& text) { json.text(text); });
}

// What a list shows of any run that has a report.
void write_result(JsonPage& json, const RunRow& row) {
  json.text("run", row.id);
  json.text("tenant", row.tenant);
  json.text("finished_at", row.finished_at);
  json.text("input", row.input);
  json.text("question", row.question);
  json.text("playbook", row.playbook);
  json.text("engine", row.engine);
  json.text("model", row.model);
  json.text("verdict", row.verdict);
  json.text("level", row.level);
  json.number("score", row.score);
  json.flag("passed", row.passed);
}

}  // namespace

void write_waiting(JsonPage& json, const QueueRow& row) {
  write_result(json, row.run);
  write_texts(json, "failed_checks", split(row.failed_checks));
  json.text("root_cause", row.cause);
  json.text_or_null("decision", row.decision);
}

void write_head(JsonPage& json, const RunRow& row) {
  write_result(json, row);
  json.text("state", to_string(row.state));
  json.text("started_at", row.started_at);
  json.text("error", row.error);
}

void write_citing(JsonPage& json, const CitingClaim& claim) {
  json.text("run", claim.run);
  json.text("finished_at", claim.finished_at);
  json.count("claim", static_cast<std::uint64_t>(claim.claim));
  json.text("kind", claim.kind);
  json.text("text", claim.text);
  json.text("id", claim.id);
  json.text("file", claim.file);
  json.count("line", claim.line);
  json.count("end_line", claim.end_line);
  json.text("quote", claim.quote);
  json.text("reason", claim.reason);
}

void write_evaluation(JsonPage& json, const EvaluationRow& row) {
  json.text("id", row.id);
  json.text("at", row.at);
  json.text("playbook", row.playbook);
  json.text("playbook_sha256", row.playbook_sha256);
  json.text("engine", row.engine);
  json.text("model", row.model);
  json.text("model_sha256", row.model_sha256);
  json.text("cases_sha256", row.cases_sha256);
  const auto summary = read_json(row.summary);
  const auto count = [&](const char* name) {
    const auto number = summary ? (*summary)[name].integer() : std::nullopt;
    return static_cast<std::uint64_t>(std::max<std::int64_t>(number.value_or(0), 0));
  };
  json.count("right", count("right"));
  json.count("of", count("of"));
}

void write_evidence(JsonPage& json, const std::string& name, const std::vector<EvidenceLine>& lines,
                    std::size_t first, std::size_t last, std::size_t kept) {
  std::vector<std::size_t> places;
  for (std::size_t i = first; i < std::min(last, lines.size()); ++i) places.push_back(i);
  json.list(name, places, [&](std::size_t place) {
    const EvidenceLine& line = lines[place];
    json.object([&] {
      json.text("id", place < kept ? evidence_id(place, kept) : "");
      json.flag("kept", place < kept);
      write_address(json, line.at);
      json.text("quote", line.quote);
      json.text("reason", line.reason);
      json.count("occurrences", line.occurrences);
      json.number("score", line.score);
    });
  });
}

std::string prompt_json(const ThinkJob& job, std::size_t kept) {
  JsonPage json;
  json.text("model", job.model_name);
  json.text("system", job.system);
  json.text("question", job.question);
  json.list("variants", job.variants, [&](const Variant& variant) {
    json.object([&] {
      json.text("name", variant.name);
      json.text("instructions", variant.instructions);
    });
  });
  json.text("schema", job.schema);
  json.list("commands", job.commands, [&](const CommandPattern& pattern) { json.text(pattern.source); });
  write_evidence(json, "lines", job.lines, 0, job.lines.size(), kept);
  json.count("names", job.names.size());
  json.list("searched", job.searched, [&](const Searched& searched) {
    json.object([&] {
      json.text("kind", searched.kind);
      json.text("namespace", searched.space);
      json.count("count", searched.count);
    });
  });
  json.text("left_out", job.left_out);
  json.text("chat_template", job.chat_template);
  json.object("sampling", [&] {
    json.number("temperature", job.sampling.temperature);
    json.count("top_k", job.sampling.top_k);
    json.number("top_p", job.sampling.top_p);
    json.number("min_p", job.sampling.min_p);
    json.count("seed", job.sampling.seed);
  });
  json.count("context", job.context);
  json.count("output_tokens", job.output_tokens);
  json.count("threads", job.threads);
  return json.finish();
}

std::string tries_json(const ThinkResult& result, const std::vector<TryOutcome>& outcomes) {
  JsonPage json;
  json.list("tries", result.tries, [&](const Try& each) {
    const auto place = static_cast<std::size_t>(&each - result.tries.data());
    json.object([&] {
      json.text("variant", each.variant);
      json.text("answer", each.json);
      json.text("stop", to_string(each.stop));
      json.count("tokens", each.tokens);
      json.count("forced_tokens", each.forced_tokens);
      json.flag("chosen", place < outcomes.size() && outcomes[place].chosen);
      json.flag("agrees", place < outcomes.size() && outcomes[place].agrees);
    });
  });
  json.count("lines_kept", result.lines_kept);
  json.count("prompt_tokens", result.prompt_tokens);
  json.count("context", result.context);
  json.count("threads", result.threads);
  json.text("backend", result.backend);
  json.text("library", result.library);
  json.number("load_s", result.load_s);
  json.number("prefill_s", result.prefill_s);
  json.number("decode_s", result.decode_s);
  return json.finish();
}

std::string lines_json(const std::string& file, const Surroundings& lines) {
  JsonPage json;
  json.text("file", file);
  json.text("file_sha256", lines.file_sha256);
  json.count("file_lines", lines.file_lines);
  json.count("first_line", lines.first_line);
  write_texts(json, "lines", lines.lines);
  return json.finish();
}

}  // namespace carrel
