#include "host/eval/calibrate.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>

namespace carrel {
namespace {

// In hundredths, as a calibration keeps it.
double rounded(double weight) {
  return std::round(std::clamp(weight, 0.0, 1.0) * 100) / 100;
}

Calibration::Told<Calibration::Decided> told_of_detectors(const Evaluation& evaluation) {
  std::map<std::tuple<std::string, std::string, double>, Calibration::Count> counts;
  for (const CaseResult& result : evaluation.results) {
    if (!result.error.empty() || result.grounds.detector.empty()) continue;
    counts[{result.verdict, result.grounds.detector, rounded(result.grounds.weight)}].add(result.grade.cause);
  }
  Calibration::Told<Calibration::Decided> out{evaluation.head.cases_sha256, {}};
  for (const auto& [decided, count] : counts)
    out.entries.push_back({std::get<0>(decided), std::get<1>(decided), std::get<2>(decided), count});
  return out;
}

Calibration::Told<Calibration::Agreement> told_of_model(const Evaluation& evaluation) {
  std::map<std::tuple<std::uint32_t, std::uint32_t, std::string>, Calibration::Count> counts;
  for (const CaseResult& result : evaluation.results) {
    if (!result.error.empty() || result.grounds.tries == 0) continue;
    counts[{result.grounds.tries, result.grounds.agree, result.grounds.says}].add(result.grade.cause);
  }
  Calibration::Told<Calibration::Agreement> out{evaluation.head.cases_sha256, {}};
  for (const auto& [grounds, count] : counts)
    out.entries.push_back({std::get<1>(grounds), std::get<0>(grounds), std::get<2>(grounds), count});
  return out;
}

// Where guesses were tried at all; what an earlier evaluation found of them stays otherwise.
void calibrate_drafts(const Evaluation& evaluation, Calibration::Drafts* out) {
  Calibration::Drafts drafts;
  double check_s = 0, step_s = 0;
  std::uint32_t steps = 0;
  for (const CaseResult& result : evaluation.results) {
    drafts.draft = std::max(drafts.draft, result.drafts.draft);
    drafts.checks += result.drafts.checks;
    drafts.kept += result.drafts.kept;
    steps += result.drafts.steps;
    check_s += result.drafts.check_s;
    step_s += result.drafts.step_s;
  }
  if (drafts.checks == 0 || steps == 0) return;
  const auto mean_us = [](double seconds, std::uint32_t count) {
    return static_cast<std::uint32_t>(std::clamp(seconds / count * 1e6, 0.0, 1e8));
  };
  drafts.check_us = mean_us(check_s, drafts.checks);
  drafts.step_us = mean_us(step_s, steps);
  *out = drafts;
}

}  // namespace

Result<Calibration> calibrate(const Evaluation& evaluation, Calibration before) {
  const Error nothing{Code::usage, "there is nothing to calibrate by",
                      "evaluate a playbook without a model or with one, or reports that it made without a "
                      "model; other answers state no confidence"};
  const EvaluationHead& head = evaluation.head;
  if (before.playbook != head.playbook) before = {head.playbook, {}, {}};
  if (head.engine == "none" || head.engine == "answers") {
    auto told = told_of_detectors(evaluation);
    if (told.entries.empty()) return nothing;
    put(&before.without_model, std::move(told));
    return before;
  }
  auto told = told_of_model(evaluation);
  if (head.engine != "llama" || told.entries.empty()) return nothing;
  auto model = std::find_if(before.models.begin(), before.models.end(),
                            [&](const Calibration::Model& each) { return each.sha256 == head.model_sha256; });
  if (model == before.models.end())
    model = before.models.insert(model, {head.model, head.model_sha256, {}, {}});
  put(&model->sets, std::move(told));
  calibrate_drafts(evaluation, &model->drafts);
  return before;
}

}  // namespace carrel
