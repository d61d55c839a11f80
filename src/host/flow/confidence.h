// How sure a report is, and on what that rests: looked up in the playbook's calibration
// (record/calibration.h) where it has one of its own, else the detectors' weight or the share of tries that
// agree, said to be uncalibrated.
#pragma once

#include <cstdint>
#include <string>

#include "host/playbook/playbook.h"
#include "record/agreement.h"
#include "record/report.h"

namespace carrel {

// The playbook's own calibration; null where it has none, or one of another version of it.
const Calibration* own_calibration(const Playbook& playbook);

// "high" from 0.75, "medium" from 0.45, else "low".
const char* level_of(double score);

// Of the detectors' best finding; null where they found nothing.
Confidence confidence_of_finding(const Playbook& playbook, const Finding* best);

// Of a model's so many tries, which agree as told. `says` is the chosen one's own word.
Confidence confidence_of_agreement(const Playbook& playbook, const std::string& model_sha256,
                                   const Agreement& agreement, std::uint32_t tries, const std::string& says);

}  // namespace carrel
