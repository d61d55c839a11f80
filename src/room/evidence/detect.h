// Structural detectors: what is wrong with the objects of an inventory, found by joining them. Each detector
// is a plain function over the inventory that reports findings; the list of them is in detectors.cc.
#pragma once

#include <string>
#include <vector>

#include "record/evidence.h"
#include "room/evidence/listening.h"
#include "room/inventory/inventory.h"

namespace carrel {

// A finding whose lines are not yet in a list: places in documents of the inventory.
struct Observation {
  std::string detector;
  Verdict verdict = Verdict::fault;
  std::string cause;
  double strength = 0;              // how much it says by itself
  double weight = 0;                // and for what is asked
  std::vector<EvidenceLine> lines;  // the deciding one first
  std::vector<Searched> searched;
  std::vector<Command> commands;
  std::vector<std::string> missing;
  Name culprit;
  Name makes;  // the Secret that is missing for as long as this fails
};

// Runs every detector; the order is that of the detectors, ranking is the caller's. Deterministic.
std::vector<Observation> detect(const Inventory& inventory, const std::string& question,
                                const ListeningPorts& listening = {});

}  // namespace carrel
