// The kinds of fault the maker knows. A kind is one function that changes a healthy world and labels what it
// did, in the file of its group; adding one is a function and its line in the list at the end of that file.
#pragma once

#include <string>
#include <vector>

#include "incidents/scene.h"

namespace carrel::incidents {

struct Kind {
  std::string id;       // "claim-class-missing"
  std::string group;    // the category of its cases
  std::string summary;  // one line for people
  void (*make)(Scene&);
  bool held_out = false;  // in neither training nor the test of known kinds
};

using Kinds = std::vector<Kind>;

Kinds crash_kinds();          // kinds_crash.cc
Kinds start_kinds();          // kinds_start.cc
Kinds memory_kinds();         // kinds_memory.cc
Kinds node_kinds();           // kinds_node.cc
Kinds image_kinds();          // kinds_image.cc
Kinds scheduling_kinds();     // kinds_scheduling.cc
Kinds volume_kinds();         // kinds_volume.cc
Kinds probe_kinds();          // kinds_probe.cc
Kinds network_kinds();        // kinds_network.cc
Kinds traffic_kinds();        // kinds_traffic.cc
Kinds access_kinds();         // kinds_access.cc
Kinds capacity_kinds();       // kinds_capacity.cc
Kinds workload_kinds();       // kinds_workload.cc
Kinds control_plane_kinds();  // kinds_control_plane.cc
Kinds database_kinds();       // kinds_database.cc
Kinds messaging_kinds();      // kinds_messaging.cc
Kinds outside_kinds();        // kinds_outside.cc
Kinds whole_kinds();          // kinds_whole.cc

const Kinds& all_kinds();
const Kind* find_kind(const std::string& id);
// The kinds of a split: those held out in `unknown`, the others in both train and test.
std::vector<const Kind*> kinds_of(Split split);

}  // namespace carrel::incidents
