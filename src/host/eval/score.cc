#include "host/eval/score.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <set>

namespace carrel {
namespace {

constexpr double z95 = 1.959964;
constexpr std::size_t bins = 10;

}  // namespace

std::pair<double, double> Share::interval() const {
  if (all == 0) return {0, 1};
  const auto n = static_cast<double>(all);
  const double p = value();
  const double square = z95 * z95;
  const double centre = (p + square / (2 * n)) / (1 + square / n);
  const double half = z95 / (1 + square / n) * std::sqrt(p * (1 - p) / n + square / (4 * n * n));
  return {std::max(0.0, centre - half), std::min(1.0, centre + half)};
}

Scores score(const std::vector<const Grade*>& grades) {
  Scores scores;
  for (const Grade* grade : grades) {
    scores.right.add(grade->right());
    scores.cause.add(grade->cause);
    scores.evidence.add(grade->evidence);
    scores.safe.add(grade->safe);
    scores.real.right += grade->real;
    scores.real.all += grade->cited;
    if (grade->no_fault) scores.no_fault.add(*grade->no_fault);
    if (grade->culprit) scores.culprit.add(*grade->culprit);
    if (grade->verdict) scores.verdict.add(*grade->verdict);
    if (grade->missing) scores.missing.add(*grade->missing);
    if (grade->checked) scores.checked.add(*grade->checked);
  }
  return scores;
}

std::vector<Group> group(const CaseSet& set, const Evaluation& evaluation) {
  const std::array<std::pair<const char*, std::string Case::*>, 4> labels = {
      {{"kind", &Case::kind},
       {"category", &Case::category},
       {"difficulty", &Case::difficulty},
       {"split", &Case::split}}};
  std::vector<Group> out;
  for (const auto& [by, member] : labels) {
    std::map<std::string, std::vector<const Grade*>> parts;
    for (const Case& label : set.cases) {
      const CaseResult* result = evaluation.find(label.id);
      if (result != nullptr && !(label.*member).empty()) parts[label.*member].push_back(&result->grade);
    }
    if (parts.size() < 2) continue;
    for (const auto& [name, grades] : parts) out.push_back({by, name, score(grades)});
  }
  return out;
}

std::vector<const Grade*> grades_of(const Evaluation& evaluation, const std::string& floor) {
  std::vector<const Grade*> grades;
  for (const CaseResult& result : evaluation.results) {
    if (floor.empty()) grades.push_back(&result.grade);
    for (const auto& [name, grade] : result.floors) {
      if (name == floor) grades.push_back(&grade);
    }
  }
  return grades;
}

std::vector<std::string> floors_of(const Evaluation& evaluation) {
  std::vector<std::string> names;
  for (const CaseResult& result : evaluation.results) {
    for (const auto& [name, grade] : result.floors) {
      if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    }
  }
  return names;
}

Calibrated calibration_of(const Evaluation& evaluation) {
  std::array<Calibrated::Bin, bins> all;
  Calibrated out;
  for (const CaseResult& result : evaluation.results) {
    if (!result.error.empty()) continue;
    const double stated = std::clamp(result.confidence, 0.0, 1.0);
    Calibrated::Bin& bin = all[std::min(static_cast<std::size_t>(stated * bins), bins - 1)];
    bin.stated += stated;
    bin.share.add(result.grade.cause);
    ++out.cases;
  }
  for (std::size_t i = 0; i < bins; ++i) {
    Calibrated::Bin& bin = all[i];
    if (bin.share.all == 0) continue;
    const auto count = static_cast<double>(bin.share.all);
    bin.from = static_cast<double>(i) / bins;
    bin.to = static_cast<double>(i + 1) / bins;
    bin.stated /= count;
    out.error += std::abs(bin.stated - bin.share.value()) * count / static_cast<double>(out.cases);
    out.bins.push_back(bin);
  }
  return out;
}

std::vector<Recall> recall_of(const Evaluation& evaluation) {
  std::vector<Recall> out;
  for (std::size_t i = 0; i < recall_budgets.size(); ++i) {
    Recall recall{recall_budgets[i], {}};
    for (const CaseResult& result : evaluation.results) {
      if (result.recall) recall.share.add((*result.recall)[i]);
    }
    out.push_back(recall);
  }
  return out;
}

}  // namespace carrel
