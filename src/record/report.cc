#include "record/report.h"

#include <algorithm>

#include <rapidjson/document.h>

#include "base/json_writer.h"
#include "record/answer.h"

namespace carrel {
namespace {

constexpr int report_version = 1;

void write_evidence(JsonPage& json, const std::vector<ReportEvidence>& evidence) {
  json.list("evidence", evidence, [&](const ReportEvidence& item) {
    json.object([&] {
      json.text("id", item.id);
      json.text("file", item.at.file);
      json.count("line", item.at.line);
      json.count("end_line", item.at.end_line);
      json.text("path", item.at.path);
      json.text("quote", item.quote);
      json.text("shows", item.shows);
    });
  });
}

void write_grounds(JsonPage& json, const ConfidenceGrounds& grounds) {
  if (grounds.tries > 0) {
    json.count("agree", grounds.agree);
    json.count("tries", grounds.tries);
    json.text("says", grounds.says);
  } else {
    json.text("detector", grounds.detector);
    json.number("weight", grounds.weight);
  }
}

void write_consensus(JsonPage& json, const Consensus& consensus) {
  json.text("test", consensus.test);
  json.count("settled_tokens", consensus.settled_tokens);
  json.list("claims", consensus.claims, [&](const ClaimSupport& item) {
    json.object([&] {
      json.text("kind", to_string(item.kind));
      json.text("claim", item.claim);
      json.count("tries", item.tries);
      json.count("of", item.of);
    });
  });
}

void write_drafts(JsonPage& json, const DraftCounts& drafts) {
  json.count("draft", drafts.draft);
  json.count("checks", drafts.checks);
  json.count("guessed", drafts.guessed);
  json.count("kept", drafts.kept);
  json.count("steps", drafts.steps);
  json.number("check_s", drafts.check_s);
  json.number("step_s", drafts.step_s);
}

void write_stats(JsonPage& json, const Report& report) {
  const ReportStats& stats = report.stats;
  json.text("format", stats.format);
  json.count("files", stats.files);
  json.count("lines", stats.lines);
  json.count("bytes", stats.bytes);
  json.count("objects", stats.objects);
  json.count("evidence_found", stats.evidence_found);
  json.count("evidence_kept", stats.evidence_kept);
  json.object("evidence_left_out", [&] {
    json.count("lines", stats.left_out_lines());
    json.text("why", stats.left_out.empty() ? "" : stats.left_out.front().reason);
  });
  json.list("left_out", stats.left_out, [&](const LeftOut& item) {
    json.object([&] {
      json.text("file", item.file);
      json.text("reason", item.reason);
      json.count("files", item.files);
      json.count("lines", item.lines);
      json.count("bytes", item.bytes);
    });
  });
  json.list("denied", stats.denied, [&](const DeniedCall& item) {
    json.object([&] {
      json.text("room", item.room);
      json.text("call", item.call);
      json.count("count", item.count);
    });
  });
  json.list("stages", stats.stages, [&](const StageTime& item) {
    json.object([&] {
      json.text("stage", item.stage);
      json.number("seconds", item.seconds);
    });
  });
  json.count("peak_memory_bytes", stats.peak_memory);
  if (report.engine == "none") return;
  json.count("prompt_tokens", stats.prompt_tokens);
  json.count("prompt_tokens_read", stats.prompt_tokens - stats.reused_tokens);
  json.count("prompt_tokens_reused", stats.reused_tokens);
  json.count("prefix_tokens", stats.prefix_tokens);
  json.text("kept_state", stats.kept_state);
  json.count("output_tokens", stats.output_tokens);
  json.count("context", stats.context);
  json.count("threads", stats.threads);
  json.number("load_s", stats.load_s);
  json.number("state_s", stats.state_s);
  json.number("prefill_s", stats.prefill_s);
  json.number("decode_s", stats.decode_s);
  json.number("first_token_s", stats.first_token_s);
  if (stats.drafts.draft > 0) json.object("drafts", [&] { write_drafts(json, stats.drafts); });
  json.number("prefill_tokens_per_s", stats.prefill_tokens_per_s());
  json.number("decode_tokens_per_s", stats.decode_s > 0 ? stats.output_tokens / stats.decode_s : 0);
  json.text("backend", stats.backend);
  json.text("library", stats.library);
}

// Reading back: a member that is not there gives the empty value, so that an older report reads with its
// gaps.
using Node = rapidjson::Value;

const Node& member(const Node& node, const char* key) {
  static const Node none;
  if (!node.IsObject()) return none;
  const auto found = node.FindMember(key);
  return found == node.MemberEnd() ? none : found->value;
}
std::string text(const Node& node) {
  return node.IsString() ? std::string(node.GetString(), node.GetStringLength()) : "";
}
std::string text(const Node& node, const char* key) {
  return text(member(node, key));
}
template <class Number>
void read(const Node& node, const char* key, Number& into) {
  const Node& value = member(node, key);
  if constexpr (std::is_floating_point_v<Number>) {
    if (value.IsNumber()) into = value.GetDouble();
  } else {
    if (value.IsUint64()) into = static_cast<Number>(value.GetUint64());
  }
}
template <class Each>
void each(const Node& node, const char* key, Each body) {
  const Node& list = member(node, key);
  if (!list.IsArray()) return;
  for (const Node& item : list.GetArray()) body(item);
}

std::vector<ReportEvidence> read_evidence(const Node& node) {
  std::vector<ReportEvidence> out;
  each(node, "evidence", [&](const Node& item) {
    ReportEvidence evidence;
    evidence.id = text(item, "id");
    evidence.at.file = text(item, "file");
    read(item, "line", evidence.at.line);
    read(item, "end_line", evidence.at.end_line);
    evidence.at.path = text(item, "path");
    evidence.quote = text(item, "quote");
    evidence.shows = text(item, "shows");
    out.push_back(std::move(evidence));
  });
  return out;
}

Consensus read_consensus(const Node& node) {
  Consensus consensus;
  consensus.test = text(node, "test");
  read(node, "settled_tokens", consensus.settled_tokens);
  each(node, "claims", [&](const Node& item) {
    ClaimSupport support;
    for (const auto kind : {ClaimSupport::Kind::citation, ClaimSupport::Kind::command}) {
      if (text(item, "kind") == to_string(kind)) support.kind = kind;
    }
    support.claim = text(item, "claim");
    read(item, "tries", support.tries);
    read(item, "of", support.of);
    consensus.claims.push_back(std::move(support));
  });
  return consensus;
}

ReportStats read_stats(const Node& node) {
  ReportStats stats;
  stats.format = text(node, "format");
  read(node, "files", stats.files);
  read(node, "lines", stats.lines);
  read(node, "bytes", stats.bytes);
  read(node, "objects", stats.objects);
  read(node, "evidence_found", stats.evidence_found);
  read(node, "evidence_kept", stats.evidence_kept);
  each(node, "left_out", [&](const Node& item) {
    LeftOut left;
    left.file = text(item, "file");
    left.reason = text(item, "reason");
    read(item, "files", left.files);
    read(item, "lines", left.lines);
    read(item, "bytes", left.bytes);
    stats.left_out.push_back(std::move(left));
  });
  each(node, "denied", [&](const Node& item) {
    DeniedCall denied{text(item, "room"), text(item, "call"), 0};
    read(item, "count", denied.count);
    stats.denied.push_back(std::move(denied));
  });
  each(node, "stages", [&](const Node& item) {
    StageTime stage{text(item, "stage"), 0};
    read(item, "seconds", stage.seconds);
    stats.stages.push_back(std::move(stage));
  });
  read(node, "peak_memory_bytes", stats.peak_memory);
  read(node, "prompt_tokens", stats.prompt_tokens);
  read(node, "prompt_tokens_reused", stats.reused_tokens);
  read(node, "prefix_tokens", stats.prefix_tokens);
  stats.kept_state = text(node, "kept_state");
  read(node, "output_tokens", stats.output_tokens);
  read(node, "context", stats.context);
  read(node, "threads", stats.threads);
  read(node, "load_s", stats.load_s);
  read(node, "state_s", stats.state_s);
  read(node, "prefill_s", stats.prefill_s);
  read(node, "decode_s", stats.decode_s);
  read(node, "first_token_s", stats.first_token_s);
  const Node& drafts = member(node, "drafts");
  read(drafts, "draft", stats.drafts.draft);
  read(drafts, "checks", stats.drafts.checks);
  read(drafts, "guessed", stats.drafts.guessed);
  read(drafts, "kept", stats.drafts.kept);
  read(drafts, "steps", stats.drafts.steps);
  read(drafts, "check_s", stats.drafts.check_s);
  read(drafts, "step_s", stats.drafts.step_s);
  stats.backend = text(node, "backend");
  stats.library = text(node, "library");
  return stats;
}

}  // namespace

const char* to_string(Check::Verdict verdict) {
  switch (verdict) {
    case Check::Verdict::pass:
      return "pass";
    case Check::Verdict::warn:
      return "warn";
    case Check::Verdict::fail:
    case Check::Verdict::count_:
      break;
  }
  return "fail";
}

std::uint64_t ReportStats::left_out_lines() const {
  std::uint64_t sum = 0;
  for (const LeftOut& item : left_out) sum += item.lines;
  return sum;
}

double ReportStats::prefill_tokens_per_s() const {
  return prefill_s > 0 ? (prefix_tokens - reused_tokens) / prefill_s : 0;
}

const char* to_string(ClaimSupport::Kind kind) {
  switch (kind) {
    case ClaimSupport::Kind::citation:
      return "citation";
    case ClaimSupport::Kind::command:
      return "command";
    case ClaimSupport::Kind::cause:
    case ClaimSupport::Kind::count_:
      break;
  }
  return "cause";
}

bool Report::passed() const {
  return !checks.empty() && std::none_of(checks.begin(), checks.end(),
                                         [](const Check& c) { return c.verdict == Check::Verdict::fail; });
}

std::string to_json(const Report& report) {
  JsonPage json;
  json.count("version", report_version);
  json.text("run", report.run);
  json.text("tenant", report.tenant);
  json.text("playbook", report.playbook);
  json.object("model", [&] {
    json.text("name", report.model_name);
    json.text("sha256", report.model_sha256);
    json.text("quantisation", report.model_quantisation);
    json.text("engine", report.engine);
  });
  json.object("input", [&] {
    json.text("name", report.input);
    json.text("sha256", report.input_sha256);
  });
  json.text("question", report.question);
  if (!report.after.empty()) json.text("after", report.after);
  json.text("verdict", to_string(report.verdict));
  json.text("root_cause", report.root_cause);
  write_evidence(json, report.evidence);
  json.list("searched", report.searched, [&](const Searched& item) {
    json.object([&] {
      json.text("kind", item.kind);
      json.text("namespace", item.space);
      json.count("count", item.count);
    });
  });
  json.list("commands", report.commands, [&](const Command& item) {
    json.object([&] {
      json.text("command", item.command);
      json.text("why", item.why);
    });
  });
  json.list("missing", report.missing, [&](const std::string& item) { json.text(item); });
  json.object("confidence", [&] {
    json.text("level", report.confidence.level);
    json.number("score", report.confidence.score);
    json.text("basis", report.confidence.basis);
    json.object("grounds", [&] { write_grounds(json, report.confidence.grounds); });
  });
  json.list("alternatives", report.alternatives, [&](const Alternative& item) {
    json.object([&] {
      json.text("root_cause", item.cause);
      json.text("detector", item.detector);
      json.number("weight", item.weight);
      write_evidence(json, item.evidence);
    });
  });
  json.flag("passed", report.passed());
  json.list("checks", report.checks, [&](const Check& item) {
    json.object([&] {
      json.text("name", item.name);
      json.text("verdict", to_string(item.verdict));
      json.text("detail", item.detail);
    });
  });
  json.list("tries", report.tries, [&](const TryOutcome& item) {
    json.object([&] {
      json.text("variant", item.variant);
      json.text("stop", item.stop);
      json.count("tokens", item.tokens);
      json.flag("chosen", item.chosen);
      json.flag("agrees", item.agrees);
    });
  });
  if (!report.tries.empty()) json.object("consensus", [&] { write_consensus(json, report.consensus); });
  json.object("stats", [&] { write_stats(json, report); });
  return json.finish();
}

Result<Report> report_from_json(const std::string& json) {
  rapidjson::Document root;
  root.Parse<rapidjson::kParseIterativeFlag>(json.data(), json.size());
  if (root.HasParseError() || !root.IsObject())
    return Error{Code::bad_input, "the stored report is damaged", ""};
  std::uint64_t version = 0;
  read(root, "version", version);
  if (version != report_version) return Error{Code::bad_input, "the stored report is of another version", ""};

  Report report;
  report.run = text(root, "run");
  report.tenant = text(root, "tenant");
  report.playbook = text(root, "playbook");
  const Node& model = member(root, "model");
  report.model_name = text(model, "name");
  report.model_sha256 = text(model, "sha256");
  report.model_quantisation = text(model, "quantisation");
  report.engine = text(model, "engine");
  report.input = text(member(root, "input"), "name");
  report.input_sha256 = text(member(root, "input"), "sha256");
  report.question = text(root, "question");
  report.after = text(root, "after");
  for (const Verdict verdict : {Verdict::fault, Verdict::no_fault, Verdict::insufficient_evidence}) {
    if (text(root, "verdict") == to_string(verdict)) report.verdict = verdict;
  }
  report.root_cause = text(root, "root_cause");
  report.evidence = read_evidence(root);
  each(root, "searched", [&](const Node& item) {
    Searched searched{text(item, "kind"), text(item, "namespace"), 0};
    read(item, "count", searched.count);
    report.searched.push_back(std::move(searched));
  });
  each(root, "commands", [&](const Node& item) {
    report.commands.push_back({text(item, "command"), text(item, "why")});
  });
  each(root, "missing", [&](const Node& item) { report.missing.push_back(text(item)); });
  const Node& confidence = member(root, "confidence");
  report.confidence.level = text(confidence, "level");
  read(confidence, "score", report.confidence.score);
  report.confidence.basis = text(confidence, "basis");
  const Node& grounds = member(confidence, "grounds");
  report.confidence.grounds.detector = text(grounds, "detector");
  read(grounds, "weight", report.confidence.grounds.weight);
  read(grounds, "agree", report.confidence.grounds.agree);
  read(grounds, "tries", report.confidence.grounds.tries);
  report.confidence.grounds.says = text(grounds, "says");
  each(root, "alternatives", [&](const Node& item) {
    Alternative alternative{text(item, "root_cause"), text(item, "detector"), 0, read_evidence(item)};
    read(item, "weight", alternative.weight);
    report.alternatives.push_back(std::move(alternative));
  });
  each(root, "checks", [&](const Node& item) {
    Check check{text(item, "name"), Check::Verdict::fail, text(item, "detail")};
    for (const Check::Verdict verdict : {Check::Verdict::pass, Check::Verdict::warn}) {
      if (text(item, "verdict") == to_string(verdict)) check.verdict = verdict;
    }
    report.checks.push_back(std::move(check));
  });
  each(root, "tries", [&](const Node& item) {
    TryOutcome outcome{text(item, "variant"), text(item, "stop"), 0, member(item, "chosen").IsTrue(),
                       member(item, "agrees").IsTrue()};
    read(item, "tokens", outcome.tokens);
    report.tries.push_back(std::move(outcome));
  });
  report.consensus = read_consensus(member(root, "consensus"));
  report.stats = read_stats(member(root, "stats"));
  return report;
}

}  // namespace carrel
