// Calibration: how often answers were right on labelled cases, by what they rest on. A playbook carries it in
// calibration.json (docs/formats/calibration.md), `carrel eval --calibrate` writes it, and a report's
// confidence is looked up in it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "record/schema.h"

namespace carrel {

struct Calibration {
  struct Count {
    std::uint64_t cases = 0, right = 0;
    void add(bool was_right) {
      ++cases;
      right += was_right ? 1 : 0;
    }
  };
  // Reports that one detector decided, at one weight.
  struct Decided {
    std::string verdict, detector;  // as in the report; the detector "none" where nothing was found
    double weight = 0;              // in hundredths
    Count count;
  };
  struct Agreement {
    std::uint32_t agree = 0, tries = 0;
    std::string says;  // the model's own word
    Count count;
  };
  // What one set of labelled cases told.
  template <class Entry>
  struct Told {
    std::string cases_sha256;  // of the labels
    std::vector<Entry> entries;
  };
  // What guessing tokens ahead came to (room/engine/draft.h), at most `draft` of them a step.
  struct Drafts {
    std::uint32_t draft = 0;                  // 0: nobody tried
    std::uint32_t checks = 0;                 // steps that checked guesses
    std::uint32_t kept = 0;                   // steps that they saved
    std::uint32_t check_us = 0, step_us = 0;  // in the mean: of such a step, and of one without guesses
  };
  struct Model {
    std::string name, sha256;
    std::vector<Told<Agreement>> sets;
    Drafts drafts;
  };
  std::string playbook;  // "k8s-triage@1": of another one it says nothing
  std::vector<Told<Decided>> without_model;
  std::vector<Model> models;
};

// Puts what a set told in the place of what it told before, beside what others did.
template <class Entry>
void put(std::vector<Calibration::Told<Entry>>* sets, Calibration::Told<Entry> told) {
  const auto known = std::find_if(sets->begin(), sets->end(),
                                  [&](const auto& each) { return each.cases_sha256 == told.cases_sha256; });
  if (known == sets->end())
    sets->push_back(std::move(told));
  else
    *known = std::move(told);
}

std::string to_json(const Calibration& calibration);

// Reads it. On failure the mistakes are in `mistakes`, each with its line; the Error counts them.
Result<Calibration> parse_calibration(std::string_view text, std::vector<Mistake>* mistakes);

// How many tokens to guess ahead with this model: as many as were tried, where a hundred checks or more took
// less time than the steps that they stood for; else 0.
std::uint32_t draft_that_earns(const Calibration& calibration, const std::string& model_sha256);

// How often an answer like this was right, and on how many cases of exactly its kind that rests. Few cases
// are drawn towards what holds of their neighbours: a detector's towards that of findings about as heavy with
// the same verdict, an agreement's towards the model's in general. No heavier finding is taken to be less
// often right (pool adjacent violators; Ayer et al., 1955). Empty where there is no case to go by.
struct RightRate {
  double right = 0;
  std::uint64_t cases = 0;
  std::uint64_t neighbours = 0;  // cases of any detector at about this weight
};
std::optional<RightRate> rate_of_finding(const Calibration& calibration, const std::string& verdict,
                                         const std::string& detector, double weight);
std::optional<RightRate> rate_of_agreement(const Calibration& calibration, const std::string& model_sha256,
                                           std::uint32_t agree, std::uint32_t tries, const std::string& says);

}  // namespace carrel
