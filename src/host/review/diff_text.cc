// How a difference is told: at a terminal, and as JSON.
#include <algorithm>

#include <fmt/format.h>

#include "base/json_writer.h"
#include "base/text.h"
#include "host/review/diff.h"
#include "host/review/word_diff.h"

namespace carrel {
namespace {

class Page {
 public:
  explicit Page(const DiffStyle& style) : style_(style) {}
  std::string finish() { return std::move(out_); }

  void heading(const char* text) {
    out_ += style_.colour ? fmt::format("\n\x1b[1m{}\x1b[0m\n", text) : fmt::format("\n{}\n", text);
  }
  void line(const std::string& text) { out_ += "  " + text + "\n"; }

  std::string removed(const std::string& text) const { return mark(text, "31", "[-", "-]"); }
  std::string added(const std::string& text) const { return mark(text, "32", "{+", "+}"); }

  // Both texts in one, with the words that went and came marked.
  std::string words(const std::string& before, const std::string& after) const {
    std::string out;
    for (const WordPiece& piece : word_diff(before, after)) {
      if (!out.empty()) out += ' ';
      if (piece.kind == WordPiece::Kind::same) out += escape_for_terminal(piece.text);
      if (piece.kind == WordPiece::Kind::removed) out += removed(piece.text);
      if (piece.kind == WordPiece::Kind::added) out += added(piece.text);
    }
    return out;
  }

 private:
  std::string mark(const std::string& text, const char* colour, const char* open, const char* close) const {
    const std::string escaped = escape_for_terminal(text);
    return style_.colour ? fmt::format("\x1b[{}m{}\x1b[0m", colour, escaped) : open + escaped + close;
  }

  const DiffStyle& style_;
  std::string out_;
};

std::string or_nothing(const std::string& text) {
  return text.empty() ? "nothing" : escape_for_terminal(text);
}

void show_changes(Page& page, const char* heading, const std::vector<Changed>& changes) {
  if (changes.empty()) return;
  page.heading(heading);
  for (const Changed& item : changes) {
    page.line(fmt::format("{}: {} -> {}", escape_for_terminal(item.what), or_nothing(item.before),
                          or_nothing(item.after)));
  }
}

void show_claim(Page& page, const ChangedClaim& claim) {
  const char* kind = to_string(claim.kind);
  if (claim.after.empty()) {
    page.line(fmt::format("{} lost: {}", kind, page.removed(claim.before)));
  } else if (claim.before.empty()) {
    page.line(fmt::format("{} gained: {}", kind, page.added(claim.after)));
  } else if (claim.before == claim.after) {
    page.line(fmt::format("{}: {}", kind, escape_for_terminal(claim.after)));
  } else if (likeness(claim.before, claim.after) < least_likeness) {
    page.line(fmt::format("{} changed: {} {}", kind, page.removed(claim.before), page.added(claim.after)));
  } else {
    page.line(fmt::format("{} changed: {}", kind, page.words(claim.before, claim.after)));
  }
  for (const std::string& cited : claim.cited_before) {
    if (std::find(claim.cited_after.begin(), claim.cited_after.end(), cited) == claim.cited_after.end())
      page.line("    no longer cited  " + page.removed(cited));
  }
  for (const std::string& cited : claim.cited_after) {
    if (std::find(claim.cited_before.begin(), claim.cited_before.end(), cited) == claim.cited_before.end())
      page.line("    cited now        " + page.added(cited));
  }
}

void show_list(Page& page, const char* what, const std::vector<std::string>& items, bool came) {
  for (const std::string& item : items)
    page.line(fmt::format("{:<20} {}", what, came ? page.added(item) : page.removed(item)));
}

void show_bundles(Page& page, const BundleDiff& diff) {
  page.heading("Between the two bundles");
  show_list(page, "object appeared", diff.appeared, true);
  show_list(page, "object vanished", diff.vanished, false);
  for (const Changed& item : diff.states) {
    page.line(fmt::format("{:<20} {}: {} -> {}", "object changed", escape_for_terminal(item.what),
                          item.before, item.after));
  }
  show_list(page, "finding appeared", diff.findings_appeared, true);
  show_list(page, "finding vanished", diff.findings_vanished, false);
  show_list(page, "line appeared", diff.templates_appeared, true);
  show_list(page, "line vanished", diff.templates_vanished, false);
  if (diff.left_out > 0) page.line(fmt::format("and {} more", diff.left_out));
}

void write_changes(JsonPage& json, const char* name, const std::vector<Changed>& changes) {
  json.list(name, changes, [&](const Changed& item) {
    json.object([&] {
      json.text("what", item.what);
      json.text("before", item.before);
      json.text("after", item.after);
    });
  });
}

void write_texts(JsonPage& json, const char* name, const std::vector<std::string>& texts) {
  json.list(name, texts, [&](const std::string& text) { json.text(text); });
}

}  // namespace

std::string to_terminal(const RunDiff& diff, const DiffStyle& style) {
  Page page(style);
  if (diff.identical()) return fmt::format("{} and {} are identical.\n", diff.a, diff.b);
  if (diff.throw_away_tenants)
    page.line("Neither run names a tenant: each is of a throw-away one of its own.");
  if (diff.inputs.empty()) page.line("The same went in.");
  show_changes(page, "What went in", diff.inputs);
  if (diff.same_report()) page.line("The reports are the same.");
  if (!diff.claims.empty()) page.heading("Claims");
  for (const ChangedClaim& claim : diff.claims) show_claim(page, claim);
  show_changes(page, "Outcome", diff.outcome);
  if (diff.bundles) show_bundles(page, *diff.bundles);
  show_changes(page, "Speed and cost", diff.speed);
  return page.finish();
}

std::string to_json(const RunDiff& diff) {
  JsonPage json;
  json.text("a", diff.a);
  json.text("b", diff.b);
  json.flag("throw_away_tenants", diff.throw_away_tenants);
  json.flag("identical", diff.identical());
  json.flag("same_report", diff.same_report());
  write_changes(json, "inputs", diff.inputs);
  json.list("claims", diff.claims, [&](const ChangedClaim& claim) {
    json.object([&] {
      json.text("kind", to_string(claim.kind));
      json.text("before", claim.before);
      json.text("after", claim.after);
      write_texts(json, "cited_before", claim.cited_before);
      write_texts(json, "cited_after", claim.cited_after);
    });
  });
  write_changes(json, "outcome", diff.outcome);
  if (diff.bundles) {
    json.object("bundles", [&] {
      write_texts(json, "appeared", diff.bundles->appeared);
      write_texts(json, "vanished", diff.bundles->vanished);
      write_changes(json, "states", diff.bundles->states);
      write_texts(json, "findings_appeared", diff.bundles->findings_appeared);
      write_texts(json, "findings_vanished", diff.bundles->findings_vanished);
      write_texts(json, "templates_appeared", diff.bundles->templates_appeared);
      write_texts(json, "templates_vanished", diff.bundles->templates_vanished);
      json.count("left_out", diff.bundles->left_out);
    });
  }
  write_changes(json, "speed", diff.speed);
  return json.finish();
}

}  // namespace carrel
