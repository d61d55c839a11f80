#include "incidents/world.h"

#include <algorithm>
#include <set>

namespace carrel::incidents {

Json& Node::condition(const std::string& type) {
  for (Json& one : conditions.items()) {
    if (one["type"].text() == type) return one;
  }
  return conditions.add(Json::object({{"type", type}, {"status", "False"}}));
}

Workload* World::find(const std::string& name) {
  const auto found =
      std::find_if(workloads.begin(), workloads.end(), [&](const Workload& one) { return one.name == name; });
  return found == workloads.end() ? nullptr : &*found;
}

Json& World::put(const std::string& place, const std::string& of_space, Json object) {
  return objects[{place, of_space}].emplace_back(std::move(object));
}

Json* World::object(const std::string& place, const std::string& of_space, const std::string& name) {
  for (Json& one : objects[{place, of_space}]) {
    if (one["metadata"]["name"].text() == name) return &one;
  }
  return nullptr;
}

std::vector<std::string> World::spaces() const {
  std::set<std::string> all = {"default", space};
  for (const Workload& workload : workloads) all.insert(workload.space);
  for (const auto& [place, items] : objects) {
    if (!place.second.empty()) all.insert(place.second);
  }
  return {all.begin(), all.end()};
}

Json metadata(World* world, const std::string& name, const std::string& space, Millis created) {
  Json made = Json::object({{"name", name}});
  if (!space.empty()) made["namespace"] = space;
  made["uid"] = world->random.uid();
  made["resourceVersion"] = std::to_string(40000000 + world->random.below(9000000));
  made["creationTimestamp"] = rfc3339(created);
  return made;
}

}  // namespace carrel::incidents
