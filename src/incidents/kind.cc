#include "incidents/kind.h"

#include <algorithm>

namespace carrel::incidents {

const Kinds& all_kinds() {
  static const Kinds all = [] {
    Kinds joined;
    for (auto* of_group :
         {crash_kinds, start_kinds, memory_kinds, node_kinds, image_kinds, scheduling_kinds, volume_kinds,
          probe_kinds, network_kinds, traffic_kinds, access_kinds, capacity_kinds, workload_kinds,
          control_plane_kinds, database_kinds, messaging_kinds, outside_kinds, whole_kinds}) {
      Kinds some = of_group();
      joined.insert(joined.end(), std::make_move_iterator(some.begin()), std::make_move_iterator(some.end()));
    }
    return joined;
  }();
  return all;
}

const Kind* find_kind(const std::string& id) {
  const auto found =
      std::find_if(all_kinds().begin(), all_kinds().end(), [&](const Kind& one) { return one.id == id; });
  return found == all_kinds().end() ? nullptr : &*found;
}

std::vector<const Kind*> kinds_of(Split split) {
  std::vector<const Kind*> some;
  for (const Kind& kind : all_kinds()) {
    if (kind.held_out == (split == Split::unknown)) some.push_back(&kind);
  }
  return some;
}

}  // namespace carrel::incidents
