#include "base/json_writer.h"
#include "host/eval/view.h"

namespace carrel {
namespace {

constexpr int json_version = 1;

void write_share(JsonPage& json, const std::string& name, const Share& share) {
  json.object(name, [&] {
    json.count("right", share.right);
    json.count("of", share.all);
    json.number("share", share.value());
    const auto [low, high] = share.interval();
    json.number("low", low);
    json.number("high", high);
  });
}

void write_scores(JsonPage& json, const Scores& scores) {
  write_share(json, "right", scores.right);
  for (const NamedShare& each : named_shares(scores)) write_share(json, each.key, each.share);
}

void write_head(JsonPage& json, const EvaluationHead& head) {
  json.text("id", head.id);
  json.text("playbook", head.playbook);
  json.text("playbook_sha256", head.playbook_sha256);
  json.text("engine", head.engine);
  json.text("model", head.model);
  json.text("model_sha256", head.model_sha256);
  json.text("program_sha256", head.program_sha256);
  json.object("settings", [&] {
    for (const auto& [name, value] : head.settings) json.text(name, value);
  });
}

void write_case(JsonPage& json, const CaseResult& result) {
  json.object([&] {
    json.text("case", result.id);
    json.flag("right", result.grade.right());
    json.flag("cause", result.grade.cause);
    json.flag("evidence", result.grade.evidence);
    json.flag("commands_safe", result.grade.safe);
    if (result.grade.verdict) json.flag("verdict_right", *result.grade.verdict);
    if (result.grade.no_fault) json.flag("no_fault", *result.grade.no_fault);
    if (result.grade.culprit) json.flag("culprit", *result.grade.culprit);
    if (result.grade.missing) json.flag("missing", *result.grade.missing);
    if (result.grade.checked) json.flag("checked", *result.grade.checked);
    json.count("cited", result.grade.cited);
    json.count("real", result.grade.real);
    json.count("at_line", result.grade.at_line);
    json.list("why", result.grade.why, [&](const std::string& why) { json.text(why); });
    json.text("error", result.error);
    json.text("verdict", result.verdict);
    json.text("root_cause", result.root_cause);
    json.number("confidence", result.confidence);
    json.number("seconds", result.seconds);
    json.text("run", result.run);
    json.text("kept_from", result.kept_from);
    if (!result.recall) return;
    json.object("recall", [&] {
      for (std::size_t i = 0; i < recall_budgets.size(); ++i)
        json.flag(std::to_string(recall_budgets[i]), (*result.recall)[i]);
    });
  });
}

void write_changes(JsonPage& json, const char* name, const std::vector<Change>& changes) {
  json.list(name, changes, [&](const Change& change) {
    json.object([&] {
      json.text("case", change.id);
      json.text("what", change.what);
      json.text("why", change.why);
    });
  });
}

}  // namespace

std::string to_json(const EvalView& view) {
  const Evaluation& evaluation = *view.evaluation;
  JsonPage json;
  json.count("version", json_version);
  json.object("evaluation", [&] { write_head(json, evaluation.head); });
  json.object("cases", [&] {
    json.text("folder", view.set->folder);
    json.text("sha256", view.set->sha256);
    json.count("count", view.set->cases.size());
  });
  json.object("scores", [&] { write_scores(json, score(grades_of(evaluation, ""))); });
  json.object("floors", [&] {
    for (const std::string& floor : floors_of(evaluation))
      json.object(floor, [&] { write_scores(json, score(grades_of(evaluation, floor))); });
  });
  json.list("groups", group(*view.set, evaluation), [&](const Group& each) {
    json.object([&] {
      json.text("by", each.by);
      json.text("name", each.name);
      write_scores(json, each.scores);
    });
  });
  json.list("recall", recall_of(evaluation), [&](const Recall& each) {
    json.object([&] {
      json.count("tokens", each.tokens);
      write_share(json, "found", each.share);
    });
  });
  const Calibrated calibrated = calibration_of(evaluation);
  json.object("confidence", [&] {
    json.number("expected_calibration_error", calibrated.error);
    json.count("cases", calibrated.cases);
    json.list("bins", calibrated.bins, [&](const Calibrated::Bin& bin) {
      json.object([&] {
        json.number("from", bin.from);
        json.number("to", bin.to);
        json.number("stated", bin.stated);
        write_share(json, "cause", bin.share);
      });
    });
  });
  if (view.comparison) {
    json.object("compared_with", [&] {
      json.object("evaluation", [&] { write_head(json, view.comparison->earlier->head); });
      write_changes(json, "worse", view.comparison->worse);
      write_changes(json, "better", view.comparison->better);
      json.count("same", view.comparison->same);
      json.count("not_in_both", view.comparison->not_comparable);
    });
  }
  json.list("others", view.others, [&](const Evaluation* other) {
    json.object([&] {
      json.object("evaluation", [&] { write_head(json, other->head); });
      json.object("scores", [&] { write_scores(json, score(grades_of(*other, ""))); });
    });
  });
  json.list("results", evaluation.results, [&](const CaseResult& result) { write_case(json, result); });
  return json.finish();
}

}  // namespace carrel
