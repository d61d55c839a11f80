// The collection of one bundle, from the first question to the name of the file. collect.cc reads as its
// story.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "collect/cluster/cluster_tasks.h"
#include "collect/database/postgres.h"
#include "collect/delivery_options.h"
#include "collect/machine/machine.h"
#include "collect/metrics/prometheus.h"
#include "collect/out/manifest.h"
#include "collect/redaction.h"

namespace carrel {

struct CollectOptions {
  std::string out;
  bool replace = false;
  unsigned parallel = 8;
  bool cluster = true;
  ClusterOptions kubernetes;
  bool prometheus = false;
  PrometheusOptions metrics;  // its `server` is the cluster's own proxy where `metrics_in_cluster`
  bool metrics_in_cluster = false;
  bool postgres = false;
  DatabaseOptions database;
  MachineOptions machine;
  RedactionOptions redaction;
  DeliveryOptions delivery;
  std::string tool_version;
  std::vector<std::pair<std::string, std::string>>
      told;  // the options as the manifest has them: without secrets
};

struct Collected {
  Manifest manifest;
  std::uint64_t bytes = 0;         // of the files
  std::uint64_t packed_bytes = 0;  // of the bundle
};

struct CollectObserver {
  std::function<void(const std::string& stage)> stage;
  std::function<void(std::uint64_t done, std::uint64_t of, std::uint64_t bytes)> progress;
};

// Writes the bundle. Where something could not be had the manifest says why; where nothing could be had at
// all there is an Error and no bundle. An interruption leaves a bundle of what was had until then, whose
// manifest says so.
Result<Collected> collect(const CollectOptions& options, const CollectObserver& observer,
                          std::atomic<bool>& stop);

// What collect() would run and read, in order, without running any of it: each with the file that it would
// become and the reason. What depends on the cluster's answers stands in capitals: NAMESPACE, POD, CONTAINER.
std::vector<Task> planned(const CollectOptions& options);

}  // namespace carrel
