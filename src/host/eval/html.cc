#include "host/eval/html.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "base/markup.h"
#include "host/eval/view.h"

namespace carrel {
namespace {

// No script, no font and no picture from anywhere, and a policy that forbids them: texts of bundles are on
// this page.
constexpr const char* page_head = R"(<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<style>
:root{color-scheme:light dark;--ink:#1c2228;--paper:#fff;--faint:#5b6670;--rule:#d7dde2;--bar:#2f6fab;--floor:#98a4ae;--reach:#2f6fab44;--bad:#b3261e;--good:#1b7a3d}
@media(prefers-color-scheme:dark){:root{--ink:#e4e8eb;--paper:#14181c;--faint:#9aa5ae;--rule:#323a41;--bar:#6cabe6;--floor:#6d7983;--reach:#6cabe644;--bad:#ff8a80;--good:#7fd39a}}
body{font:16px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);max-width:62rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.4rem;margin:0}h2{font-size:1.1rem;margin:2rem 0 .4rem}p{margin:.3rem 0}
.faint{color:var(--faint)}.bad{color:var(--bad)}.good{color:var(--good)}
table{border-collapse:collapse;width:100%;font-size:.92rem}th,td{text-align:left;padding:.25rem .6rem .25rem 0;vertical-align:top;border-bottom:1px solid var(--rule)}
td.n,th.n{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}
td.w{overflow-wrap:anywhere}td.plot{width:16rem}svg{display:block}
summary{cursor:pointer}details p{margin-left:1rem}code{font:.88em ui-monospace,monospace;overflow-wrap:anywhere}
</style>)";

constexpr double plot_width = 240, plot_height = 14;

}  // namespace

std::string html_begin(const std::string& title) {
  const std::string escaped = escape_for_markup(title);
  return fmt::format("{}<title>{}</title></head><body>\n<h1>{}</h1>\n", page_head, escaped, escaped);
}

std::string share_bar(const Share& share, bool floor) {
  const auto [low, high] = share.interval();
  const double middle = plot_height / 2;
  return fmt::format(
      "<svg role=\"img\" aria-label=\"{:.0f} %, 95 % interval {:.0f} to {:.0f} %\" width=\"{}\" "
      "height=\"{}\" "
      "viewBox=\"0 0 {} {}\"><rect width=\"{}\" height=\"{}\" fill=\"var(--rule)\" opacity=\".5\"/>"
      "<rect width=\"{:.1f}\" height=\"{}\" fill=\"var(--{})\"/>"
      "<path d=\"M{:.1f} {}H{:.1f}M{:.1f} 3v8M{:.1f} 3v8\" stroke=\"var(--ink)\" "
      "stroke-width=\"1.5\"/></svg>",
      share.value() * 100, low * 100, high * 100, plot_width, plot_height, plot_width, plot_height,
      plot_width, plot_height, share.value() * plot_width, plot_height, floor ? "floor" : "bar",
      low * plot_width, middle, high * plot_width, low * plot_width + 1,
      std::max(0.0, high * plot_width - 1));
}

namespace {

class HtmlPage {
 public:
  explicit HtmlPage(const EvalView& view) : view_(view), evaluation_(*view.evaluation) {}

  std::string text() {
    head();
    comparison();
    columns();
    shares("What was right", "", parts());
    groups();
    shares("A deciding line is in the budget", "tokens of evidence", recall());
    confidence();
    others();
    cases();
    return out_ + "</body></html>\n";
  }

 private:
  using Rows = std::vector<std::pair<std::string, Share>>;

  static std::string escaped(std::string_view text) { return escape_for_markup(text); }

  void heading(const std::string& text) { out_ += fmt::format("<h2>{}</h2>\n", escaped(text)); }

  void head() {
    const EvaluationHead& head = evaluation_.head;
    const std::string title = fmt::format("{} on {} cases", head.playbook, evaluation_.results.size());
    out_ = html_begin(title);
    out_ += fmt::format("<p class=\"faint\">{} · evaluation {} · cases of <code>{}</code></p>\n",
                        escaped(column_name(evaluation_)), escaped(head.id), escaped(head.cases));
    std::string settings;
    for (const auto& [name, value] : head.settings) settings += fmt::format("{} {}\n", name, value);
    out_ += fmt::format(
        "<details><summary class=\"faint\">what it was made with</summary><p><code>playbook "
        "{}<br>model {}<br>programs {}<br>labels {}</code></p><pre>{}</pre></details>\n",
        escaped(head.playbook_sha256), escaped(head.model_sha256), escaped(head.program_sha256),
        escaped(head.cases_sha256), escaped(settings));
  }

  void row(const std::string& name, const Share& share, bool floor = false) {
    if (share.all == 0) return;
    const auto [low, high] = share.interval();
    out_ += fmt::format(
        "<tr><td class=\"w\">{}</td><td class=\"n\">{} of {}</td><td class=\"n\">{:.0f} %</td>"
        "<td class=\"n\">{:.0f} – {:.0f} %</td><td class=\"plot\">{}</td></tr>\n",
        escaped(name), share.right, share.all, share.value() * 100, low * 100, high * 100,
        share_bar(share, floor));
  }

  void table(const std::string& first) {
    out_ += fmt::format(
        "<table><tr><th>{}</th><th class=\"n\">right</th><th class=\"n\">share</th>"
        "<th class=\"n\">95 %</th><th></th></tr>\n",
        escaped(first));
  }

  void shares(const std::string& title, const std::string& first, const Rows& rows) {
    if (rows.empty() || rows.front().second.all == 0) return;
    heading(title);
    table(first);
    for (const auto& [name, share] : rows) row(name, share);
    out_ += "</table>\n";
  }

  void columns() {
    heading("Right: cause and evidence");
    table("");
    row(column_name(evaluation_), score(grades_of(evaluation_, "")).right);
    for (const std::string& floor : floors_of(evaluation_))
      row("floor: " + floor, score(grades_of(evaluation_, floor)).right, true);
    out_ += "</table>\n";
  }

  Rows parts() const {
    Rows rows;
    for (const NamedShare& each : named_shares(score(grades_of(evaluation_, ""))))
      rows.emplace_back(each.name, each.share);
    return rows;
  }

  Rows recall() const {
    Rows rows;
    for (const Recall& each : recall_of(evaluation_)) rows.emplace_back(human_count(each.tokens), each.share);
    return rows;
  }

  void groups() {
    const std::vector<Group> all = group(*view_.set, evaluation_);
    for (std::size_t i = 0; i < all.size();) {
      Rows rows;
      const std::string by = all[i].by;
      for (; i < all.size() && all[i].by == by; ++i) rows.emplace_back(all[i].name, all[i].scores.right);
      shares("By " + by, by, rows);
    }
  }

  // What was right over what was stated; on the diagonal the two are the same.
  static std::string diagram(const Calibrated& calibrated) {
    constexpr double size = 260, edge = 34;
    const auto x = [&](double value) { return edge + value * size; };
    const auto y = [&](double value) { return 10 + (1 - value) * size; };
    std::string out = fmt::format(
        "<svg role=\"img\" aria-label=\"what was right over stated confidence\" width=\"{0}\" height=\"{1}\" "
        "viewBox=\"0 0 {0} {1}\" fill=\"none\" font-size=\"11\"><path d=\"M{2} {3}V{4}H{5}\" "
        "stroke=\"var(--faint)\"/>"
        "<path d=\"M{2} {4}L{5} {3}\" stroke=\"var(--faint)\" stroke-dasharray=\"4 4\"/>",
        size + edge + 12, size + 46, x(0), y(1), y(0), x(1));
    for (const double tick : {0.0, 0.5, 1.0}) {
      out += fmt::format(
          "<text x=\"{:.0f}\" y=\"{:.0f}\" fill=\"var(--faint)\" text-anchor=\"middle\">{}</text>"
          "<text x=\"{:.0f}\" y=\"{:.0f}\" fill=\"var(--faint)\" text-anchor=\"end\">{}</text>",
          x(tick), y(0) + 15, tick, x(0) - 5, y(tick) + 4, tick);
    }
    out += fmt::format(
        "<text x=\"{:.0f}\" y=\"{:.0f}\" fill=\"var(--faint)\" text-anchor=\"middle\">stated "
        "confidence</text>",
        x(0.5), y(0) + 30);
    for (const Calibrated::Bin& bin : calibrated.bins) {
      const auto [low, high] = bin.share.interval();
      out += fmt::format(
          "<path d=\"M{0:.1f} {1:.1f}V{2:.1f}\" stroke=\"var(--bar)\"/><circle cx=\"{0:.1f}\" "
          "cy=\"{3:.1f}\" r=\"{4:.1f}\" fill=\"var(--bar)\"><title>{5} cases</title></circle>",
          x(bin.stated), y(low), y(high), y(bin.share.value()),
          3 + std::min(6.0, std::sqrt(static_cast<double>(bin.share.all)) / 2), bin.share.all);
    }
    return out + "</svg>\n";
  }

  void confidence() {
    const Calibrated calibrated = calibration_of(evaluation_);
    if (calibrated.cases == 0) return;
    heading("Confidence");
    out_ += fmt::format("<p>Expected calibration error {:.2f} over {} cases, in bins of a tenth.</p>\n{}",
                        calibrated.error, calibrated.cases, diagram(calibrated));
  }

  void changes(const std::vector<Change>& list, const char* word, const char* style) {
    for (const Change& change : list) {
      out_ += fmt::format(
          "<tr><td class=\"{}\">{}</td><td><a href=\"#case-{}\">{}</a></td><td>{}</td>"
          "<td class=\"w\">{}</td></tr>\n",
          style, word, escaped(change.id), escaped(change.id), change.what, escaped(change.why));
    }
  }

  void comparison() {
    if (!view_.comparison) return;
    const Comparison& comparison = *view_.comparison;
    const EvaluationHead& earlier = comparison.earlier->head;
    heading(fmt::format("Compared with {} ({})", earlier.id, difference(earlier, evaluation_.head)));
    out_ += fmt::format("<p>{} worse, {} better, {} the same, {} not in both.</p>\n<table>\n",
                        comparison.worse.size(), comparison.better.size(), comparison.same,
                        comparison.not_comparable);
    changes(comparison.worse, "worse", "bad");
    changes(comparison.better, "better", "good");
    out_ += "</table>\n";
  }

  void others() {
    Rows rows;
    for (const Evaluation* each : view_.others)
      rows.emplace_back(difference(each->head, evaluation_.head), score(grades_of(*each, "")).right);
    shares("Other evaluations of these cases", "what is other", rows);
  }

  void cases() {
    heading("Cases");
    out_ +=
        "<table><tr><th>case</th><th>kind</th><th>cause</th><th>evidence</th><th class=\"n\">confidence</th>"
        "<th>answer</th></tr>\n";
    for (const Case& label : view_.set->cases) {
      const CaseResult* result = evaluation_.find(label.id);
      if (result != nullptr) case_row(label, *result);
    }
    out_ += "</table>\n";
  }

  void case_row(const Case& label, const CaseResult& result) {
    const auto mark = [](bool right) {
      return right ? "<td class=\"good\">right</td>" : "<td class=\"bad\">wrong</td>";
    };
    std::string why;
    for (const std::string& each : result.grade.why)
      why += fmt::format("<p class=\"bad\">{}</p>", escaped(each));
    if (!result.error.empty()) why += fmt::format("<p class=\"bad\">{}</p>", escaped(result.error));
    out_ += fmt::format(
        "<tr id=\"case-{0}\"><td>{0}</td><td>{1}</td>{2}{3}<td class=\"n\">{4:.2f}</td><td "
        "class=\"w\"><details>"
        "<summary>{5}</summary><p><b>Question</b> {6}</p><p><b>Reference</b> {7}</p>{8}<p "
        "class=\"faint\">run "
        "<code>{9}</code></p></details></td></tr>\n",
        escaped(label.id), escaped(label.kind.empty() ? label.category : label.kind),
        mark(result.grade.cause), mark(result.grade.evidence), result.confidence,
        escaped(result.root_cause.empty() ? "no answer" : result.root_cause), escaped(label.question),
        escaped(label.reference), why, escaped(result.run));
  }

  const EvalView& view_;
  const Evaluation& evaluation_;
  std::string out_;
};

}  // namespace

std::string to_html(const EvalView& view) {
  return HtmlPage(view).text();
}

}  // namespace carrel
