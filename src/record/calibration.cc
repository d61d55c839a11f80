#include "record/calibration.h"

#include <charconv>
#include <map>

#include <fmt/format.h>

#include "base/json_writer.h"
#include "base/read_value.h"
#include "base/text.h"
#include "record/limits.h"

namespace carrel {
namespace {

constexpr int calibration_version = 2;
constexpr std::int64_t most_cases = 100'000'000;
constexpr std::size_t most_entries = 4096;
// So many cases of a kind count as much as what holds of its neighbours.
constexpr double neighbours = 4;
// Steps of fewer cases say little; they join the one below.
constexpr std::uint64_t least_cases = 10;
// Fewer checks of guesses say little about what the next ones earn.
constexpr std::uint32_t least_checks = 100;

double drawn(const Calibration::Count& count, double towards) {
  return (static_cast<double>(count.right) + neighbours * towards) /
         (static_cast<double>(count.cases) + neighbours);
}

// Laplace's rule of succession: no share is 0 or 1 for ever.
double smoothed(const Calibration::Count& count) {
  return (static_cast<double>(count.right) + 1) / (static_cast<double>(count.cases) + 2);
}

const Calibration::Model* model_of(const Calibration& calibration, const std::string& sha256) {
  const auto found = std::find_if(calibration.models.begin(), calibration.models.end(),
                                  [&](const Calibration::Model& each) { return each.sha256 == sha256; });
  return found == calibration.models.end() ? nullptr : &*found;
}

double share(const Calibration::Count& count) {
  return static_cast<double>(count.right) / static_cast<double>(count.cases);
}

void add(const Calibration::Count& count, Calibration::Count* to) {
  to->cases += count.cases;
  to->right += count.right;
}

// Of findings whose weight is at least `from` and below the next step's.
struct Step {
  double from = 0;
  Calibration::Count count;
};

std::vector<Step> isotonic(const std::map<double, Calibration::Count>& by_weight) {
  std::vector<Step> steps;
  const auto join = [&] {
    add(steps.back().count, &steps[steps.size() - 2].count);
    steps.pop_back();
  };
  for (const auto& [weight, count] : by_weight) {
    steps.push_back({weight, count});
    while (steps.size() > 1) {
      const Calibration::Count& below = steps[steps.size() - 2].count;
      if (share(below) < share(steps.back().count) && below.cases >= least_cases) break;
      join();
    }
  }
  // The last one has nothing above that would have made it grow.
  if (steps.size() > 1 && steps.back().count.cases < least_cases) join();
  return steps;
}

void write_count(JsonPage& json, const Calibration::Count& count) {
  json.count("cases", count.cases);
  json.count("right", count.right);
}

class CalibrationReader {
 public:
  explicit CalibrationReader(std::vector<Mistake>* mistakes) : mistakes_(mistakes) {}

  Calibration read(const Value& root) {
    Calibration out;
    if (root["calibration"].integer() != calibration_version)
      mistake(root, fmt::format("\"calibration\" must be {}", calibration_version));
    out.playbook = text(root, "playbook");
    for (const Value& item : list(root, "without_model")) {
      auto& told = out.without_model.emplace_back();
      told.cases_sha256 = text(item, "cases_sha256");
      for (const Value& entry : list(item, "findings")) told.entries.push_back(decided(entry));
    }
    for (const Value& item : list(root, "models")) {
      Calibration::Model& model = out.models.emplace_back();
      model.name = item["name"].text();
      model.sha256 = text(item, "sha256");
      for (const Value& set : list(item, "sets")) {
        auto& told = model.sets.emplace_back();
        told.cases_sha256 = text(set, "cases_sha256");
        for (const Value& entry : list(set, "agreement"))
          told.entries.push_back({whole(entry, "agree"), whole(entry, "tries"),
                                  std::string(entry["says"].text()), count(entry)});
      }
      if (const Value& drafts = item["drafts"]; drafts.exists()) {
        model.drafts = {whole(drafts, "draft"), whole(drafts, "checks"), whole(drafts, "kept"),
                        whole(drafts, "check_us"), whole(drafts, "step_us")};
        if (model.drafts.draft > limit::draft)
          mistake(drafts, fmt::format("\"draft\" must be at most {}", limit::draft));
      }
    }
    return out;
  }

 private:
  Calibration::Decided decided(const Value& entry) {
    double weight = -1;
    const std::string_view number = entry["weight"].text();
    std::from_chars(number.data(), number.data() + number.size(), weight);
    if (!(weight >= 0 && weight <= 1)) mistake(entry, "\"weight\" must be from 0 to 1");
    Calibration::Decided out{text(entry, "verdict"), text(entry, "detector"), weight, count(entry)};
    if (out.count.cases == 0) mistake(entry, "there must be a case");
    return out;
  }

  const Sequence<Value>& list(const Value& item, const char* name) {
    if (item[name].items.size() > most_entries)
      mistake(item[name], fmt::format("\"{}\" has too many entries", name));
    return item[name].items;
  }
  std::string text(const Value& item, const char* name) {
    std::string value(item[name].text());
    if (value.empty() || value.size() > limit::name)
      mistake(item, fmt::format("\"{}\" must be a text of 1 to {} bytes", name, limit::name));
    return value;
  }
  std::uint32_t whole(const Value& item, const char* name) {
    const auto number = item[name].integer();
    if (number && *number >= 0 && *number <= most_cases) return static_cast<std::uint32_t>(*number);
    mistake(item, fmt::format("\"{}\" must be a whole number from 0 to {}", name, most_cases));
    return 0;
  }
  Calibration::Count count(const Value& item) {
    const Calibration::Count count{whole(item, "cases"), whole(item, "right")};
    if (count.right > count.cases) mistake(item, "more were right than there are cases");
    return count;
  }
  void mistake(const Value& at, std::string what) {
    mistakes_->push_back({std::max(1U, at.line), 1, std::move(what)});
  }

  std::vector<Mistake>* mistakes_;
};

}  // namespace

std::string to_json(const Calibration& calibration) {
  JsonPage json;
  json.count("calibration", calibration_version);
  json.text("playbook", calibration.playbook);
  json.list("without_model", calibration.without_model, [&](const auto& told) {
    json.object([&] {
      json.text("cases_sha256", told.cases_sha256);
      json.list("findings", told.entries, [&](const Calibration::Decided& entry) {
        json.object([&] {
          json.text("verdict", entry.verdict);
          json.text("detector", entry.detector);
          json.number("weight", entry.weight);
          write_count(json, entry.count);
        });
      });
    });
  });
  json.list("models", calibration.models, [&](const Calibration::Model& model) {
    json.object([&] {
      json.text("name", model.name);
      json.text("sha256", model.sha256);
      json.list("sets", model.sets, [&](const auto& told) {
        json.object([&] {
          json.text("cases_sha256", told.cases_sha256);
          json.list("agreement", told.entries, [&](const Calibration::Agreement& entry) {
            json.object([&] {
              json.count("agree", entry.agree);
              json.count("tries", entry.tries);
              json.text("says", entry.says);
              write_count(json, entry.count);
            });
          });
        });
      });
      if (model.drafts.draft == 0) return;
      json.object("drafts", [&] {
        json.count("draft", model.drafts.draft);
        json.count("checks", model.drafts.checks);
        json.count("kept", model.drafts.kept);
        json.count("check_us", model.drafts.check_us);
        json.count("step_us", model.drafts.step_us);
      });
    });
  });
  return json.finish();
}

Result<Calibration> parse_calibration(std::string_view text, std::vector<Mistake>* mistakes) {
  auto root = read_json(text);
  if (!root) {
    mistakes->push_back({1, 1, root.error().what});
    return root.error();
  }
  Calibration out = CalibrationReader(mistakes).read(*root);
  if (!mistakes->empty())
    return Error{Code::bad_input, fmt::format("the calibration has {} mistakes", mistakes->size()), ""};
  return out;
}

std::optional<RightRate> rate_of_finding(const Calibration& calibration, const std::string& verdict,
                                         const std::string& detector, double weight) {
  std::map<double, Calibration::Count> by_weight;
  Calibration::Count own;
  for (const auto& told : calibration.without_model) {
    for (const Calibration::Decided& entry : told.entries) {
      if (entry.verdict != verdict) continue;
      add(entry.count, &by_weight[entry.weight]);
      if (entry.detector == detector) add(entry.count, &own);
    }
  }
  if (by_weight.empty()) return std::nullopt;
  const std::vector<Step> steps = isotonic(by_weight);
  auto step = steps.begin();
  while (step + 1 != steps.end() && (step + 1)->from <= weight) ++step;
  return RightRate{drawn(own, smoothed(step->count)), own.cases, step->count.cases};
}

std::uint32_t draft_that_earns(const Calibration& calibration, const std::string& model_sha256) {
  const Calibration::Model* model = model_of(calibration, model_sha256);
  if (model == nullptr || model->drafts.checks < least_checks) return 0;
  const Calibration::Drafts& drafts = model->drafts;
  const double with = static_cast<double>(drafts.checks) * drafts.check_us;
  const double without = (static_cast<double>(drafts.checks) + drafts.kept) * drafts.step_us;
  return with < without ? drafts.draft : 0;
}

std::optional<RightRate> rate_of_agreement(const Calibration& calibration, const std::string& model_sha256,
                                           std::uint32_t agree, std::uint32_t tries,
                                           const std::string& says) {
  const Calibration::Model* model = model_of(calibration, model_sha256);
  if (model == nullptr) return std::nullopt;
  Calibration::Count all, agreeing, saying;
  for (const auto& told : model->sets) {
    for (const Calibration::Agreement& entry : told.entries) {
      add(entry.count, &all);
      if (entry.agree != agree || entry.tries != tries) continue;
      add(entry.count, &agreeing);
      if (entry.says == says) add(entry.count, &saying);
    }
  }
  return RightRate{drawn(saying, drawn(agreeing, smoothed(all))), agreeing.cases, all.cases};
}

}  // namespace carrel
