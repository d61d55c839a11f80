#include "host/review/export.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/json_writer.h"
#include "base/markup.h"
#include "record/answer.h"
#include "record/tar.h"

namespace carrel {
namespace {

constexpr const char* head = R"(<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.3rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
pre { overflow-x: auto; padding: .5rem; border: 1px solid #8886; border-radius: 4px; font-size: .85rem; }
.cited { font-weight: 700; } .cited::before { content: "\25B6 "; }
.other::before { content: "\2007\2007"; }
table { border-collapse: collapse; } td, th { text-align: left; padding: .2rem .8rem .2rem 0; vertical-align: top; }
.bad { color: #b00020; font-weight: 700; } .quiet { opacity: .75; overflow-wrap: anywhere; }
@media (prefers-color-scheme: dark) { .bad { color: #ff8a80; } }
</style>
)";

void add_lines(std::string* out, const CitationInContext& citation) {
  const Address& at = citation.cited.at;
  *out += "<pre>";
  if (citation.around.lines.empty()) {
    *out += escape_for_markup(citation.cited.quote) + "\n";
  }
  for (std::size_t i = 0; i < citation.around.lines.size(); ++i) {
    const auto line = citation.around.first_line + static_cast<std::uint32_t>(i);
    const bool cited = line >= at.line && line <= at.end_line;
    *out += fmt::format("<span class=\"{}\">{:>6}  {}</span>\n", cited ? "cited" : "other", line,
                        escape_for_markup(citation.around.lines[i]));
  }
  *out += "</pre>\n";
}

void add_claim(std::string* out, const ClaimInContext& claim, const DecidedClaim& decided) {
  *out += fmt::format("<h2 id=\"claim-{}\">{} {}</h2>\n<p>{}</p>\n", claim.number,
                      to_string(claim.claim.kind), claim.number, escape_for_markup(claim.claim.text));
  if (decided.claim.text != claim.claim.text)
    *out += fmt::format("<p>Edited: {}</p>\n", escape_for_markup(decided.claim.text));
  if (!claim.claim.basis.empty())
    *out += fmt::format("<p class=\"quiet\">rests on: {}</p>\n", escape_for_markup(claim.claim.basis));
  for (const CitationInContext& citation : claim.citations) {
    *out +=
        fmt::format("<p>{} <b>{}</b> {}<br><span class=\"quiet\">{}{}</span></p>\n",
                    escape_for_markup(citation.cited.id), escape_for_markup(text_of(citation.cited.at)),
                    escape_for_markup(citation.cited.at.path), escape_for_markup(citation.cited.reason),
                    citation.around.file_sha256.empty()
                        ? ""
                        : fmt::format("; file sha256 {}", escape_for_markup(citation.around.file_sha256)));
    add_lines(out, citation);
  }
}

void row(std::string* out, const char* name, const std::string& value) {
  *out += fmt::format("<tr><th>{}</th><td>{}</td></tr>\n", name, escape_for_markup(value));
}

void add_facts(std::string* out, const RunInContext& run) {
  const Report& report = run.report;
  *out += "<table>\n";
  row(out, "Verdict", to_string(report.verdict));
  row(out, "Confidence",
      fmt::format("{} ({:.2f}): {}", report.confidence.level, report.confidence.score,
                  report.confidence.basis));
  row(out, "Bundle", fmt::format("{} sha256 {}", report.input, report.input_sha256));
  row(out, "Playbook", fmt::format("{} sha256 {}", report.playbook, run.run.playbook_sha256));
  row(out, "Model",
      report.engine == "none" ? "none was asked"
                              : fmt::format("{} sha256 {}", report.model_name, report.model_sha256));
  row(out, "Run", fmt::format("{} of tenant {}, {}", run.run.id, run.run.tenant, run.run.started_at));
  *out += "</table>\n";
}

void add_checks(std::string* out, const RunInContext& run) {
  *out += "<h2>Checks</h2>\n<table>\n";
  for (const Check& check : run.report.checks)
    row(out, to_string(check.verdict), check.name + ": " + check.detail);
  *out += "</table>\n<h2>What each stage decided</h2>\n<table>\n";
  for (const Note& note : run.detail.notes)
    *out += fmt::format("<tr><th>{}</th><td>{:.2f} s</td><td>{}</td></tr>\n", escape_for_markup(note.stage),
                        note.seconds, escape_for_markup(note.text));
  *out += "</table>\n<h2>Left out, and denied</h2>\n<table>\n";
  for (const LeftOut& left : run.report.stats.left_out)
    row(out, "left out",
        fmt::format("{}: {} files, {} lines ({})", left.reason, left.files, left.lines, left.file));
  for (const DeniedCall& denied : run.detail.denials)
    row(out, "denied", fmt::format("{} room: {} ({} times)", denied.room, denied.call, denied.count));
  *out += "</table>\n";
}

void write_citation(JsonPage& json, const CitationInContext& citation) {
  json.object([&] {
    json.text("id", citation.cited.id);
    json.text("file", citation.cited.at.file);
    json.count("line", citation.cited.at.line);
    json.count("end_line", citation.cited.at.end_line);
    json.text("path", citation.cited.at.path);
    json.text("quote", citation.cited.quote);
    json.text("reason", citation.cited.reason);
    json.text("file_sha256", citation.around.file_sha256);
    json.count("file_lines", citation.around.file_lines);
    json.count("first_line", citation.around.first_line);
    json.list("lines", citation.around.lines, [&](const std::string& line) { json.text(line); });
  });
}

void write_claim(JsonPage& json, const ClaimInContext& claim, const DecidedClaim& decided) {
  json.object([&] {
    json.count("claim", static_cast<std::uint64_t>(claim.number));
    json.text("kind", to_string(claim.claim.kind));
    json.text("text", claim.claim.text);
    json.text("basis", claim.claim.basis);
    json.text_or_null("decision", decided.decision ? to_string(*decided.decision) : "");
    json.text("decided_text", decided.claim.text);
    json.list("citations", claim.citations,
              [&](const CitationInContext& citation) { write_citation(json, citation); });
  });
}

void write_row(JsonPage& json, const RunRow& run) {
  json.text("run", run.id);
  json.text("tenant", run.tenant);
  json.text("state", to_string(run.state));
  json.text("started_at", run.started_at);
  json.text("finished_at", run.finished_at);
  json.text("playbook", run.playbook);
  json.text("playbook_sha256", run.playbook_sha256);
  json.text("input", run.input);
  json.text("input_sha256", run.input_sha256);
  json.count("input_bytes", run.input_bytes);
  json.text("question", run.question);
  json.text("engine", run.engine);
  json.text("model", run.model);
  json.text("model_sha256", run.model_sha256);
  json.text("image_sha256", run.image_sha256);
  json.json("settings", run.settings.empty() ? "{}" : run.settings);
  json.text("verdict", run.verdict);
  json.text("level", run.level);
  json.number("score", run.score);
  json.flag("passed", run.passed);
  json.text("error", run.error);
  json.count("exit_status", static_cast<std::uint64_t>(run.exit_status));
}

void write_detail(JsonPage& json, const RunDetail& detail) {
  json.list("notes", detail.notes, [&](const Note& note) {
    json.object([&] {
      json.text("stage", note.stage);
      json.number("seconds", note.seconds);
      json.text("text", note.text);
    });
  });
  json.list("tries", detail.tries, [&](const TryOutcome& outcome) {
    json.object([&] {
      json.text("variant", outcome.variant);
      json.text("stop", outcome.stop);
      json.count("tokens", outcome.tokens);
      json.flag("chosen", outcome.chosen);
      json.flag("agrees", outcome.agrees);
    });
  });
  json.list("denials", detail.denials, [&](const DeniedCall& denied) {
    json.object([&] {
      json.text("room", denied.room);
      json.text("call", denied.call);
      json.count("count", denied.count);
    });
  });
}

void write_exception(JsonPage& json, const ExceptionRow& exception) {
  json.object([&] {
    json.text("id", exception.id);
    json.text("at", exception.at);
    json.text("consented_by", exception.consented_by);
    json.text("provider", exception.provider);
    json.text("model", exception.model);
    json.text("purpose", exception.purpose);
    json.text("sent_sha256", exception.sent_sha256);
    json.count("sent_bytes", exception.sent_bytes);
  });
}

}  // namespace

std::string report_html(const RunInContext& run) {
  std::string out = head;
  out += fmt::format("<title>{}</title></head><body>\n<h1>{}</h1>\n", escape_for_markup(run.run.id),
                     escape_for_markup(run.report.question));
  if (!run.report.passed()) out += "<p class=\"bad\">A check failed: do not rely on this report.</p>\n";
  add_facts(&out, run);
  const std::vector<DecidedClaim> decided = decided_claims(run);
  for (std::size_t i = 0; i < run.claims.size(); ++i) add_claim(&out, run.claims[i], decided[i]);
  add_checks(&out, run);
  if (!run.reviews.empty()) {
    out += "<h2>Decisions</h2>\n<table>\n";
    for (const ReviewRow& review : run.reviews) {
      out += fmt::format(
          "<tr><th>{}</th><td>{}</td><td>{}{}</td><td>{}</td></tr>\n", escape_for_markup(review.at),
          escape_for_markup(review.reviewer), to_string(review.decision),
          review.claim < 0 ? "" : fmt::format(" claim {}", review.claim), escape_for_markup(review.reason));
    }
    out += "</table>\n";
  }
  return out + "</body></html>\n";
}

void write_review(JsonPage& json, const ReviewRow& review) {
  json.text("id", review.id);
  json.text("at", review.at);
  json.text("reviewer", review.reviewer);
  json.text("decision", to_string(review.decision));
  if (review.claim == ReviewRow::whole_report) {
    json.null("claim");
  } else {
    json.count("claim", static_cast<std::uint64_t>(review.claim));
  }
  json.text("reason", review.reason);
  json.text("text", review.text);
}

std::string record_json(const RunInContext& run) {
  JsonPage json;
  json.count("version", 2);
  write_row(json, run.run);
  if (run.report_json.empty()) {
    json.null("report");
  } else {
    json.json("report", run.report_json);
  }
  const std::vector<DecidedClaim> decided = decided_claims(run);
  json.list("claims", run.claims, [&](const ClaimInContext& claim) {
    write_claim(json, claim, decided[static_cast<std::size_t>(&claim - run.claims.data())]);
  });
  write_detail(json, run.detail);
  json.list("reviews", run.reviews,
            [&](const ReviewRow& review) { json.object([&] { write_review(json, review); }); });
  json.list("exceptions", run.exceptions,
            [&](const ExceptionRow& exception) { write_exception(json, exception); });
  json.list("objects", run.run.objects, [&](const auto& object) {
    json.object([&] {
      json.text("role", object.first);
      json.text("sha256", object.second);
    });
  });
  return json.finish();
}

Result<std::string> record_tar(const Ledger& ledger, const RunInContext& run) {
  std::string out;
  const auto add = [&](const std::string& name, const std::string& bytes) {
    TarEntry entry;
    entry.name = run.run.id + "/" + name;
    entry.size = bytes.size();
    out += tar_entry(entry) + bytes + tar_padding(bytes.size());
  };
  add("report.html", report_html(run));
  add("report.md", report_markdown(run));
  add("record.json", record_json(run));
  for (const auto& [role, sha256] : run.run.objects) {
    auto bytes = ledger.get(sha256);
    if (!bytes) return bytes.error();
    add(role == "report" ? "report.json" : "objects/" + role, *bytes);
  }
  return out + tar_end();
}

}  // namespace carrel
