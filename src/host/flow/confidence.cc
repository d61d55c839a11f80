#include "host/flow/confidence.h"

#include <cmath>

#include <fmt/format.h>

#include "base/text.h"

namespace carrel {
namespace {

std::string cases(std::uint64_t count) {
  return count == 1 ? "1 case" : fmt::format("{} cases", count);
}

// In hundredths and never rounded up: what was right on all cases so far is not certain.
double stated(double right) {
  return std::floor(right * 100) / 100;
}

// "4 of 5 tries agree (E001 is cited by 5, E003 by 4)"
std::string agreeing(const Agreement& agreement, std::uint32_t tries) {
  std::string out = fmt::format("{} of {} tries agree", agreement.count, tries);
  if (tries < 2 || agreement.support.empty()) return out;
  std::vector<std::string> cited;
  for (const auto& [id, count] : agreement.support)
    cited.push_back(fmt::format("{} {}by {}", id, cited.empty() ? "is cited " : "", count));
  return out + fmt::format(" ({})", fmt::join(cited, ", "));
}

}  // namespace

const Calibration* own_calibration(const Playbook& playbook) {
  const Calibration* calibration = playbook.calibration.get();
  return calibration != nullptr && calibration->playbook == playbook.title() ? calibration : nullptr;
}

const char* level_of(double score) {
  if (score >= 0.75) return "high";
  return score >= 0.45 ? "medium" : "low";
}

Confidence confidence_of_finding(const Playbook& playbook, const Finding* best) {
  Confidence out;
  out.grounds.detector = best == nullptr ? "none" : best->detector;
  out.grounds.weight = best == nullptr ? 0 : best->weight;
  const std::string said = best == nullptr ? "no detector found anything" : "the detector " + best->detector;
  const Calibration* calibration = own_calibration(playbook);
  const bool unsure = best == nullptr || best->verdict == Verdict::insufficient_evidence;
  const auto rate =
      calibration == nullptr || unsure
          ? std::nullopt
          : rate_of_finding(*calibration, to_string(best->verdict), out.grounds.detector, out.grounds.weight);
  if (rate) {
    out.score = stated(rate->right);
    out.level = level_of(out.score);
    out.basis = fmt::format(
        "{}; {:.2f} of those like it were right, by {} of its own and {} about as heavy; no model was asked",
        said, out.score, cases(rate->cases), rate->neighbours);
    return out;
  }
  out.score = out.grounds.weight;
  out.level = unsure ? "low" : level_of(out.score);
  out.basis = best == nullptr ? said + "; no model was asked"
                              : said + "; its weight is not calibrated on cases, and no model was asked";
  return out;
}

Confidence confidence_of_agreement(const Playbook& playbook, const std::string& model_sha256,
                                   const Agreement& agreement, std::uint32_t tries, const std::string& says) {
  Confidence out;
  const auto agree = static_cast<std::uint32_t>(agreement.count);
  const std::string found = agreeing(agreement, tries);
  out.grounds.agree = agree;
  out.grounds.tries = tries;
  out.grounds.says = says;
  const Calibration* calibration = own_calibration(playbook);
  const auto rate = calibration == nullptr
                        ? std::nullopt
                        : rate_of_agreement(*calibration, model_sha256, agree, tries, says);
  if (rate) {
    out.score = stated(rate->right);
    out.level = level_of(out.score);
    out.basis = fmt::format("{}; {:.2f} right at this agreement on {}", found, out.score, cases(rate->cases));
    return out;
  }
  const double share = tries == 0 ? 0 : static_cast<double>(agree) / tries;
  out.score = share;
  // A model's own confidence is only a word it wrote; disagreement between tries may lower it.
  out.level = share < 0.5 ? "low" : share < 1 && says == "high" ? "medium" : says;
  out.basis = fmt::format("{}, and the model says {}; not calibrated on past cases", found, says);
  return out;
}

}  // namespace carrel
