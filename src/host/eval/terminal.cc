#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "base/code_points.h"
#include "base/text.h"
#include "host/eval/view.h"

namespace carrel {
namespace {

constexpr std::size_t name_columns = 30, id_columns = 20, bar_columns = 20, most_wrong = 40;

class Table {
 public:
  Table(const EvalView& view, const TerminalStyle& style)
      : view_(view), evaluation_(*view.evaluation), style_(style) {}

  std::string text() {
    head();
    columns();
    parts();
    groups();
    if (view_.recall) recall();
    confidence();
    wrong();
    comparison();
    others();
    return std::move(out_);
  }

 private:
  std::string paint(const std::string& text, const char* colour) const {
    return style_.colour ? fmt::format("\x1b[{}m{}\x1b[0m", colour, text) : text;
  }
  void line(const std::string& text) { out_ += text + "\n"; }
  void heading(const std::string& text) { line("\n" + paint(text, "1")); }

  // Text of outside, escaped and cut to what is left of the line.
  std::string fitted(const std::string& text, std::size_t used) const {
    const std::size_t room = style_.width > used + 10 ? style_.width - used : 10;
    std::string escaped = escape_for_terminal(text);
    if (to_code_points(escaped).size() <= room) return escaped;
    return std::string(cut_utf8(escaped, room - 1)) + "…";
  }

  std::string padded(const std::string& name, std::size_t width) const {
    std::string text = fitted(name, style_.width > width ? style_.width - width : 0);
    const std::size_t taken = to_code_points(text).size();
    return text + std::string(width > taken ? width - taken : 0, ' ');
  }

  // Filled up to the share; what the interval reaches beyond it is shaded.
  static std::string bar(const Share& share) {
    const auto cells = [](double part) { return static_cast<std::size_t>(std::lround(part * bar_columns)); };
    const std::size_t filled = cells(share.value()), reach = cells(share.interval().second);
    std::string out;
    for (std::size_t i = 0; i < bar_columns; ++i) out += i < filled ? "█" : i < reach ? "▒" : "░";
    return out;
  }

  void row(const std::string& name, const Share& share) {
    if (share.all == 0) return;
    const auto [low, high] = share.interval();
    line(fmt::format("  {} {:>5} of {:<5} {:>4.0f} %  {:>3.0f} – {:<3.0f} %  {}", padded(name, name_columns),
                     human_count(share.right), human_count(share.all), share.value() * 100, low * 100,
                     high * 100, paint(bar(share), "36")));
  }

  void head() {
    const std::size_t count = evaluation_.results.size();
    line(fmt::format("{} · {} · {} case{} of {}", escape_for_terminal(evaluation_.head.playbook),
                     escape_for_terminal(column_name(evaluation_)), human_count(count), count == 1 ? "" : "s",
                     escape_for_terminal(view_.set->folder)));
  }

  void columns() {
    heading(fmt::format("Right: cause and evidence{:>12}  {:>12}  95 %", "", "share"));
    row(column_name(evaluation_), score(grades_of(evaluation_, "")).right);
    for (const std::string& floor : floors_of(evaluation_))
      row("floor: " + floor, score(grades_of(evaluation_, floor)).right);
  }

  void parts() {
    heading("What was right");
    for (const NamedShare& each : named_shares(score(grades_of(evaluation_, "")))) row(each.name, each.share);
  }

  void groups() {
    std::string by;
    for (const Group& each : group(*view_.set, evaluation_)) {
      if (each.by != by) heading("By " + each.by);
      by = each.by;
      row(each.name, each.scores.right);
    }
  }

  void recall() {
    const auto budgets = recall_of(evaluation_);
    if (budgets.front().share.all == 0) return;
    heading("A deciding line is in the budget");
    for (const Recall& each : budgets) row(fmt::format("{} tokens", human_count(each.tokens)), each.share);
  }

  void confidence() {
    const Calibrated calibrated = calibration_of(evaluation_);
    const bool stated = std::any_of(calibrated.bins.begin(), calibrated.bins.end(),
                                    [](const Calibrated::Bin& bin) { return bin.stated > 0; });
    if (!stated) return;
    heading(fmt::format("Confidence: expected calibration error {:.2f}", calibrated.error));
    for (const Calibrated::Bin& bin : calibrated.bins)
      row(fmt::format("{:.1f} to {:.1f}, stated {:.2f}", bin.from, bin.to, bin.stated), bin.share);
  }

  void wrong() {
    std::vector<const CaseResult*> wrong;
    for (const CaseResult& result : evaluation_.results) {
      if (!result.grade.right() || result.grade.checked == false) wrong.push_back(&result);
    }
    if (wrong.empty()) return;
    heading("Not right");
    for (std::size_t i = 0; i < std::min(wrong.size(), most_wrong); ++i) {
      const CaseResult& result = *wrong[i];
      const char* what = !result.error.empty()                           ? "failed"
                         : !result.grade.cause && !result.grade.evidence ? "cause, evidence"
                         : !result.grade.evidence                        ? "evidence"
                         : !result.grade.cause                           ? "cause"
                                                                         : "own checks";
      const std::string why = !result.error.empty()      ? result.error
                              : result.grade.why.empty() ? ""
                                                         : result.grade.why.front();
      const std::string start = fmt::format("  {} {:<16} ", padded(result.id, id_columns), what);
      line(start + fitted(why, start.size()));
    }
    if (wrong.size() > most_wrong)
      line(fmt::format("  and {} more, all in --json", wrong.size() - most_wrong));
  }

  void changes(const std::vector<Change>& list, const char* word, const char* colour) {
    for (std::size_t i = 0; i < std::min(list.size(), most_wrong); ++i) {
      const Change& change = list[i];
      const std::string start =
          fmt::format("{:<6} {} {:<18} ", word, padded(change.id, id_columns), change.what);
      line("  " + paint(start, colour) + fitted(change.why, start.size() + 2));
    }
    if (list.size() > most_wrong) line(fmt::format("  and {} more {}", list.size() - most_wrong, word));
  }

  void comparison() {
    if (!view_.comparison) return;
    const Comparison& comparison = *view_.comparison;
    const EvaluationHead& earlier = comparison.earlier->head;
    heading(fmt::format("Compared with {} ({})", escape_for_terminal(earlier.id),
                        escape_for_terminal(difference(earlier, evaluation_.head))));
    changes(comparison.worse, "worse", "31");
    changes(comparison.better, "better", "32");
    line(fmt::format(
        "  {} worse, {} better, {} the same{}", comparison.worse.size(), comparison.better.size(),
        comparison.same,
        comparison.not_comparable == 0 ? "" : fmt::format(", {} not in both", comparison.not_comparable)));
  }

  void others() {
    if (view_.others.empty()) return;
    heading("Other evaluations of these cases");
    for (const Evaluation* each : view_.others)
      row(difference(each->head, evaluation_.head), score(grades_of(*each, "")).right);
  }

  const EvalView& view_;
  const Evaluation& evaluation_;
  const TerminalStyle& style_;
  std::string out_;
};

}  // namespace

std::vector<NamedShare> named_shares(const Scores& scores) {
  std::vector<NamedShare> all = {{"cause", "cause", scores.cause},
                                 {"evidence", "deciding evidence cited", scores.evidence},
                                 {"citations_real", "citations real", scores.real},
                                 {"commands_safe", "commands safe", scores.safe},
                                 {"verdict", "verdict", scores.verdict},
                                 {"no_fault", "no fault, where there is none", scores.no_fault},
                                 {"culprit", "culprit named", scores.culprit},
                                 {"missing", "missing evidence named", scores.missing},
                                 {"checked", "own checks passed", scores.checked}};
  std::erase_if(all, [](const NamedShare& each) { return each.share.all == 0; });
  return all;
}

std::string column_name(const Evaluation& evaluation) {
  return evaluation.head.label();
}

std::string to_terminal(const EvalView& view, const TerminalStyle& style) {
  return Table(view, style).text();
}

}  // namespace carrel
