#include "host/eval/sweep.h"

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

#include "base/json_writer.h"
#include "base/markup.h"
#include "base/text.h"
#include "host/eval/html.h"

namespace carrel {
namespace {

double percent(double share) {
  return share * 100;
}

// Share right over cases an hour: what lies further up and to the right is better. The recommended point is
// filled.
std::string plot_of(const std::vector<SweepPoint>& points, std::size_t chosen) {
  constexpr double width = 560, height = 240, left = 44, bottom = 36, top = 10;
  double most = 0;
  for (const SweepPoint& point : points) most = std::max(most, point.per_hour);
  if (most <= 0) return "";
  const auto x = [&](double per_hour) { return left + per_hour / (most * 1.05) * (width - left - 10); };
  const auto y = [&](double share) { return top + (1 - share) * (height - top - bottom); };
  std::string out = fmt::format(
      "<svg role=\"img\" aria-label=\"share right over cases an hour\" width=\"{0}\" height=\"{1}\" "
      "viewBox=\"0 0 {0} {1}\" fill=\"none\" font-size=\"11\"><path d=\"M{2} {3}V{4}H{5}\" "
      "stroke=\"var(--faint)\"/>",
      width, height, left, y(1), y(0), width - 10);
  for (const double tick : {0.0, 0.5, 1.0}) {
    out += fmt::format(
        "<text x=\"{:.0f}\" y=\"{:.0f}\" fill=\"var(--faint)\" text-anchor=\"end\">{:.0f} %</text>", left - 5,
        y(tick) + 4, percent(tick));
  }
  out += fmt::format(
      "<text x=\"{:.0f}\" y=\"{:.0f}\" fill=\"var(--faint)\" text-anchor=\"end\">{:.0f} cases an hour</text>",
      x(most), y(0) + 15, most);
  for (std::size_t i = 0; i < points.size(); ++i) {
    const auto [low, high] = points[i].right.interval();
    out += fmt::format(
        "<path d=\"M{0:.1f} {1:.1f}V{2:.1f}\" stroke=\"var(--bar)\"/><circle cx=\"{0:.1f}\" cy=\"{3:.1f}\" "
        "r=\"5\" stroke=\"var(--bar)\" fill=\"var(--{4})\"><title>{5}</title></circle>",
        x(points[i].per_hour), y(low), y(high), y(points[i].right.value()), i == chosen ? "bar" : "paper",
        escape_for_markup(points[i].cell.label()));
  }
  return out + "</svg>\n";
}

}  // namespace

std::string SweepCell::label() const {
  std::string text;
  for (const auto& [name, value] : settings) {
    if (!text.empty()) text += ", ";
    text += name == "model" ? std::filesystem::path(value).filename().string() : name + " " + value;
  }
  if (jobs > 1) text += fmt::format("{}{} at a time", text.empty() ? "" : ", ", jobs);
  return text.empty() ? "as the settings are" : text;
}

Result<std::vector<SweepCell>> cells_of(const SweepGrid& grid) {
  std::vector<SweepCell> cells(1);
  const auto vary = [&](const auto& values, auto apply) {
    if (values.empty() || cells.size() > most_cells) return;
    std::vector<SweepCell> all;
    for (const SweepCell& cell : cells) {
      for (const auto& value : values) {
        all.push_back(cell);
        apply(&all.back(), value);
      }
    }
    cells = std::move(all);
  };
  const auto setting = [](const char* name) {
    return [name](SweepCell* cell, const std::string& value) { cell->settings.emplace_back(name, value); };
  };
  vary(grid.models, setting("model"));
  vary(grid.contexts, setting("context"));
  vary(grid.tries, setting("tries"));
  vary(grid.temperatures, setting("temperature"));
  vary(grid.jobs, [](SweepCell* cell, unsigned jobs) { cell->jobs = jobs; });
  if (cells.size() <= most_cells) return cells;
  return Error{Code::usage, fmt::format("that is more than {} combinations", most_cells),
               "vary less at once"};
}

SweepPoint point_of(const SweepCell& cell, const Evaluation& evaluation) {
  SweepPoint point;
  point.cell = cell;
  point.evaluation = evaluation.head.id;
  point.right = score(grades_of(evaluation, "")).right;
  std::vector<double> seconds;
  double all = 0;
  for (const CaseResult& result : evaluation.results) {
    if (!result.error.empty()) {
      ++point.failed;
      continue;
    }
    seconds.push_back(result.seconds);
    all += result.seconds;
  }
  if (seconds.empty()) return point;
  const auto middle = seconds.begin() + static_cast<std::ptrdiff_t>(seconds.size() / 2);
  std::nth_element(seconds.begin(), middle, seconds.end());
  point.median_s = *middle;
  if (all > 0) point.per_hour = 3600.0 * cell.jobs * static_cast<double>(seconds.size()) / all;
  return point;
}

Recommendation recommend(const std::vector<SweepPoint>& points) {
  Recommendation out;
  std::size_t best = 0;
  for (std::size_t i = 1; i < points.size(); ++i) {
    if (points[i].right.value() > points[best].right.value()) best = i;
  }
  out.point = best;
  std::size_t equals = 0;
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (points[i].right.interval().second < points[best].right.value()) continue;
    ++equals;
    if (points[i].per_hour > points[out.point].per_hour) out.point = i;
  }
  const SweepPoint& chosen = points[out.point];
  out.reason = fmt::format("{} of {} are right at {:.0f} cases an hour", chosen.right.right, chosen.right.all,
                           chosen.per_hour);
  if (equals > 1) {
    out.reason += fmt::format(
        "; {} of {} combinations cannot be told from the best ({} of {}) at 95 %, and of them it "
        "is the fastest",
        equals, points.size(), points[best].right.right, points[best].right.all);
  } else if (points.size() > 1) {
    out.reason += "; every other combination is worse by more than chance explains at 95 %";
  }
  return out;
}

std::string to_terminal(const SweepView& view, const TerminalStyle& style) {
  const Recommendation best = recommend(view.points);
  std::string out = fmt::format("{} on {} cases\n\n", escape_for_terminal(view.playbook), view.cases);
  out += fmt::format("  {:>9}  {:>6}  {:>10}  {:>9}  {:>8}  {:>6}  {}\n", "right", "share", "95 %",
                     "s a case", "an hour", "failed", "with");
  for (std::size_t i = 0; i < view.points.size(); ++i) {
    const SweepPoint& point = view.points[i];
    const auto [low, high] = point.right.interval();
    const std::string row = fmt::format(
        "{} {:>9}  {:>4.0f} %  {:>10}  {:>9.2f}  {:>8.0f}  {:>6}  {}", i == best.point ? "*" : " ",
        fmt::format("{} of {}", point.right.right, point.right.all), percent(point.right.value()),
        fmt::format("{:.0f} - {:.0f} %", percent(low), percent(high)), point.median_s, point.per_hour,
        point.failed, escape_for_terminal(point.cell.label()));
    out += i == best.point && style.colour ? "\x1b[1m" + row + "\x1b[0m\n" : row + "\n";
  }
  out += fmt::format("\n* {}: {}.\n", escape_for_terminal(view.points[best.point].cell.label()), best.reason);
  for (const std::string& note : view.notes) out += fmt::format("! {}\n", escape_for_terminal(note));
  return out;
}

std::string to_json(const SweepView& view) {
  const Recommendation best = recommend(view.points);
  JsonPage json;
  json.count("version", 1);
  json.text("playbook", view.playbook);
  json.count("cases", view.cases);
  json.list("points", view.points, [&](const SweepPoint& point) {
    json.object([&] {
      json.text("label", point.cell.label());
      json.object("settings", [&] {
        for (const auto& [name, value] : point.cell.settings) json.text(name, value);
      });
      json.count("jobs", point.cell.jobs);
      json.text("evaluation", point.evaluation);
      json.count("right", point.right.right);
      json.count("of", point.right.all);
      json.number("share", point.right.value());
      const auto [low, high] = point.right.interval();
      json.number("low", low);
      json.number("high", high);
      json.count("failed", point.failed);
      json.number("median_s", point.median_s);
      json.number("cases_per_hour", point.per_hour);
    });
  });
  json.object("recommended", [&] {
    json.count("point", best.point);
    json.text("label", view.points[best.point].cell.label());
    json.text("reason", best.reason);
  });
  json.list("notes", view.notes, [&](const std::string& note) { json.text(note); });
  return json.finish();
}

std::string to_html(const SweepView& view) {
  const Recommendation best = recommend(view.points);
  std::string out = html_begin(
      fmt::format("{} on {} cases: {} combinations", view.playbook, view.cases, view.points.size()));
  out += fmt::format("<p><b>{}</b>: {}.</p>\n", escape_for_markup(view.points[best.point].cell.label()),
                     escape_for_markup(best.reason));
  for (const std::string& note : view.notes)
    out += fmt::format("<p class=\"bad\">{}</p>\n", escape_for_markup(note));
  out += "<h2>Quality over speed</h2>\n" + plot_of(view.points, best.point);
  out +=
      "<h2>Every combination</h2>\n<table><tr><th>with</th><th class=\"n\">right</th><th "
      "class=\"n\">share</th><th></th>"
      "<th class=\"n\">s a case</th><th class=\"n\">an hour</th><th class=\"n\">failed</th></tr>\n";
  for (std::size_t i = 0; i < view.points.size(); ++i) {
    const SweepPoint& point = view.points[i];
    out += fmt::format(
        "<tr><td class=\"w{}\">{}</td><td class=\"n\">{} of {}</td><td class=\"n\">{:.0f} %</td><td "
        "class=\"plot\">{}</td><td class=\"n\">{:.2f}</td><td class=\"n\">{:.0f}</td><td "
        "class=\"n\">{}</td></tr>\n",
        i == best.point ? " good" : "", escape_for_markup(point.cell.label()), point.right.right,
        point.right.all, percent(point.right.value()), share_bar(point.right), point.median_s, point.per_hour,
        point.failed);
  }
  return out + "</table>\n</body></html>\n";
}

}  // namespace carrel
