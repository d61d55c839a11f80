// The healthy product: what runs before anything goes wrong, and what more a fault may ask for.
#pragma once

#include "incidents/world.h"

namespace carrel::incidents {

// Fills an empty world: time, versions, nodes, the product's services with what they need, and, by size, the
// components of the cluster and other tenants.
void make_product(World* world);

struct Wish {
  std::string kind = "Deployment", name, space;
  Runtime runtime = Runtime::go;
  int replicas = 2;
  bool service = true;
  std::vector<std::string> calls;
};
Workload& add_workload(World* world, const Wish& wish);

// A pod of the workload on one of the nodes, healthy.
Pod& add_pod(World* world, Workload* workload);

// Changes what a workload is written in: its image, port, and log.
void set_runtime(World* world, Workload* workload, Runtime runtime);

// A claim of that class bound to a volume, mounted by the workload's container at `folder`.
Json& add_claim(World* world, Workload* workload, const std::string& name, const std::string& folder,
                const std::string& size);

}  // namespace carrel::incidents
