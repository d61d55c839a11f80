// Makes labelled incidents: a world, its fault, the files and the case (docs/formats/case.md).
#pragma once

#include <cstdint>
#include <string>

#include "incidents/bundle.h"
#include "incidents/kind.h"

namespace carrel::incidents {

struct Case {
  std::string id;
  Json label;  // as cases.json has it
  Bundle bundle;
  Millis at = 0;                        // when the bundle was collected
  std::vector<Scene::Offered> offered;  // the phrases it was chosen from
};

// The same kind, split and seed give the same case, byte for byte.
Case make_case(const Kind& kind, Split split, std::uint64_t seed, const std::string& id);

// Case `index` of a set: its kind (all kinds of the split take turns, in an order that the seed decides) and
// its own seed.
struct Draw {
  const Kind* kind = nullptr;
  std::uint64_t seed = 0;
};
Draw draw_case(Split split, std::uint64_t seed, std::size_t index);

}  // namespace carrel::incidents
