#include "record/calibration.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "base/json_writer.h"
#include "base/read_value.h"
#include "base/text.h"
#include "record/limits.h"

namespace carrel {
namespace {

constexpr int calibration_version = 1;
constexpr std::int64_t most_cases = 100'000'000;
constexpr std::size_t most_entries = 4096;
// So many cases of a kind count as much as what holds of its neighbours.
constexpr double neighbours = 4;
// Fewer checks of guesses say little about what the next ones earn.
constexpr std::uint32_t least_checks = 100;

double drawn(const Calibration::Count& count, double towards) {
  return (count.right + neighbours * towards) / (count.cases + neighbours);
}

// Laplace's rule of succession: no share is 0 or 1 for ever.
double smoothed(const Calibration::Count& count) {
  return (count.right + 1.0) / (count.cases + 2.0);
}

const Calibration::Model* model_of(const Calibration& calibration, const std::string& sha256) {
  const auto found = std::find_if(calibration.models.begin(), calibration.models.end(),
                                  [&](const Calibration::Model& each) { return each.sha256 == sha256; });
  return found == calibration.models.end() ? nullptr : &*found;
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
    const Value& without = root["without_model"];
    if (without.exists()) read_without_model(without, &out.without_model);
    for (const Value& item : list(root, "models")) {
      Calibration::Model& model = out.models.emplace_back();
      model.name = item["name"].text();
      model.sha256 = text(item, "sha256");
      model.cases_sha256 = text(item, "cases_sha256");
      model.cases = whole(item, "cases");
      for (const Value& entry : list(item, "agreement"))
        model.agreement.push_back(
            {whole(entry, "agree"), whole(entry, "tries"), std::string(entry["says"].text()), count(entry)});
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
  void read_without_model(const Value& item, Calibration::WithoutModel* out) {
    out->cases_sha256 = text(item, "cases_sha256");
    out->cases = whole(item, "cases");
    for (const Value& entry : list(item, "weights")) {
      double from = -1;
      const std::string_view number = entry["from"].text();
      std::from_chars(number.data(), number.data() + number.size(), from);
      const bool follows = out->weights.empty() ? from == 0 : from > out->weights.back().from && from <= 1;
      if (!follows) mistake(entry, "\"from\" must be 0 at first, then ascend, and be at most 1");
      out->weights.push_back({from, count(entry)});
    }
    if (out->weights.empty()) mistake(item, "\"weights\" must have a step");
    const Value& detectors = item["detectors"];
    if (detectors.members.size() > most_entries) mistake(detectors, "there are too many detectors");
    for (const auto& [name, entry] : detectors.members) out->detectors[name] = count(entry);
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
  if (calibration.without_model.cases > 0) {
    json.object("without_model", [&] {
      json.text("cases_sha256", calibration.without_model.cases_sha256);
      json.count("cases", calibration.without_model.cases);
      json.list("weights", calibration.without_model.weights, [&](const Calibration::Step& step) {
        json.object([&] {
          json.number("from", step.from);
          write_count(json, step.count);
        });
      });
      json.object("detectors", [&] {
        for (const auto& [name, count] : calibration.without_model.detectors)
          json.object(name, [&, &of = count] { write_count(json, of); });
      });
    });
  }
  json.list("models", calibration.models, [&](const Calibration::Model& model) {
    json.object([&] {
      json.text("name", model.name);
      json.text("sha256", model.sha256);
      json.text("cases_sha256", model.cases_sha256);
      json.count("cases", model.cases);
      json.list("agreement", model.agreement, [&](const Calibration::Agreement& entry) {
        json.object([&] {
          json.count("agree", entry.agree);
          json.count("tries", entry.tries);
          json.text("says", entry.says);
          write_count(json, entry.count);
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

std::optional<RightRate> rate_of_finding(const Calibration& calibration, const std::string& detector,
                                         double weight) {
  const auto& known = calibration.without_model;
  if (known.weights.empty()) return std::nullopt;
  auto step = known.weights.begin();
  while (step + 1 != known.weights.end() && (step + 1)->from <= weight) ++step;
  const auto own = known.detectors.find(detector);
  const Calibration::Count count = own == known.detectors.end() ? Calibration::Count{} : own->second;
  return RightRate{drawn(count, smoothed(step->count)), count.cases};
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
  for (const Calibration::Agreement& entry : model->agreement) {
    const auto add = [&](Calibration::Count* to) {
      to->cases += entry.count.cases;
      to->right += entry.count.right;
    };
    add(&all);
    if (entry.agree != agree || entry.tries != tries) continue;
    add(&agreeing);
    if (entry.says == says) add(&saying);
  }
  return RightRate{drawn(saying, drawn(agreeing, smoothed(all))), agreeing.cases};
}

}  // namespace carrel
