#include "host/eval/calibrate.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>

namespace carrel {
namespace {

// Steps of fewer cases say little; they join the one below.
constexpr std::uint32_t least_cases = 10;

double share(const Calibration::Count& count) {
  return static_cast<double>(count.right) / count.cases;
}

std::vector<Calibration::Step> isotonic(const std::map<double, Calibration::Count>& by_weight) {
  std::vector<Calibration::Step> steps;
  for (const auto& [weight, count] : by_weight) {
    steps.push_back({steps.empty() ? 0 : weight, count});
    while (steps.size() > 1) {
      Calibration::Step& last = steps.back();
      Calibration::Step& below = steps[steps.size() - 2];
      if (share(below.count) < share(last.count) && below.count.cases >= least_cases) break;
      below.count.cases += last.count.cases;
      below.count.right += last.count.right;
      steps.pop_back();
    }
  }
  // The last one has nothing above that would have made it grow.
  if (steps.size() > 1 && steps.back().count.cases < least_cases) {
    Calibration::Count& below = steps[steps.size() - 2].count;
    below.cases += steps.back().count.cases;
    below.right += steps.back().count.right;
    steps.pop_back();
  }
  return steps;
}

void calibrate_detectors(const Evaluation& evaluation, Calibration::WithoutModel* out) {
  *out = {};
  out->cases_sha256 = evaluation.head.cases_sha256;
  std::map<double, Calibration::Count> by_weight;
  for (const CaseResult& result : evaluation.results) {
    if (!result.error.empty() || result.grounds.detector.empty()) continue;
    ++out->cases;
    out->detectors[result.grounds.detector].add(result.grade.cause);
    by_weight[std::round(std::clamp(result.grounds.weight, 0.0, 1.0) * 1e4) / 1e4].add(result.grade.cause);
  }
  out->weights = isotonic(by_weight);
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

void calibrate_model(const Evaluation& evaluation, Calibration::Model* out) {
  *out = {
      evaluation.head.model, evaluation.head.model_sha256, evaluation.head.cases_sha256, 0, {}, out->drafts};
  std::map<std::tuple<std::uint32_t, std::uint32_t, std::string>, Calibration::Count> counts;
  for (const CaseResult& result : evaluation.results) {
    if (!result.error.empty() || result.grounds.tries == 0) continue;
    ++out->cases;
    counts[{result.grounds.tries, result.grounds.agree, result.grounds.says}].add(result.grade.cause);
  }
  calibrate_drafts(evaluation, &out->drafts);
  for (const auto& [grounds, count] : counts)
    out->agreement.push_back({std::get<1>(grounds), std::get<0>(grounds), std::get<2>(grounds), count});
}

}  // namespace

Result<Calibration> calibrate(const Evaluation& evaluation, Calibration before) {
  const Error nothing{
      Code::usage, "there is nothing to calibrate by",
      "evaluate a playbook without a model or with one; quotes and answers state no confidence"};
  if (before.playbook != evaluation.head.playbook) before = {evaluation.head.playbook, {}, {}};
  if (evaluation.head.engine == "none") {
    calibrate_detectors(evaluation, &before.without_model);
    if (before.without_model.cases == 0) return nothing;
    return before;
  }
  if (evaluation.head.engine != "llama") return nothing;
  auto model = std::find_if(before.models.begin(), before.models.end(), [&](const Calibration::Model& each) {
    return each.sha256 == evaluation.head.model_sha256;
  });
  if (model == before.models.end()) model = before.models.insert(model, Calibration::Model{});
  calibrate_model(evaluation, &*model);
  if (model->cases == 0) return nothing;
  return before;
}

}  // namespace carrel
