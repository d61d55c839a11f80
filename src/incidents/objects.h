// Makes the objects that follow from a world: pods with their status, their owners up to the Deployment or
// CronJob, services with endpoints, nodes, namespaces, and the metrics of nodes.
#pragma once

#include "incidents/world.h"

namespace carrel::incidents {

// Adds them to `world->objects` and `world->documents`.
void make_objects(World* world);

// A listing's place, kind and API version; nullptr where there is none of that name.
struct ListKind {
  const char *place, *kind, *version;
};
const ListKind* list_kind(const std::string& place);

}  // namespace carrel::incidents
