// Which other objects an object names: the ConfigMaps of a pod's volumes, the Service of an Ingress, the Role
// of a binding.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "room/inventory/inventory.h"

namespace carrel {

struct Reference {
  std::string kind;   // resource name
  std::string space;  // empty where the kind has none
  std::string name;
  const Value* from = nullptr;  // the value that names it
};

// Calls `found` for each; names are as written, empty ones are left out.
void find_references(const Object& object, const std::function<void(const Reference&)>& found);

// The pod spec inside a pod, a workload, a Job or a CronJob; the null Value elsewhere.
const Value& pod_spec(const Object& object);

}  // namespace carrel
